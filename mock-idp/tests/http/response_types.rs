//! What the authorize endpoint gives, and how it travels.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::causes::authorize::implicit;
use crate::support::*;

const BY_NAME: &str = "openid profile api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation";

fn hybrid(response_type: &'static str) -> Vec<(&'static str, &'static str)> {
    with(&with(&v2(BY_NAME), "response_type", response_type), "nonce", "n-0S6")
}

fn answer(lab: &Lab, path: &str, parameters: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut browser = Browser::new(lab);
    browser.open(path, parameters);
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    let location = seen.location().unwrap_or_else(|| panic!("{}", seen.body));
    let (before, fragment) = location.split_once('#').unwrap();
    assert_eq!(before, REDIRECT, "nothing in the query");
    url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect()
}

fn names(answer: &[(String, String)]) -> Vec<&str> {
    answer.iter().map(|(name, _)| name.as_str()).collect()
}

fn value<'a>(answer: &'a [(String, String)], name: &str) -> &'a str {
    &answer.iter().find(|(key, _)| key == name).unwrap_or_else(|| panic!("no {name}")).1
}

fn left_half(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..16])
}

#[test]
fn each_response_type_gives_what_it_names_in_the_fragment_in_entras_order() {
    let lab = Lab::of(implicit());
    let expected: [(&str, &[&str]); 6] = [
        ("id_token", &["id_token", "state", "session_state"]),
        ("code id_token", &["code", "id_token", "state", "session_state"]),
        ("id_token code", &["code", "id_token", "state", "session_state"]),
        ("token", &["access_token", "token_type", "expires_in", "scope", "state", "session_state"]),
        (
            "id_token token",
            &["id_token", "access_token", "token_type", "expires_in", "scope", "state", "session_state"],
        ),
        (
            "token id_token",
            &["id_token", "access_token", "token_type", "expires_in", "scope", "state", "session_state"],
        ),
    ];
    for (response_type, members) in expected {
        assert_eq!(names(&answer(&lab, V2_AUTHORIZE, &hybrid(response_type))), members, "{response_type}");
    }
}

#[test]
fn an_id_token_is_bound_to_what_travels_beside_it() {
    let lab = Lab::of(implicit());
    let both = answer(&lab, V2_AUTHORIZE, &hybrid("code id_token"));
    let id_token = claims(value(&both, "id_token"));
    assert_eq!(id_token["c_hash"], left_half(value(&both, "code")));
    assert_eq!(
        (&id_token["nonce"], &id_token["aud"], &id_token["ver"]),
        (&json!("n-0S6"), &json!(CLIENT), &json!("2.0"))
    );
    assert_eq!((id_token.get("at_hash"), &id_token["sid"]), (None, &json!(value(&both, "session_state"))));
    let implicit = answer(&lab, V2_AUTHORIZE, &hybrid("id_token token"));
    let id_token = claims(value(&implicit, "id_token"));
    assert_eq!(id_token["at_hash"], left_half(value(&implicit, "access_token")));
    assert_eq!(id_token.get("c_hash"), None);
    let access_token = claims(value(&implicit, "access_token"));
    assert_eq!((&access_token["scp"], &access_token["aud"]), (&json!("user_impersonation"), &json!(SERVER_URI)));
    assert_eq!(value(&implicit, "scope"), format!("{SERVER_URI}/user_impersonation openid profile"));
    assert_eq!((value(&implicit, "token_type"), value(&implicit, "expires_in")), ("Bearer", "3599"));
    // the token endpoint's id token is bound to nothing
    let body = lab.post(V2_TOKEN, &form(&redeem(value(&both, "code")))).json();
    let id_token = claims(body["id_token"].as_str().unwrap());
    assert_eq!((id_token.get("c_hash"), id_token.get("at_hash"), &id_token["nonce"]), (None, None, &json!("n-0S6")));
}

