//! Personal accounts, guests, and what the tenant segment leads to.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::*;

pub const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
pub const PIA: &str = "pia@outlook.com";
pub const PIAS_PASSWORD: &str = "Northwind-Cat-3";
const PIAS_ID: &str = "00000000-0000-0000-66f3-3332eca7ea81";
const NESTOR: &str = "c2d9b6f4-3a71-4e0c-8b55-00000000fab0";
const NESTOR_AT_CONTOSO: &str = "c2d9b6f4-3a71-4e0c-8b55-000000c01050";

/// The world with a personal account, and the client open to such.
pub fn personal(more: Value) -> Value {
    let mut world = changed(json!({
        "users": {"pia": {
            "tenant": "consumers", "username": PIA, "password": PIAS_PASSWORD,
            "object_id": PIAS_ID, "display_name": "Pia Personal", "email": PIA,
        }},
        "apps": {"client": {"audience": "AzureADandPersonalMicrosoftAccount"}},
    }));
    merge(&mut world, more);
    world
}

/// The world with nestor of Fabrikam as a guest at Contoso.
fn guest() -> Value {
    changed(json!({"users": {"nestor": {"guest_of": {"contoso": {"object_id": NESTOR_AT_CONTOSO}}}}}))
}

/// Signs in, consents where asked, and redeems the code.
#[track_caller]
fn tokens(lab: &Lab, authorize: &str, token: &str, scope: &'static str, who: (&str, &str)) -> Value {
    let mut browser = Browser::new(lab);
    browser.open(authorize, &with(&v2(scope), "client_info", "1"));
    let mut seen = browser.sign_in(who.0, who.1);
    if seen.body.contains("acceptForm") {
        seen = browser.press("idSIButton9", &[]);
    }
    let code = returned(&seen, "code").unwrap_or_else(|| panic!("no code: {}", seen.body));
    let seen = lab.post(token, &form(&with(&redeem(&code), "client_info", "1")));
    assert_eq!(seen.status, 200, "{}", seen.body);
    seen.json()
}

fn client_info(answer: &Value) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(answer["client_info"].as_str().unwrap()).unwrap()).unwrap()
}

#[test]
fn a_personal_account_signs_in_at_common_and_at_consumers() {
    for path in ["common", "consumers", CONSUMERS, "Consumers"] {
        let lab = Lab::of(personal(json!({})));
        let (authorize, token) = (format!("/{path}/oauth2/v2.0/authorize"), format!("/{path}/oauth2/v2.0/token"));
        let answer = tokens(&lab, &authorize, &token, "openid profile email User.Read", (PIA, PIAS_PASSWORD));
        let id_token = claims(answer["id_token"].as_str().unwrap());
        assert_eq!(id_token["iss"], format!("https://login.microsoftonline.com/{CONSUMERS}/v2.0"));
        assert_eq!((&id_token["tid"], &id_token["oid"]), (&json!(CONSUMERS), &json!(PIAS_ID)));
        assert_eq!(id_token["preferred_username"], PIA);
        let info = client_info(&answer);
        assert_eq!((&info["uid"], &info["utid"]), (&json!(PIAS_ID), &json!(CONSUMERS)));
        assert_eq!(
            info.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>(),
            ["ver", "sub", "name", "preferred_username", "oid", "tid", "home_oid", "uid", "utid"]
        );
        assert_eq!(info["sub"], id_token["sub"]);
    }
}

#[test]
fn a_personal_account_uses_an_api_that_takes_such() {
    let world = personal(json!({"apps": {"modern": {"audience": "AzureADandPersonalMicrosoftAccount"}}}));
    let lab = Lab::of(world);
    let scope = "api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read openid";
    let answer =
        tokens(&lab, "/consumers/oauth2/v2.0/authorize", "/consumers/oauth2/v2.0/token", scope, (PIA, PIAS_PASSWORD));
    let token = claims(answer["access_token"].as_str().unwrap());
    assert_eq!(
        (&token["tid"], &token["aud"], &token["scp"]),
        (&json!(CONSUMERS), &json!(MODERN), &json!("Things.Read"))
    );
}

