//! What an authorize request says of the user it means.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::sessions::{prompt, signed_in, with_single_sign_on};
use crate::support::*;

/// A browser in which megan of Contoso and nestor of Fabrikam are signed in, and their session ids.
fn two_accounts(lab: &Lab) -> (Browser<'_>, String, String) {
    let mut browser = signed_in(lab);
    let megan = returned(&browser.open(V2_AUTHORIZE, &prompt("none")), "session_state").unwrap();
    browser.open(V2_AUTHORIZE, &with(&v2("openid"), "prompt", "login"));
    browser.sign_in("nestor@fabrikam.com", "Northwind-9");
    let seen = browser.press("idSIButton9", &[]);
    (browser, megan, returned(&seen, "session_state").unwrap())
}

fn silent<'p>(name: &'p str, value: &'p str) -> Vec<(&'p str, &'p str)> {
    with(&with(&v2("openid"), "prompt", "none"), name, value)
}

#[test]
fn each_hint_tells_which_of_several_accounts_is_meant() {
    let lab = with_single_sign_on(json!({}));
    let (mut browser, megan, nestor) = two_accounts(&lab);
    let opaque = format!("O.{}", URL_SAFE_NO_PAD.encode([&[0x0a, 36], MEGAN.as_bytes()].concat()));
    let answers = [
        ("login_hint", "Megan@contoso.com", &megan),
        ("login_hint", opaque.as_str(), &megan),
        ("sid", megan.as_str(), &megan),
        ("sid", nestor.as_str(), &nestor),
        ("domain_hint", "fabrikam.com", &nestor),
        ("domain_hint", "Contoso.onmicrosoft.com", &megan),
    ];
    for (name, value, expected) in answers {
        let seen = browser.open(V2_AUTHORIZE, &silent(name, value));
        assert_eq!(returned(&seen, "session_state").as_ref(), Some(expected), "{name}={value}");
    }
    for hint in ["organizations", "consumers", "elsewhere.example"] {
        assert_eq!(browser.open(V2_AUTHORIZE, &silent("domain_hint", hint)).aadsts(), Some(16_000), "{hint}");
    }
}

#[test]
fn where_the_user_selects_hints_do_not() {
    let lab = with_single_sign_on(json!({}));
    let (mut browser, megan, _) = two_accounts(&lab);
    for (name, value) in [("sid", megan.as_str()), ("login_hint", "megan@contoso.com")] {
        let seen = browser.open(V2_AUTHORIZE, &with(&prompt("select_account"), name, value));
        assert!(seen.body.contains("id=\"tile-2\""), "{name}: {}", seen.body);
    }
}

#[test]
fn with_pages_allowed_a_session_that_is_gone_leads_to_the_sign_in_page() {
    let lab = with_single_sign_on(json!({}));
    let mut browser = signed_in(&lab);
    let seen = browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "sid", OTHER_TENANT));
    assert!(seen.body.contains("name=\"loginfmt\"") && !seen.body.contains("tile-1"), "{}", seen.body);
    let missing = browser.open(V2_AUTHORIZE, &with(&prompt("none"), "sid", OTHER_TENANT));
    assert_eq!(returned(&missing, "error").as_deref(), Some("interaction_required"));
}

#[test]
fn the_sign_in_page_starts_with_the_user_who_is_hinted_at() {
    let lab = Lab::new();
    let opaque = format!("O.{}", URL_SAFE_NO_PAD.encode([&[0x0a, 36], MEGAN.as_bytes()].concat()));
    for hint in ["megan@contoso.com", &opaque] {
        let seen = lab.authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "login_hint", hint));
        assert!(seen.body.contains("value=\"megan@contoso.com\""), "{hint}");
    }
}

#[test]
fn the_id_token_says_when_the_user_signed_in_where_the_request_asks() {
    let lab = Lab::new();
    let asked = r#"{"id_token":{"auth_time":{"essential":true}},"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
    for (name, value, is_told) in [("claims", asked, true), ("max_age", "600", true), ("claims", "{}", false)] {
        let code = lab.code(V2_AUTHORIZE, &with(&v2("openid"), name, value));
        let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
        let id_token = claims(body["id_token"].as_str().unwrap());
        assert_eq!(id_token.get("auth_time").is_some(), is_told, "{name}={value}");
    }
}

#[test]
fn a_long_request_may_be_posted() {
    let lab = Lab::new();
    let long = "x".repeat(20_000);
    let parameters = with(&v2(DEFAULT), "state", &long);
    assert_eq!((lab.authorize(V2_AUTHORIZE, &parameters).aadsts()), Some(90_015));
    let mut browser = Browser::new(&lab);
    browser.send(post(V2_AUTHORIZE, &form(&parameters)));
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    assert_eq!(returned(&seen, "state"), Some(long));
}
