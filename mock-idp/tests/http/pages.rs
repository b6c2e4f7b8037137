//! What a person sees.

use mock_idp::EntraErrorKind;
use serde_json::json;
use strum::IntoEnumIterator;

use crate::support::*;

#[test]
fn the_sign_in_page_has_the_names_that_automation_looks_for() {
    let lab = Lab::new();
    let seen = lab.authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "login_hint", "megan@contoso.com"));
    for text in [
        "id=\"i0116\"",
        "name=\"loginfmt\"",
        "id=\"i0118\"",
        "name=\"passwd\"",
        "id=\"idSIButton9\"",
        "id=\"idBtn_Back\"",
        "value=\"megan@contoso.com\"",
        "Emulator",
        "Sign in to your account",
    ] {
        assert!(seen.body.contains(text), "{text}");
    }
    assert!(!seen.body.contains("<script") && !seen.body.contains("http://") && !seen.body.contains("https://"));
    let policy = seen.header("content-security-policy").unwrap();
    for directive in [
        "default-src 'self'",
        "script-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'self' https://global.consent.azure-apim.net;",
    ] {
        assert!(policy.contains(directive), "{policy}");
    }
    assert_eq!(seen.header("x-frame-options"), Some("DENY"));
    assert_eq!(seen.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(seen.header("cache-control"), Some("no-store, no-cache"));
    let cookie = seen.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-entralab-idp-"), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(lab.get("/common/entralab/pages.css").body.contains("focus-visible"));
}

#[test]
fn wrong_credentials_are_told_on_the_page_and_may_be_mended() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let seen = browser.sign_in("nobody@contoso.com", "x");
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(50_034), Some("user.exists")));
    let seen = browser.sign_in("megan@contoso.com", "x");
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(50_126), Some("user.password")));
    assert!(seen.body.contains("data-check=\"user.password\""));
    assert!(seen.body.contains("value=\"megan@contoso.com\""));
    assert!(returned(&browser.sign_in("megan@contoso.com", PASSWORD), "code").is_some());
}

#[test]
fn cancelling_goes_back_to_the_application() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let seen = browser.press("idBtn_Back", &[]);
    assert_eq!(seen.location(), Some(&*format!("{REDIRECT}?error=access_denied&error_subcode=cancel&state=s#")));
    assert!(browser.cookies.is_empty());
}

#[test]
fn declining_consent_goes_back_with_65004() {
    let lab = Lab::of(changed(json!({"consents": {"client-on-server": null}})));
    let mut browser = Browser::new(&lab);
    browser.open(V1_AUTHORIZE, &v1());
    browser.sign_in("megan@contoso.com", PASSWORD);
    let seen = browser.press("idBtn_Back", &[]);
    assert_eq!(returned(&seen, "error").as_deref(), Some("access_denied"));
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(65_004), Some("consent.accepted")));
    let location = seen.location().unwrap();
    assert!(location.contains("?error=access_denied&error_description=AADSTS65004%3a+"), "{location}");
    assert!(
        location.contains("&error_uri=https%3a%2f%2flogin.microsoftonline.com%2ferror%3fcode%3d65004&state="),
        "{location}"
    );
}

#[test]
fn the_error_page_answers_200_and_explains_itself() {
    let lab = Lab::new();
    let seen = lab
        .authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", "https://global.consent.azure-apim.net/redirect"));
    assert_eq!((seen.status.as_u16(), seen.location()), (200, None));
    for text in [
        "data-aadsts=\"50011\"",
        "data-check=\"redirect_uri.registered\"",
        "AADSTS50011: ",
        "Request Id",
        "Correlation Id",
        "<dd>2026-01-15T09:00:00Z</dd>",
        "idp.apps.client.redirect_uris.web (portal: App registrations",
        "Sorry, but we're having trouble signing you in.",
    ] {
        assert!(unescape(&seen.body).contains(text), "{text}: {}", seen.body);
    }
}

