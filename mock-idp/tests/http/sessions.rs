//! Browsers that stay signed in.

use serde_json::{Value, json};

use crate::support::*;

pub fn with_single_sign_on(change: Value) -> Lab {
    let mut world = changed(change);
    world["single_sign_on"] = json!(true);
    Lab::of(world)
}

/// A browser in which megan has signed in once.
pub fn signed_in(lab: &Lab) -> Browser<'_> {
    let mut browser = Browser::new(lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert!(returned(&browser.sign_in("megan@contoso.com", PASSWORD), "code").is_some());
    browser
}

pub fn prompt(value: &'static str) -> Vec<(&'static str, &'static str)> {
    with(&v2(DEFAULT), "prompt", value)
}

#[test]
fn nobody_stays_signed_in_unless_the_world_says_so() {
    let lab = Lab::new();
    let mut browser = signed_in(&lab);
    assert!(browser.cookies.is_empty());
    assert!(browser.open(V2_AUTHORIZE, &v2(DEFAULT)).body.contains("idSIButton9"));
    let silent = browser.open(V2_AUTHORIZE, &prompt("none"));
    let fix = silent.checks.refusal().unwrap().fix.clone().unwrap();
    assert!(fix.contains("idp.single_sign_on"), "{fix}");
}

#[test]
fn a_second_request_of_the_same_browser_needs_no_page() {
    let lab = with_single_sign_on(json!({}));
    let mut browser = signed_in(&lab);
    for parameters in [v2(DEFAULT), prompt("none"), with(&v2(DEFAULT), "response_mode", "form_post")] {
        let before = browser.cookies.clone();
        let seen = browser.open(V2_AUTHORIZE, &parameters);
        let code = returned(&seen, "code").or_else(|| form_of(&seen.body, "idSIButton9")?.fields.remove("code"));
        let body = lab.post(V2_TOKEN, &form(&redeem(&code.unwrap()))).json();
        assert_eq!(claims(body["access_token"].as_str().unwrap())["oid"], MEGAN);
        assert_eq!(browser.cookies, before, "no page, no cookie of a page");
    }
    let other = Browser::new(&lab).open(V2_AUTHORIZE, &prompt("none"));
    assert_eq!(returned(&other, "error").as_deref(), Some("login_required"), "another browser is not signed in");
}

#[test]
fn the_session_cookie_tells_nothing_and_is_kept_from_scripts() {
    let lab = with_single_sign_on(json!({}));
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    let cookies: Vec<_> = seen.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("__Host-ESTSAUTH=")).unwrap();
    for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=None"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(!session.contains("Max-Age") && !session.contains(MEGAN));
    // every sign-in makes a new one, and the old one is good for nothing
    let old = browser.cookies["__Host-ESTSAUTH"].clone();
    browser.open(V2_AUTHORIZE, &prompt("login"));
    browser.sign_in("megan@contoso.com", PASSWORD);
    assert_ne!(browser.cookies["__Host-ESTSAUTH"], old);
    browser.cookies.insert("__Host-ESTSAUTH".to_owned(), old);
    assert_eq!(browser.open(V2_AUTHORIZE, &prompt("none")).aadsts(), Some(50_058));
}

#[test]
fn a_session_ends_after_a_day_of_lab_time() {
    let lab = with_single_sign_on(json!({}));
    let mut browser = signed_in(&lab);
    lab.advance(24 * 60 - 1);
    assert!(returned(&browser.open(V2_AUTHORIZE, &prompt("none")), "code").is_some());
    lab.advance(1);
    assert_eq!(browser.open(V2_AUTHORIZE, &prompt("none")).aadsts(), Some(50_058));
    assert!(browser.open(V2_AUTHORIZE, &v2(DEFAULT)).body.contains("name=\"passwd\""));
}

#[test]
fn a_session_ends_with_its_user() {
    let lab = with_single_sign_on(json!({}));
    let mut browser = signed_in(&lab);
    let mut world = changed(json!({"users": {"megan": null}}));
    world["single_sign_on"] = json!(true);
    lab.replace(world);
    assert_eq!(browser.open(V2_AUTHORIZE, &prompt("none")).aadsts(), Some(50_058));
}

