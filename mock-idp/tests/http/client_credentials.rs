//! Tokens for an application itself (client_credentials).

use serde_json::{Value, json};

use crate::support::*;

const MODERN_DEFAULT: &str = "api://3f8a1c2e-0000-4000-8000-000000000002/.default";

fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn asked(lab: &Lab, path: &str, parameters: &[(&str, &str)]) -> Value {
    let seen = lab.post(path, &form(parameters));
    assert_eq!(seen.status, 200, "{}", seen.body);
    seen.json()
}

/// The header and the claims of an access token.
fn read(answer: &Value) -> (Value, Value) {
    let token = wire::access_token::read_unverified(answer["access_token"].as_str().unwrap()).unwrap();
    (token.header.into(), token.claims.into())
}

/// Captured at a real tenant in August 2026: the body, the header and the names of the claims of a v2 token.
#[test]
fn an_application_gets_exactly_what_was_captured() {
    let body = asked(&Lab::new(), TENANT_TOKEN, &for_itself(MODERN_DEFAULT));
    assert_eq!(names(&body), ["token_type", "expires_in", "ext_expires_in", "access_token"]);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3599)));
    assert_eq!(body["ext_expires_in"], body["expires_in"]);
    let (header, claims) = read(&body);
    let mut header_names = names(&header);
    header_names.sort_unstable();
    assert_eq!(header_names, ["alg", "kid", "typ"]);
    let mut claim_names = names(&claims);
    claim_names.sort_unstable();
    let captured =
        ["aio", "aud", "azp", "azpacr", "exp", "iat", "iss", "nbf", "oid", "rh", "sub", "tid", "uti", "ver", "xms_ftd"];
    assert_eq!(claim_names, captured);
    assert_eq!(claims["ver"], "2.0");
    assert_eq!(claims["iss"], format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    assert_eq!((&claims["aud"], &claims["tid"]), (&json!(MODERN), &json!(TENANT)));
    assert_eq!((&claims["azp"], &claims["azpacr"]), (&json!(CLIENT), &json!("1")));
    assert_eq!(claims["sub"], claims["oid"]);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3900);
}

#[test]
fn on_v1_everything_is_a_string_and_the_token_names_its_identity_provider() {
    let mut parameters = with(&for_itself(""), "scope", "");
    parameters.push(("resource", SERVER_URI));
    let body = asked(&Lab::new(), TENANT_V1_TOKEN, &parameters);
    let expected =
        ["token_type", "expires_in", "ext_expires_in", "expires_on", "not_before", "resource", "access_token"];
    assert_eq!(names(&body), expected);
    assert!(body.as_object().unwrap().values().all(Value::is_string), "{body}");
    let (_, claims) = read(&body);
    assert_eq!((&claims["aud"], &claims["ver"]), (&json!(SERVER_URI), &json!("1.0")));
    assert_eq!((&claims["appid"], &claims["appidacr"]), (&json!(CLIENT), &json!("1")));
    assert_eq!(claims["idp"], format!("https://sts.windows.net/{TENANT}/"));
    for absent in ["scp", "upn", "name", "amr", "acr", "unique_name", "sid"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
}

#[test]
fn atk_b18_an_application_gets_no_refresh_token_no_id_token_and_no_scopes() {
    let lab = Lab::new();
    let parameters = with(&for_itself(MODERN_DEFAULT), "client_info", "1");
    let body = asked(&lab, TENANT_TOKEN, &parameters);
    for absent in ["refresh_token", "id_token", "scope", "client_info"] {
        assert_eq!(body.get(absent), None, "{absent}");
    }
    assert_eq!(read(&body).1.get("scp"), None);
    let with_oidc = format!("{MODERN_DEFAULT} offline_access");
    for scope in [&with_oidc, "openid", "User.Read", "api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read", " "] {
        let seen = lab.post(TENANT_TOKEN, &form(&for_itself(scope)));
        assert_eq!((seen.aadsts(), seen.json()["error"].as_str()), (Some(1_002_012), Some("invalid_scope")), "{scope}");
    }
}

#[test]
fn the_subject_is_the_service_principal_which_is_another_in_every_tenant() {
    let everywhere = json!({"apps": {"client": {"service_principals": ["contoso", "fabrikam"]}}});
    let lab = Lab::of(changed(everywhere));
    let graph = for_itself("https://graph.microsoft.com/.default");
    let subject = |tenant: &str| {
        let (_, claims) = read(&asked(&lab, &format!("/{tenant}/oauth2/v2.0/token"), &graph));
        assert_eq!((&claims["tid"], &claims["idtyp"]), (&json!(tenant), &json!("app")));
        claims["oid"].as_str().unwrap().to_owned()
    };
    assert_eq!(subject(TENANT), subject(TENANT));
    assert_ne!(subject(TENANT), subject(OTHER_TENANT));
    let id = "5e41c0de-0000-4000-8000-000000000001";
    lab.replace(changed(json!({"apps": {"client": {"service_principal_ids": {"contoso": id}}}})));
    assert_eq!(subject(TENANT), id);
}

/// A first consent makes the service principal.
#[test]
fn a_consent_in_another_tenant_lets_the_application_in_there() {
    let lab = Lab::of(changed(json!({"apps": {"modern": {
        "audience": "AzureADMultipleOrgs", "service_principals": ["contoso", "fabrikam"],
    }}})));
    let path = format!("/{OTHER_TENANT}/oauth2/v2.0/token");
    let refused = lab.post(&path, &form(&for_itself(MODERN_DEFAULT)));
    assert_eq!((refused.status.as_u16(), refused.aadsts()), (401, Some(7_000_229)));
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2("api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read"));
    browser.sign_in("nestor@fabrikam.com", "Northwind-9");
    browser.press("idSIButton9", &[]);
    asked(&lab, &path, &for_itself(MODERN_DEFAULT));
}

#[test]
fn an_application_may_ask_for_itself_by_its_uri() {
    let own = json!({"apps": {"client": {"identifier_uris": ["api://the-client"]}}});
    let body = asked(&Lab::of(changed(own)), TENANT_TOKEN, &for_itself("api://the-client/.default"));
    assert_eq!(read(&body).1["aud"], "api://the-client");
}

#[test]
fn a_disabled_application_gets_nothing_anywhere() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let token = lab.post(V2_TOKEN, &form(&redeem(&code))).json()["refresh_token"].as_str().unwrap().to_owned();
    lab.replace(changed(json!({"apps": {"client": {"disabled": true}}})));
    for parameters in [for_itself(MODERN_DEFAULT), refresh(&token)] {
        let seen = lab.post(TENANT_TOKEN, &form(&parameters));
        assert_eq!((seen.status.as_u16(), seen.aadsts()), (400, Some(7_000_112)));
        assert_eq!(seen.json()["error"], "unauthorized_client");
    }
    let silent = lab.authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "none"));
    assert_eq!((silent.aadsts(), silent.location()), (Some(7_000_112), None), "no trusted address yet: a page");
}
