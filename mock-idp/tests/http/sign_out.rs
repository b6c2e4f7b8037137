//! Signing out.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::sessions::{prompt, signed_in, with_single_sign_on};
use crate::support::*;

const LOGOUT: &str = "/common/oauth2/v2.0/logout";
const MODERN_LOGOUT: &str = "https://modern.example/signout?a=1";

/// A world with a second client, both with pages that end their own sessions.
fn two_clients() -> Lab {
    with_single_sign_on(json!({
        "apps": {
            "client": {"logout_url": "https://client.example/signout"},
            "modern": {
                "audience": "AzureADMultipleOrgs", "logout_url": MODERN_LOGOUT,
                "redirect_uris": {"web": ["https://modern.example/cb"]},
            },
        },
        "consents": {"modern-on-graph": {"client": "modern", "resource": "microsoft-graph", "scopes": ["openid"]}},
    }))
}

fn at_modern() -> Vec<(&'static str, &'static str)> {
    with(&with(&v2("openid"), "client_id", MODERN), "redirect_uri", "https://modern.example/cb")
}

fn logout<'l>(browser: &mut Browser<'l>, parameters: &[(&str, &str)]) -> Seen {
    browser.open(LOGOUT, parameters)
}

fn id_token(lab: &Lab, browser: &mut Browser<'_>) -> (String, Value) {
    let code = returned(&browser.open(V2_AUTHORIZE, &with(&v2("openid"), "prompt", "none")), "code").unwrap();
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    let token = body["id_token"].as_str().unwrap().to_owned();
    let claims = claims(&token);
    (token, claims)
}

#[test]
fn signing_out_ends_the_session_on_the_server_and_takes_the_cookie_back() {
    for (path, method) in [(LOGOUT, "GET"), (LOGOUT, "POST"), ("/contoso.com/oauth2/logout", "GET")] {
        let lab = with_single_sign_on(json!({}));
        let mut browser = signed_in(&lab);
        let kept = browser.cookies.clone();
        let seen = match method {
            "GET" => browser.open(path, &[]),
            _ => browser.send(post(path, "")),
        };
        assert_eq!((seen.status.as_u16(), seen.location()), (200, None));
        assert!(seen.body.contains("You signed out of your account") && seen.body.contains("megan@contoso.com"));
        assert_eq!(seen.header("cache-control"), Some("no-store, no-cache"));
        assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
        // the back button, or whoever copied the cookie, has nothing of it
        browser.cookies = kept;
        assert_eq!(browser.open(V2_AUTHORIZE, &prompt("none")).aadsts(), Some(50_058));
    }
}

#[test]
fn a_head_request_signs_nobody_out() {
    let lab = with_single_sign_on(json!({}));
    let mut browser = signed_in(&lab);
    browser.send(Request::head(LOGOUT).body(Body::empty()).unwrap());
    assert!(returned(&browser.open(V2_AUTHORIZE, &prompt("none")), "code").is_some());
}

#[test]
fn tokens_outlive_the_session() {
    let lab = with_single_sign_on(json!({}));
    let mut browser = signed_in(&lab);
    let code = returned(&browser.open(V2_AUTHORIZE, &prompt("none")), "code").unwrap();
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    logout(&mut browser, &[]);
    assert_eq!(lab.post(V2_TOKEN, &form(&refresh(body["refresh_token"].as_str().unwrap()))).status, 200);
}

#[test]
fn the_browser_goes_back_to_a_registered_address_with_its_state() {
    for named_by in ["session", "client_id", "id_token_hint"] {
        let lab = with_single_sign_on(json!({}));
        let mut browser = signed_in(&lab);
        let (token, _) = id_token(&lab, &mut browser);
        let address = "https://app.example/cb?x=1";
        let back = [("post_logout_redirect_uri", address), ("state", "a/b ü")];
        let more = match named_by {
            "client_id" => vec![("client_id", CLIENT)],
            "id_token_hint" => vec![("id_token_hint", token.as_str())],
            _ => Vec::new(),
        };
        lab.advance(120);
        let seen = logout(&mut browser, &[&back[..], &more].concat());
        assert_eq!(seen.status, 302, "{named_by}: {}", seen.body);
        assert_eq!(seen.location(), Some(&*format!("{address}&state=a%2fb+%c3%bc")), "{named_by}");
        assert!(browser.cookies.is_empty());
    }
    // without any session the request has to name the application
    let lab = Lab::new();
    let back = [("post_logout_redirect_uri", REDIRECT), ("client_id", CLIENT)];
    assert_eq!(logout(&mut Browser::new(&lab), &back).location(), Some(REDIRECT));
    let unnamed = logout(&mut Browser::new(&lab), &back[..1]);
    assert_eq!((unnamed.location(), unnamed.refusing()), (None, Some("post_logout_redirect_uri.registered")));
}