/// The example of OpenID Connect Core §A.3 for `c_hash` in a hybrid answer.
#[test]
fn the_hash_is_the_left_half_as_in_the_standards_own_example() {
    assert_eq!(left_half("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"), "LDktKdoQak3Pk0cnXxCltA");
    assert_eq!(left_half("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
}

#[test]
fn on_v1_an_id_token_needs_no_resource() {
    let lab = Lab::of(implicit());
    let sign_in = with(&with(&with(&v1(), "response_type", "id_token"), "resource", ""), "scope", "openid");
    let answered = answer(&lab, V1_AUTHORIZE, &with(&sign_in, "nonce", "n"));
    assert_eq!(names(&answered), ["id_token", "state", "session_state"]);
    let id_token = claims(value(&answered, "id_token"));
    assert_eq!(
        (&id_token["ver"], &id_token["iss"]),
        (&json!("1.0"), &json!(format!("https://sts.windows.net/{TENANT}/")))
    );
    let token = answer(&lab, V1_AUTHORIZE, &with(&v1(), "response_type", "token"));
    assert_eq!(names(&token), ["access_token", "token_type", "expires_in", "state", "session_state"]);
    assert_eq!(claims(value(&token, "access_token"))["aud"], SERVER_URI);
}

#[test]
fn tokens_may_be_posted_and_never_travel_in_a_query() {
    let lab = Lab::of(implicit());
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &with(&hybrid("code id_token"), "response_mode", "form_post"));
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    assert_eq!((seen.status.as_u16(), seen.location()), (200, None));
    let posted = browser.form_of("idSIButton9").fields;
    assert_eq!(claims(&posted["id_token"])["c_hash"], left_half(&posted["code"]));
    let seen = lab.authorize(V2_AUTHORIZE, &with(&hybrid("code id_token"), "response_mode", "query"));
    assert_eq!(seen.aadsts(), Some(70_007));
    assert!(seen.location().unwrap().starts_with(&format!("{REDIRECT}#error=invalid_request&")));
}

#[test]
fn a_single_page_application_without_a_code_needs_no_pkce() {
    let lab = Lab::of(implicit());
    let spa = with(&hybrid("id_token token"), "redirect_uri", SPA);
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &spa);
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    assert!(seen.location().unwrap().starts_with("https://spa.example/#id_token="), "{}", seen.body);
    assert_eq!(lab.authorize(V2_AUTHORIZE, &with(&spa, "response_type", "code id_token")).aadsts(), Some(9_002_325));
}

#[test]
fn an_answer_names_its_cloud_only_where_that_is_asked_for() {
    let lab = Lab::of(implicit());
    let aware = with(&with(&hybrid("code id_token"), "instance_aware", "true"), "client_info", "1");
    let answered = answer(&lab, V2_AUTHORIZE, &aware);
    let cloud = ["cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host"];
    let expected = [&["code", "id_token"][..], &cloud, &["client_info", "state", "session_state"]].concat();
    assert_eq!(names(&answered), expected);
    assert_eq!(value(&answered, "cloud_instance_host_name"), "login.microsoftonline.com");
    let silent = with(&hybrid("code id_token"), "instance_aware", "false");
    assert_eq!(names(&answer(&lab, V2_AUTHORIZE, &silent)), ["code", "id_token", "state", "session_state"]);
}

#[test]
fn each_kind_of_token_is_allowed_by_a_setting_of_its_own() {
    let only = |implicit| Lab::of(changed(json!({"apps": {"client": {"implicit": implicit}}})));
    let ids = only(json!({"id_tokens": true}));
    assert_eq!(ids.authorize(V2_AUTHORIZE, &hybrid("id_token token")).aadsts(), Some(700_051));
    assert!(ids.authorize(V2_AUTHORIZE, &hybrid("id_token")).body.contains("i0116"));
    let accesses = only(json!({"access_tokens": true}));
    let refused = accesses.authorize(V2_AUTHORIZE, &hybrid("id_token token"));
    assert_eq!(refused.aadsts(), Some(700_054));
    assert!(refused.location().unwrap().contains("#error=unsupported_response_type&"), "tokens were asked for");
    let fix = refused.checks.refusal().unwrap().fix.clone().unwrap();
    assert!(fix.contains("idp.apps.client.implicit.id_tokens (portal: App registrations > copilot-studio-client > Authentication > Implicit grant and hybrid flows > ID tokens): true"), "{fix}");
}