#[test]
fn login_asks_for_the_password_again_and_max_age_too() {
    let lab = with_single_sign_on(json!({}));
    let mut browser = signed_in(&lab);
    let seen = browser.open(V2_AUTHORIZE, &prompt("login"));
    assert!(seen.body.contains("name=\"passwd\"") && !seen.body.contains("Pick an account"));
    let young = with(&v2(DEFAULT), "max_age", "60");
    lab.advance(1);
    assert!(returned(&browser.open(V2_AUTHORIZE, &young), "code").is_some());
    lab.advance(1);
    assert!(browser.open(V2_AUTHORIZE, &young).body.contains("name=\"passwd\""));
    assert_eq!(browser.open(V2_AUTHORIZE, &with(&young, "prompt", "none")).aadsts(), Some(50_058));
}

#[test]
fn select_account_lets_the_user_pick_or_sign_in_as_another() {
    let lab = with_single_sign_on(json!({}));
    let mut browser = signed_in(&lab);
    let seen = browser.open(V1_AUTHORIZE, &v1());
    assert!(seen.body.contains("Pick an account") && seen.body.contains("megan@contoso.com"));
    let picked = browser.press("tile-1", &[]);
    assert!(returned(&picked, "code").is_some(), "{}", picked.body);
    browser.open(V1_AUTHORIZE, &v1());
    assert!(returned(&browser.sign_in("admin@contoso.com", "Fabrikam-Global-1"), "code").is_some());
    // with two accounts the page comes unasked, and a hint makes it superfluous
    let both = browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert!(both.body.contains("id=\"tile-2\""), "{}", both.body);
    let hinted = with(&prompt("none"), "login_hint", "Megan@Contoso.com");
    let code = returned(&browser.open(V2_AUTHORIZE, &hinted), "code").unwrap();
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    assert_eq!(claims(body["access_token"].as_str().unwrap())["oid"], MEGAN);
    let silent = browser.open(V2_AUTHORIZE, &prompt("none"));
    assert_eq!((silent.aadsts(), returned(&silent, "error").as_deref()), (Some(16_000), Some("interaction_required")));
    assert_eq!(browser.open(V2_AUTHORIZE, &with(&hinted, "login_hint", "nestor@fabrikam.com")).aadsts(), Some(50_058));
}

#[test]
fn a_picked_session_must_be_one_of_this_browser() {
    let lab = with_single_sign_on(json!({}));
    let mut victim = signed_in(&lab);
    victim.open(V1_AUTHORIZE, &v1());
    let session = victim.form_of("tile-1").fields["session"].clone();
    let mut other = Browser::new(&lab);
    other.open(V1_AUTHORIZE, &v1());
    let fields = other.form_of("idSIButton9").fields;
    let form_text = form(&[("flowToken", &fields["flowToken"]), ("decision", "accept"), ("session", &session)]);
    let seen = other.send(post("/common/login", &form_text));
    assert!(seen.location().is_none() && seen.body.contains("name=\"passwd\""), "{}", seen.body);
}

#[test]
fn sessions_of_another_tenant_do_not_count_at_a_tenants_own_path() {
    let lab = with_single_sign_on(json!({}));
    let mut browser = signed_in(&lab);
    let seen = browser.open("/fabrikam.com/oauth2/v2.0/authorize", &with(&v2("openid"), "prompt", "none"));
    assert_eq!(seen.aadsts(), Some(50_058));
}

#[test]
fn silence_ends_where_a_page_would_be_needed() {
    let lab = with_single_sign_on(json!({"consents": {"client-on-server": null}}));
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2("openid"));
    browser.sign_in("megan@contoso.com", PASSWORD);
    let silent = browser.open(V2_AUTHORIZE, &prompt("none"));
    assert_eq!((silent.aadsts(), returned(&silent, "error").as_deref()), (Some(65_001), Some("consent_required")));
    assert_eq!(returned(&silent, "state").as_deref(), Some("s"));
    // with pages allowed, the consent page comes without the sign-in page before it
    let asked = browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert!(asked.body.contains("Permissions requested"), "{}", asked.body);
    assert!(returned(&browser.press("idSIButton9", &[]), "code").is_some());
    assert!(returned(&browser.open(V2_AUTHORIZE, &prompt("none")), "code").is_some());
}