#[test]
fn atk_g10_a_sign_out_leads_to_no_other_address() {
    let lab = with_single_sign_on(json!({}));
    let (good, _) = id_token(&lab, &mut signed_in(&lab));
    let forged = format!("{}x", &good[..good.len() - 1]);
    let none = good.split('.').nth(1).map(|claims| format!("eyJhbGciOiJub25lIn0.{claims}.")).unwrap();
    let cases = [
        ("https://evil.test/", "client_id", CLIENT),
        ("https://app.example/cb?x=2", "client_id", CLIENT),
        ("https://app.example/cb", "client_id", CLIENT),
        ("javascript:alert(1)", "client_id", CLIENT),
        (REDIRECT, "client_id", SERVER),
        (REDIRECT, "client_id", "no-guid"),
        (REDIRECT, "id_token_hint", forged.as_str()),
        (REDIRECT, "id_token_hint", none.as_str()),
        (REDIRECT, "id_token_hint", "x"),
    ];
    for (address, name, value) in cases {
        let mut browser = if name == "id_token_hint" { signed_in(&lab) } else { Browser::new(&lab) };
        let seen = logout(&mut browser, &[("post_logout_redirect_uri", address), (name, value)]);
        assert_eq!((seen.status.as_u16(), seen.location()), (200, None), "{address} {name}={value}");
        assert!(!seen.body.contains("http-equiv=\"refresh\"") && !seen.body.contains("id=\"continue\""));
        let refusal = seen.checks.refusal().unwrap();
        assert!(seen.body.contains(refusal.check.name()) && refusal.fix.is_some());
    }
    // two statements about the application that do not agree are none
    let mut browser = signed_in(&lab);
    let both = [("post_logout_redirect_uri", REDIRECT), ("id_token_hint", good.as_str()), ("client_id", SERVER)];
    assert_eq!(logout(&mut browser, &both).location(), None);
}

/// As MSAL.js asks: with the address alone.
#[test]
fn an_application_of_the_session_is_known_by_the_address_that_it_registers() {
    let lab = two_clients();
    let mut browser = signed_in(&lab);
    browser.open(V2_AUTHORIZE, &at_modern());
    let seen = logout(&mut browser, &[("post_logout_redirect_uri", "https://modern.example/cb"), ("state", "s")]);
    assert!(seen.body.contains("https://client.example/signout?sid="), "the other one is told: {}", seen.body);
    assert!(!seen.body.contains("https://modern.example/signout"), "it asked itself: {}", seen.body);
    assert!(
        seen.body.contains("https://modern.example/cb?state&#61;s")
            || seen.body.contains("https://modern.example/cb?state=s")
    );
    // nobody is signed in to it any more
    let seen = logout(&mut browser, &[("post_logout_redirect_uri", "https://modern.example/cb")]);
    assert_eq!((seen.location(), seen.refusing()), (None, Some("post_logout_redirect_uri.registered")));
}

#[test]
fn every_other_application_of_the_session_is_told_in_a_frame() {
    let lab = two_clients();
    let mut browser = signed_in(&lab);
    let sid = returned(&browser.open(V2_AUTHORIZE, &at_modern()), "session_state").unwrap();
    let seen = logout(&mut browser, &[("post_logout_redirect_uri", REDIRECT), ("client_id", CLIENT), ("state", "s")]);
    assert_eq!((seen.status.as_u16(), seen.location()), (200, None), "the page waits for the frames");
    let page = unescape(&seen.body);
    assert!(page.contains(&format!("<iframe src=\"{MODERN_LOGOUT}&sid={sid}\"")), "{page}");
    assert_eq!(page.matches("<iframe").count(), 1, "the application that asked knows");
    assert!(!page.contains("iss="));
    assert!(page.contains(&format!("content=\"2;url={REDIRECT}?state=s\"")) && page.contains("id=\"continue\""));
    let policy = seen.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-src https://modern.example;"), "{policy}");
    // without a name both are told
    let mut browser = signed_in(&lab);
    browser.open(V2_AUTHORIZE, &at_modern());
    assert_eq!(logout(&mut browser, &[]).body.matches("<iframe").count(), 2);
    // and nobody where the application never took part
    let mut browser = signed_in(&lab);
    assert_eq!(logout(&mut browser, &[("client_id", CLIENT)]).body.matches("<iframe").count(), 0);
}