#[test]
fn an_administrators_scope_is_no_scope_for_a_personal_account() {
    let lab = Lab::of(personal(json!({})));
    let mut browser = Browser::new(&lab);
    browser.open("/consumers/oauth2/v2.0/authorize", &v2("User.Read.All"));
    let seen = browser.sign_in(PIA, PIAS_PASSWORD);
    assert_eq!((seen.aadsts(), returned(&seen, "error").as_deref()), (Some(70_011), Some("invalid_scope")));
}

#[test]
fn an_account_of_an_organisation_still_signs_in_where_both_kinds_may() {
    let lab = Lab::of(personal(json!({})));
    let answer = tokens(&lab, V2_AUTHORIZE, V2_TOKEN, "openid profile", ("megan@contoso.com", PASSWORD));
    assert_eq!(claims(answer["id_token"].as_str().unwrap())["tid"], TENANT);
    assert_eq!(client_info(&answer), json!({"uid": MEGAN, "utid": TENANT}));
}

#[test]
fn a_guest_has_another_object_id_and_keeps_the_home_ids_in_client_info() {
    let lab = Lab::of(guest());
    let (authorize, token) = (format!("/{TENANT}/oauth2/v2.0/authorize"), format!("/{TENANT}/oauth2/v2.0/token"));
    let answer =
        tokens(&lab, &authorize, &token, "openid profile offline_access", ("nestor@fabrikam.com", "Northwind-9"));
    let id_token = claims(answer["id_token"].as_str().unwrap());
    assert_eq!((&id_token["tid"], &id_token["oid"]), (&json!(TENANT), &json!(NESTOR_AT_CONTOSO)));
    assert_eq!(client_info(&answer), json!({"uid": NESTOR, "utid": OTHER_TENANT}));
}

/// A refresh token is bound to user and client, and not to a tenant.
#[test]
fn a_guests_refresh_token_is_good_in_both_tenants() {
    let lab = Lab::of(guest());
    let scope = "openid profile offline_access";
    let answer = tokens(&lab, V2_AUTHORIZE, V2_TOKEN, scope, ("nestor@fabrikam.com", "Northwind-9"));
    assert_eq!(claims(answer["id_token"].as_str().unwrap())["oid"], NESTOR);
    let refreshed = |token: &Value, tenant: &str| {
        let form = form(&refresh(token.as_str().unwrap()));
        lab.post(&format!("/{tenant}/oauth2/v2.0/token"), &form)
    };
    let there = refreshed(&answer["refresh_token"], TENANT).json();
    let id_token = claims(there["id_token"].as_str().unwrap());
    assert_eq!((&id_token["tid"], &id_token["oid"]), (&json!(TENANT), &json!(NESTOR_AT_CONTOSO)));
    let back = refreshed(&there["refresh_token"], OTHER_TENANT).json();
    assert_eq!(claims(back["id_token"].as_str().unwrap())["oid"], NESTOR);
    let not_invited = refreshed(&answer["refresh_token"], CONSUMERS);
    assert_eq!(not_invited.aadsts(), Some(9_002_332));
}

#[test]
fn consent_of_one_tenant_does_not_hold_in_another() {
    let world = || {
        let mut world = guest();
        merge(
            &mut world,
            json!({"apps": {
                "server": {"service_principals": ["contoso", "fabrikam"], "audience": "AzureADMultipleOrgs"},
                "client": {"permissions": {"modern": null}},
            }}),
        );
        world
    };
    let signed_in = |world: Value| {
        let lab = Lab::of(world);
        let mut browser = Browser::new(&lab);
        browser.open(V2_AUTHORIZE, &v2(DEFAULT));
        browser.sign_in("nestor@fabrikam.com", "Northwind-9")
    };
    assert!(signed_in(world()).body.contains("acceptForm"), "Contoso's administrator does not consent for Fabrikam");
    let mut given = world();
    merge(
        &mut given,
        json!({"consents": {"there": {
            "client": "client", "resource": "server", "scopes": ["user_impersonation"], "tenant": "fabrikam",
        }}}),
    );
    assert!(returned(&signed_in(given), "code").is_some());
}