#[test]
fn a_world_that_changed_meanwhile_is_judged_anew() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    browser.open(V1_AUTHORIZE, &v1());
    lab.replace(changed(json!({"apps": {"client": {"redirect_uris": {"web": ["https://app.example/cb"]}}}})));
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    assert_eq!(seen.aadsts(), Some(50_011));
}

#[test]
fn a_consent_page_that_no_longer_says_it_all_is_shown_again() {
    let nothing = json!({"consents": {"client-on-graph": null, "client-on-server": null, "client-on-modern": null}});
    let lab = Lab::of(changed(nothing.clone()));
    let mut browser = Browser::new(&lab);
    browser.open(V1_AUTHORIZE, &v1());
    browser.sign_in("megan@contoso.com", PASSWORD);
    let mut more = changed(nothing);
    more["apps"]["client"]["permissions"]["graph"]["scopes"] = json!(["Mail.Read"]);
    lab.replace(more);
    let seen = browser.press("idSIButton9", &[]);
    assert!(seen.body.contains("Read your mail"), "{}", seen.body);
    assert!(returned(&browser.press("idSIButton9", &[]), "code").is_some());
}

#[test]
fn a_single_tenant_user_of_another_organisation_signs_in_to_a_multitenant_client() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2("openid profile"));
    let seen = browser.sign_in("nestor@fabrikam.com", "Northwind-9");
    assert!(seen.body.contains("published by Contoso"), "consent of one tenant is none in another");
    let code = returned(&browser.press("idSIButton9", &[]), "code").unwrap();
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    assert_eq!(claims(body["access_token"].as_str().unwrap())["tid"], OTHER_TENANT);
}

#[test]
fn error_uri_leads_to_a_page_about_the_code() {
    let lab = Lab::new();
    let refused = lab.post(V2_TOKEN, &form(&redeem("no-code"))).json();
    let uri = refused["error_uri"].as_str().unwrap();
    let seen = lab.get(uri.strip_prefix("https://login.microsoftonline.com").unwrap());
    assert_eq!((seen.status.as_u16(), seen.aadsts()), (200, Some(9_002_313)), "{uri}");
    for kind in EntraErrorKind::iter() {
        let seen = lab.get(&format!("/error?code={}", kind.number()));
        assert_eq!((seen.status.as_u16(), seen.aadsts()), (200, Some(kind.number())));
        let (text, meaning) = (unescape(&seen.body), kind.meaning());
        for expected in [&meaning.means, &meaning.causes[0], &meaning.fixes[0].action] {
            assert!(text.contains(expected), "{kind:?} lacks {expected}");
        }
        assert!(!kind.faces().in_words().is_empty() && text.contains(&kind.faces().in_words()[0]), "{kind:?}");
    }
    assert_eq!(lab.get("/Error?code=aadsts65001").aadsts(), Some(65_001));
    assert_eq!(lab.get("/error").status, 200);
    for unknown in ["1", "x", "%3Cscript%3Ealert(1)%3C/script%3E", "%C3%A4%C3%A4%C3%A4%C3%A4"] {
        let seen = lab.get(&format!("/error?code={unknown}"));
        assert_eq!(seen.status, 404, "{unknown}");
        assert!(seen.body.contains("Nothing is known here") && !seen.body.contains("<script>alert"), "{unknown}");
    }
    assert_eq!(lab.post("/error", "code=65001").status, 405);
}

#[test]
fn who_mistypes_a_name_is_told_who_there_is() {
    let lab = Lab::new();
    let expected = |path: &str| {
        let mut browser = Browser::new(&lab);
        browser.open(path, &v1());
        let seen = browser.sign_in("who@contoso.com", "x");
        assert_eq!((seen.aadsts(), seen.refusing()), (Some(50_034), Some("user.exists")));
        let expected = seen.checks.refusal().unwrap().expected.clone();
        assert!(seen.body.contains(&expected), "the page says it too");
        expected
    };
    assert_eq!(expected(V1_AUTHORIZE), "one of admin@contoso.com, megan@contoso.com, nestor@fabrikam.com");
    assert_eq!(expected("/contoso.com/oauth2/authorize"), "one of admin@contoso.com, megan@contoso.com");
}
