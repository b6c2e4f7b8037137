//! The attack checklist's rows about the authorize endpoint's methods and parameters, and about the pages.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use http::Request;
use mock_idp::Origins;
use serde_json::json;

use crate::sessions::{prompt, signed_in, with_single_sign_on};
use crate::support::*;

const HOSTILE: &str = "\"'><script>alert(1)</script>";

/// The pages of a sign-in with everything that can come in it, in order.
fn pages() -> Vec<(&'static str, Seen)> {
    let lab = with_single_sign_on(json!({
        "keep_me_signed_in": true,
        "apps": {"client": {"redirect_uris": {"public": ["myapp://auth"]}}},
        "consents": {"client-on-server": null},
    }));
    let mut browser = Browser::new(&lab);
    let own = with(&v2(DEFAULT), "redirect_uri", "myapp://auth");
    let mut pages = vec![("sign-in", browser.open(V2_AUTHORIZE, &own))];
    pages.push(("password", browser.press("idSIButton9", &[("loginfmt", "megan@contoso.com")])));
    pages.push(("stay signed in", browser.press("idSIButton9", &[("passwd", PASSWORD)])));
    pages.push(("which application", browser.press("idSIButton9", &[])));
    pages.push(("consent", browser.press("idSIButton9", &[])));
    pages.push(("pick", browser.open(V2_AUTHORIZE, &prompt("select_account"))));
    pages.push(("error", browser.open(V2_AUTHORIZE, &with(&own, "redirect_uri", "https://evil.test/"))));
    pages.push(("signed out", browser.open("/common/oauth2/v2.0/logout", &[])));
    let expected = ["i0116", "Enter password", "Stay signed in?", "Are you trying", "Permissions requested"];
    for ((_, seen), text) in pages.iter().zip(expected) {
        assert!(seen.body.contains(text), "{text}: {}", seen.body);
    }
    pages
}

#[test]
fn atk_a17_request_objects_are_not_read_nor_fetched() {
    let lab = Lab::new();
    for (name, value) in [
        ("request", "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwudGVzdC8ifQ."),
        ("request_uri", "http://127.0.0.1:1/request"),
        ("request_uri", "http://169.254.169.254/metadata"),
        ("request_uri", "file:///etc/passwd"),
    ] {
        // no redirect URI of the object counts, and nothing in the crate could fetch it: it has no client
        let code = lab.code(V2_AUTHORIZE, &with(&v2(DEFAULT), name, value));
        assert_eq!(lab.post(V2_TOKEN, &form(&redeem(&code))).status, 200);
    }
    let discovery = lab.get("/common/v2.0/.well-known/openid-configuration").json();
    assert_eq!(discovery["request_uri_parameter_supported"], false);
}

#[test]
fn atk_a20_answers_name_no_issuer_as_the_metadata_says() {
    let lab = Lab::new();
    let discovery = lab.get("/common/v2.0/.well-known/openid-configuration").json();
    assert_eq!(discovery.get("authorization_response_iss_parameter_supported"), None);
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let answers = [
        browser.sign_in("megan@contoso.com", PASSWORD),
        lab.authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "none")),
    ];
    for seen in answers {
        assert!(returned(&seen, "state").is_some() && returned(&seen, "iss").is_none());
    }
}

#[test]
fn atk_a21_only_get_head_and_post_ask_for_a_sign_in() {
    let lab = Lab::new();
    for method in ["PUT", "DELETE", "TRACE", "PATCH", "OPTIONS"] {
        let seen = lab.method(method, &format!("{V2_AUTHORIZE}?{}", form(&v2(DEFAULT))));
        assert_eq!((seen.status.as_u16(), seen.header("allow")), (405, Some("GET, HEAD, POST")), "{method}");
    }
    let head = lab.method("HEAD", &format!("{V2_AUTHORIZE}?{}", form(&v2(DEFAULT))));
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
    let mut browser = Browser::new(&lab);
    browser.send(post(V2_AUTHORIZE, &form(&v2(DEFAULT))));
    assert!(returned(&browser.sign_in("megan@contoso.com", PASSWORD), "code").is_some());
}

#[test]
fn atk_g02_markup_that_was_stored_stays_text() {
    let lab = with_single_sign_on(json!({
        "tenants": {"contoso": {"display_name": HOSTILE}},
        "users": {"megan": {"display_name": HOSTILE}},
        "apps": {"client": {"display_name": HOSTILE}, "server": {
            "display_name": HOSTILE, "scopes": {"user-impersonation": {"display_name": HOSTILE}},
        }},
        "consents": {"client-on-server": null},
    }));
    let mut browser = Browser::new(&lab);
    let sign_in = browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let consent = browser.sign_in("megan@contoso.com", PASSWORD);
    assert!(consent.body.contains("Permissions requested"));
    let pick = browser.open(V2_AUTHORIZE, &prompt("select_account"));
    let refused = browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", "https://evil.test/"));
    let signed_out = browser.open("/common/oauth2/v2.0/logout", &[]);
    for seen in [sign_in, consent, pick, refused, signed_out] {
        assert!(!seen.body.contains("<script>alert"), "{}", seen.body);
    }
}