/// An application knows the user by the session in which it got its tokens, and is told that one.
#[test]
fn the_applications_of_an_earlier_session_of_the_same_user_are_told_by_that_one() {
    let lab = two_clients();
    let mut browser = signed_in(&lab);
    let earlier = returned(&browser.open(V2_AUTHORIZE, &at_modern()), "session_state").unwrap();
    browser.open(V2_AUTHORIZE, &prompt("login"));
    let later = returned(&browser.sign_in("megan@contoso.com", PASSWORD), "session_state").unwrap();
    assert_ne!(earlier, later);
    let page = unescape(&logout(&mut browser, &[("client_id", CLIENT)]).body);
    assert!(page.contains(&format!("<iframe src=\"{MODERN_LOGOUT}&sid={earlier}\"")), "{page}");
    assert_eq!(page.matches("<iframe").count(), 1);
    let left = browser.open(V2_AUTHORIZE, &prompt("none"));
    assert_eq!(returned(&left, "error").as_deref(), Some("login_required"));
    // the earlier session's id signs the user out too
    let mut browser = signed_in(&lab);
    let earlier = returned(&browser.open(V2_AUTHORIZE, &at_modern()), "session_state").unwrap();
    browser.open(V2_AUTHORIZE, &prompt("login"));
    browser.sign_in("megan@contoso.com", PASSWORD);
    logout(&mut browser, &[("sid", &earlier)]);
    let left = browser.open(V2_AUTHORIZE, &prompt("none"));
    assert_eq!(returned(&left, "error").as_deref(), Some("login_required"));
    // one that was used in both is told the later one alone
    let mut browser = signed_in(&lab);
    browser.open(V2_AUTHORIZE, &at_modern());
    browser.open(V2_AUTHORIZE, &prompt("login"));
    browser.sign_in("megan@contoso.com", PASSWORD);
    let later = returned(&browser.open(V2_AUTHORIZE, &at_modern()), "session_state").unwrap();
    let page = unescape(&logout(&mut browser, &[("client_id", CLIENT)]).body);
    assert!(page.contains(&format!("sid={later}\"")) && page.matches("<iframe").count() == 1, "{page}");
}

#[test]
fn of_several_accounts_the_user_picks_one_unless_the_request_names_it() {
    let lab = with_single_sign_on(json!({}));
    let both = |lab| {
        let mut browser = signed_in(lab);
        browser.open(V2_AUTHORIZE, &prompt("login"));
        browser.sign_in("admin@contoso.com", "Fabrikam-Global-1");
        browser
    };
    let mut browser = both(&lab);
    let seen = logout(&mut browser, &[("post_logout_redirect_uri", REDIRECT), ("client_id", CLIENT), ("state", "s")]);
    assert!(seen.body.contains("Which account do you want to sign out of?") && seen.body.contains("tile-2"));
    let button =
        if seen.body.find("megan@").unwrap() < seen.body.find("admin@").unwrap() { "tile-1" } else { "tile-2" };
    let seen = browser.press(button, &[]);
    assert_eq!(seen.location(), Some(&*format!("{REDIRECT}?state=s")), "{}", seen.body);
    let left = browser.open(V2_AUTHORIZE, &prompt("none"));
    let code = returned(&left, "code").expect("the other account stays signed in");
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    assert_eq!(claims(body["access_token"].as_str().unwrap())["upn"], "admin@contoso.com");
    for hint in ["logout_hint", "sid"] {
        let mut browser = both(&lab);
        let megan = with(&prompt("none"), "login_hint", "megan@contoso.com");
        let sid = returned(&browser.open(V2_AUTHORIZE, &megan), "session_state").unwrap();
        let value = if hint == "sid" { sid.as_str() } else { "megan@contoso.com" };
        let seen = logout(&mut browser, &[(hint, value)]);
        assert!(seen.body.contains("megan@contoso.com") && !seen.body.contains("admin@contoso.com"), "{hint}");
        assert_eq!(browser.open(V2_AUTHORIZE, &megan).aadsts(), Some(50_058));
    }
}

#[test]
fn a_session_of_another_browser_is_not_ended_by_its_id() {
    let lab = with_single_sign_on(json!({}));
    let mut victim = signed_in(&lab);
    let sid = returned(&victim.open(V2_AUTHORIZE, &prompt("none")), "session_state").unwrap();
    let seen = logout(&mut Browser::new(&lab), &[("sid", &sid)]);
    assert!(!seen.body.contains("megan"));
    assert!(returned(&victim.open(V2_AUTHORIZE, &prompt("none")), "code").is_some());
}

#[test]
fn markup_in_a_sign_out_request_stays_text() {
    let lab = with_single_sign_on(json!({}));
    let hostile = "\"'><script>alert(1)</script>";
    for name in ["post_logout_redirect_uri", "state", "logout_hint", "id_token_hint", "client_id", "sid"] {
        let mut browser = signed_in(&lab);
        let seen = logout(&mut browser, &[(name, hostile), ("post_logout_redirect_uri", REDIRECT)]);
        assert!(!seen.body.contains("<script>"), "{name}");
    }
    assert_eq!(lab.get("/nobody.example/oauth2/v2.0/logout").aadsts(), Some(90_002));
}

#[test]
fn discovery_leads_to_the_sign_out_page_and_the_blank_ones() {
    let lab = Lab::new();
    for (path, member) in [
        ("/common/v2.0/.well-known/openid-configuration", "end_session_endpoint"),
        ("/common/.well-known/openid-configuration", "end_session_endpoint"),
        ("/common/.well-known/openid-configuration", "check_session_iframe"),
    ] {
        let document = lab.get(path).json();
        let url = document[member].as_str().unwrap();
        let seen = lab.get(url.strip_prefix("https://login.microsoftonline.com").unwrap());
        assert_eq!(seen.status, 200, "{url}");
    }
    assert_eq!(lab.get("/common/oauth2/nativeclient?code=x").status, 200);
}
