//! One code at every surface at which the reference has seen it: page, redirect, `prompt=none` and token endpoint, v1 and
//! v2.

use serde_json::{Value, json};

use crate::support::*;

const SEVERAL: &str = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation \
                       api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read";
const NO_SCOPE: &str = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/Nothing.There";
const MIXED: &str = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/.default User.Read";

/// Browsers stay signed in, and the client may have tokens from the authorize endpoint.
fn silent(more: Value) -> Value {
    let mut world = changed(json!({"single_sign_on": true, "apps": {"client": {"implicit": {"access_tokens": true}}}}));
    merge(&mut world, more);
    world
}

/// What an authorize request brings after megan has signed in for something else.
fn without_a_page(lab: &Lab, path: &str, parameters: &[(&str, &str)]) -> Seen {
    let mut browser = Browser::new(lab);
    browser.open(V2_AUTHORIZE, &v2("api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read"));
    let signed_in = browser.sign_in("megan@contoso.com", PASSWORD);
    assert!(returned(&signed_in, "code").is_some(), "{}", signed_in.body);
    browser.open(path, &with(parameters, "prompt", "none"))
}

#[track_caller]
fn is_redirect(seen: &Seen, code: u32, error: &str, has_lookup: bool) {
    let back = (seen.status.as_u16(), seen.aadsts(), returned(seen, "error"));
    assert_eq!(back, (302, Some(code), Some(error.to_owned())), "{}", seen.body);
    let uri = has_lookup.then(|| format!("https://login.microsoftonline.com/error?code={code}"));
    assert_eq!((returned(seen, "error_uri"), returned(seen, "state").is_some()), (uri, true));
}

#[track_caller]
fn is_json(seen: &Seen, code: u32, error: &str, suberror: Option<&str>, has_lookup: bool) {
    assert_eq!((seen.status.as_u16(), seen.aadsts()), (400, Some(code)), "{}", seen.body);
    let body = seen.json();
    assert_eq!((body["error"].as_str(), body["suberror"].as_str()), (Some(error), suberror));
    assert_eq!(body.get("error_uri").is_some(), has_lookup, "{body}");
}

#[test]
fn missing_consent_at_both_token_endpoints_and_without_a_page() {
    let without = json!({"consents": {"client-on-server": null}});
    let lab = Lab::of(silent(without.clone()));
    is_redirect(&without_a_page(&lab, V2_AUTHORIZE, &v2(DEFAULT)), 65_001, "consent_required", true);
    is_redirect(&without_a_page(&lab, V1_AUTHORIZE, &v1()), 65_001, "consent_required", true);
    for (authorize, token, parameters) in [(V2_AUTHORIZE, V2_TOKEN, v2(DEFAULT)), (V1_AUTHORIZE, V1_TOKEN, v1())] {
        let lab = Lab::new();
        let code = lab.code(authorize, &parameters);
        lab.replace(changed(without.clone()));
        is_json(&lab.post(token, &form(&redeem(&code))), 65_001, "invalid_grant", Some("consent_required"), true);
    }
}

/// The page of a device is the only one: elsewhere the redirect URI is trusted, and has the answer.
#[test]
fn a_scope_that_is_not_there_by_redirect_without_a_page_on_a_page_and_in_json() {
    let lab = Lab::of(silent(json!({"apps": {"client": {"allow_public_client": true}}})));
    let authorize = format!("/{TENANT}/oauth2/v2.0/authorize");
    is_redirect(&lab.authorize(&authorize, &v2(NO_SCOPE)), 650_053, "invalid_client", false);
    is_redirect(&without_a_page(&lab, V2_AUTHORIZE, &v2(NO_SCOPE)), 650_053, "invalid_client", false);
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let seen = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "scope", NO_SCOPE)));
    is_json(&seen, 650_053, "invalid_scope", None, false);

    let device = [("client_id", CLIENT), ("scope", NO_SCOPE)];
    let answer = lab.post("/common/oauth2/v2.0/devicecode", &form(&device)).json();
    let mut browser = Browser::new(&lab);
    browser.send(post("/common/oauth2/deviceauth", &form(&[("otc", answer["user_code"].as_str().unwrap())])));
    let page = browser.sign_in("megan@contoso.com", PASSWORD);
    assert_eq!((page.status.as_u16(), page.aadsts(), page.location()), (200, Some(650_053), None), "{}", page.body);
}

#[test]
fn a_scope_text_that_is_none_by_redirect_without_a_page_and_in_json() {
    let lab = Lab::of(silent(json!({})));
    is_redirect(&lab.authorize(V2_AUTHORIZE, &v2(MIXED)), 70_011, "invalid_scope", true);
    is_redirect(&without_a_page(&lab, V2_AUTHORIZE, &v2(MIXED)), 70_011, "invalid_scope", true);
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    is_json(&lab.post(V2_TOKEN, &form(&with(&redeem(&code), "scope", MIXED))), 70_011, "invalid_scope", None, true);
}

/// A code is good for several resources, one after the other; a token is of one.
#[test]
fn scopes_of_several_resources_by_redirect_without_a_page_and_in_json() {
    let lab = Lab::of(silent(json!({})));
    let for_token = with(&with(&v2(SEVERAL), "response_type", "token"), "nonce", "n");
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &for_token);
    is_redirect(&browser.sign_in("megan@contoso.com", PASSWORD), 28_000, "invalid_scope", true);
    is_redirect(&without_a_page(&lab, V2_AUTHORIZE, &for_token), 28_000, "invalid_scope", true);
    let code = lab.code(V2_AUTHORIZE, &v2(SEVERAL));
    is_json(&lab.post(V2_TOKEN, &form(&with(&redeem(&code), "scope", SEVERAL))), 28_000, "invalid_scope", None, true);
}