#[test]
fn atk_g04_no_page_can_be_framed_or_runs_a_script() {
    for (name, seen) in pages() {
        let policy = seen.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'self'"), "{name}: {policy}");
        assert!(policy.contains("script-src 'none'") && !seen.body.contains("<script"), "{name}: {policy}");
        assert_eq!(seen.header("x-frame-options"), Some("DENY"), "{name}");
    }
}

#[test]
fn atk_g05_following_a_link_agrees_to_nothing() {
    let lab = with_single_sign_on(json!({"keep_me_signed_in": true, "consents": {"client-on-server": null}}));
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    browser.sign_in("megan@contoso.com", PASSWORD);
    browser.press("idSIButton9", &[]);
    let fields = browser.form_of("idSIButton9").fields;
    let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for path in ["/common/login", "/common/consent/set", "/common/consent/request", "/common/kmsi", "/common/appverify"]
    {
        for method in ["GET", "HEAD"] {
            let request = Request::builder().method(method).uri(format!("{path}?{}", form(&pairs)));
            let seen = browser.send(request.body(Body::empty()).unwrap());
            assert_eq!((seen.status.as_u16(), seen.header("allow")), (405, Some("POST")), "{method} {path}");
        }
    }
    assert_eq!(browser.open(V2_AUTHORIZE, &prompt("none")).aadsts(), Some(65_001), "nothing was granted");
}

#[test]
fn atk_g06_the_consent_page_says_who_asks_for_what_and_remembers_just_that() {
    let nothing = json!({"client-on-graph": null, "client-on-server": null, "client-on-modern": null});
    let lab = with_single_sign_on(json!({"consents": nothing}));
    let mut browser = Browser::new(&lab);
    let scope = "openid api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation";
    let local = with(&v2(scope), "redirect_uri", "http://localhost/cb");
    browser.open(V2_AUTHORIZE, &local);
    let page = browser.sign_in("megan@contoso.com", PASSWORD).body;
    for text in [
        "data-client>copilot-studio-client<",
        "published by Contoso",
        "data-redirect-host>localhost<",
        "data-scope=\"user_impersonation\"",
        "That is a program on this computer.",
        "megan@contoso.com",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    browser.press("idSIButton9", &[]);
    assert!(returned(&browser.open(V2_AUTHORIZE, &with(&local, "prompt", "none")), "code").is_some());
    let more = with(&v2("api://3f8a1c2e-0000-4000-8000-000000000002/Things.Read"), "prompt", "none");
    assert_eq!(browser.open(V2_AUTHORIZE, &more).aadsts(), Some(65_001), "another scope is asked for anew");
}

#[test]
fn atk_g08_a_session_id_changes_at_the_sign_in_and_is_dead_after_the_sign_out() {
    let lab = with_single_sign_on(json!({}));
    let mut browser = signed_in(&lab);
    let planted = browser.cookies["__Host-ESTSAUTH"].clone();
    // somebody else signs in to a browser in which the cookie was planted
    let mut victim = Browser::new(&lab);
    victim.cookies.insert("__Host-ESTSAUTH".to_owned(), planted.clone());
    victim.open(V2_AUTHORIZE, &prompt("login"));
    victim.sign_in("admin@contoso.com", "Fabrikam-Global-1");
    assert_ne!(victim.cookies["__Host-ESTSAUTH"], planted);
    assert_eq!(browser.open(V2_AUTHORIZE, &prompt("none")).aadsts(), Some(50_058), "the planted one is dead");
    let kept = victim.cookies.clone();
    let both = victim.open("/common/oauth2/v2.0/logout", &[]);
    assert!(both.body.contains("Which account"));
    for _ in 0..2 {
        victim.open("/common/oauth2/v2.0/logout", &[]);
        if victim.page.contains("tile-1") {
            victim.press("tile-1", &[]);
        }
    }
    victim.cookies = kept;
    assert_eq!(victim.open(V2_AUTHORIZE, &prompt("none")).aadsts(), Some(50_058));
    for (name, seen) in pages() {
        assert_eq!(seen.header("cache-control"), Some("no-store, no-cache"), "{name}");
    }
}

/// Cookies know no ports: the provider's go to whatever else runs on the same host, and those of two labs meet in one
/// browser. The gate and the connector of this project set none.
#[test]
fn atk_g09_cookies_bear_names_of_their_own_and_labs_of_one_host_do_not_disturb_each_other() {
    let local = |port: u16, seed: u8| {
        let at = |host: &str| format!("https://{host}:{port}");
        let origins =
            Origins { login: at("localhost"), sts: at("localhost"), graph: at("localhost"), ..Origins::cloud() };
        Lab::with_seed(changed(json!({"single_sign_on": true, "keep_me_signed_in": true})), origins, [seed; 32])
    };
    let (one, other) = (local(8443, 1), local(9443, 2));
    let mut names = BTreeSet::new();
    let mut jar = BTreeMap::from([("AppServiceAuthSession".to_owned(), "of-a-gate".to_owned())]);
    let mut pages = Vec::new();
    for lab in [&one, &other] {
        let mut browser = Browser { cookies: jar, ..Browser::new(lab) };
        let seen = browser.open(V2_AUTHORIZE, &v2(DEFAULT));
        pages.push((lab, browser.page));
        jar = browser.cookies;
        names.extend(set_cookies(&seen));
    }
    for (lab, page) in pages {
        let mut browser = Browser { cookies: jar, page, ..Browser::new(lab) };
        let asked = browser.sign_in("megan@contoso.com", PASSWORD);
        let back = browser.press("idSIButton9", &[]);
        assert!(returned(&back, "code").is_some(), "{}", back.body);
        jar = browser.cookies;
        names.extend(set_cookies(&asked).chain(set_cookies(&back)));
    }
    assert_eq!(jar["AppServiceAuthSession"], "of-a-gate", "nobody else's cookie is touched");
    for name in ["__Host-ESTSAUTH", "__Host-ESTSAUTHPERSISTENT"] {
        assert!(names.contains(name), "{names:?}");
    }
    // the session of one lab is none of the other's
    let mut browser = Browser { cookies: jar, ..Browser::new(&one) };
    assert_eq!(browser.open(V2_AUTHORIZE, &prompt("none")).aadsts(), Some(50_058));
}

/// The names of the cookies that an answer sets. Each is bound to the host and needs TLS, which the provider always has.
fn set_cookies(seen: &Seen) -> impl Iterator<Item = String> + use<> {
    let cookies = seen.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned());
    cookies.collect::<Vec<_>>().into_iter().map(|cookie| {
        assert!(cookie.starts_with("__Host-") && cookie.contains("; Path=/"), "{cookie}");
        assert!(cookie.contains("; Secure") && cookie.contains("; HttpOnly"), "{cookie}");
        assert!(!cookie.contains("Domain="), "{cookie}");
        cookie.split('=').next().unwrap().to_owned()
    })
}

#[test]
fn atk_g11_nothing_of_the_url_leaves_a_page() {
    for (name, seen) in pages() {
        assert_eq!(seen.header("referrer-policy"), Some("no-referrer"), "{name}");
        assert!(seen.body.contains("<meta name=\"referrer\" content=\"no-referrer\">"), "{name}");
        for attribute in ["src=\"http", "href=\"http", "url(http"] {
            assert!(!seen.body.contains(attribute), "{name}: {attribute}");
        }
    }
}

/// The identity provider shows no setting of an application to anybody; what an administrator of another organisation can
/// open is its sign-in and its consent page, and those are refused. Its secret is looked for in every answer (secrets.rs).
#[test]
fn atk_g13_an_administrator_of_one_tenant_opens_nothing_of_anothers_application() {
    let foreign = "9d4e2b7a-0000-4000-8000-00000000fab1";
    let lab = Lab::of(changed(json!({"apps": {"foreign": {
        "tenant": "fabrikam", "client_id": foreign, "display_name": "Fabrikam payroll",
        "secrets": {"own": {"value": "a-secret-of-fabrikam", "expires": "2027-01-01T00:00:00Z"}},
        "redirect_uris": {"web": ["https://payroll.example/cb"]},
    }}})));
    let asked = with(&with(&v2("openid"), "client_id", foreign), "redirect_uri", "https://payroll.example/cb");
    for (tenant, prompt) in [("contoso.com", ""), ("common", ""), ("fabrikam.com", ""), ("fabrikam.com", "consent")] {
        let mut browser = Browser::new(&lab);
        let opened = browser.open(&format!("/{tenant}/oauth2/v2.0/authorize"), &with(&asked, "prompt", prompt));
        let seen = match form_of(&opened.body, "idSIButton9") {
            Some(_) => browser.sign_in("admin@contoso.com", "Fabrikam-Global-1"),
            None => opened,
        };
        assert!(seen.aadsts().is_some() && returned(&seen, "code").is_none(), "{tenant}: {}", seen.body);
        assert!(!seen.body.contains("Permissions requested"), "{tenant}");
    }
    // nor does knowing its id help at the token endpoint
    let own =
        with(&with(&for_itself("https://graph.microsoft.com/.default"), "client_id", foreign), "client_secret", SECRET);
    assert_eq!(lab.post("/contoso.com/oauth2/v2.0/token", &form(&own)).json()["error"], "unauthorized_client");
}
