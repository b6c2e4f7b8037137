//! What an attacker tries. Each test carries the number of its row in the attack checklist.

use std::collections::BTreeSet;

use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::*;

#[track_caller]
fn assert_page(seen: &Seen, aadsts: u32) {
    assert_eq!((seen.aadsts(), seen.location()), (Some(aadsts), None), "{}", seen.body);
}

fn authorize_to(redirect_uri: &str) -> Seen {
    Lab::new().authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", redirect_uri))
}

#[test]
fn atk_a01_an_unknown_client_is_never_redirected() {
    let parameters = with(&v2(DEFAULT), "client_id", "9d4e2b7a-0000-4000-8000-00000000dead");
    assert_page(&Lab::new().authorize(V2_AUTHORIZE, &with(&parameters, "redirect_uri", "https://evil.test/")), 700_016);
}

#[test]
fn atk_a02_a_path_below_a_registered_one_is_another() {
    assert_page(&authorize_to(&format!("{REDIRECT}/extra")), 50_011);
}

#[test]
fn atk_a03_a_query_belongs_to_the_redirect_uri() {
    for uri in ["https://app.example/cb", "https://app.example/cb?x=2", "https://app.example/cb?x=1&y=2"] {
        assert_page(&authorize_to(uri), 50_011);
    }
    assert!(authorize_to("https://app.example/cb?x=1").body.contains("idSIButton9"));
}

#[test]
fn atk_a04_a_fragment_matches_nothing() {
    assert_page(&authorize_to(&format!("{REDIRECT}#x")), 50_011);
    let lab = Lab::of(changed(json!({"apps": {"client": {"redirect_uris": {"web": ["https://app.example/cb#x"]}}}})));
    assert_page(&lab.authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", "https://app.example/cb#x")), 50_011);
}

#[test]
fn atk_a05_no_trick_of_spelling_matches() {
    let tricks = [
        "https://app.example/cb/..;/x?x=1",
        "https://app.example/cb/%2e%2e/x?x=1",
        "https://app.example\\cb?x=1",
        "https://user@app.example/cb?x=1",
        "https://app.example/cb?x=1\t",
        "https://app.example/cb?x=1\r\nSet-Cookie: a=b",
        "https://app.example/cb?x=1\0",
        "https://\u{430}pp.example/cb?x=1",
        "https://app.example/%63b?x=1",
    ];
    for uri in tricks {
        assert_page(&authorize_to(uri), 50_011);
    }
}

#[test]
fn atk_a06_the_web_platform_compares_bytes() {
    for uri in [
        "https://APP.example/cb?x=1",
        "https://app.example/cb/?x=1",
        "https://app.example:443/cb?x=1",
        "http://app.example/cb?x=1",
    ] {
        assert_page(&authorize_to(uri), 50_011);
    }
}

#[test]
fn atk_a07_the_port_is_free_on_loopback_alone() {
    assert!(authorize_to("http://localhost:5000/cb").body.contains("idSIButton9"));
    for uri in [
        "http://localhost.evil.test/cb",
        "http://localhost:1@evil.test/cb",
        "http://localhost:1/other",
        "https://localhost/cb",
        "http://127.0.0.1/cb",
    ] {
        assert_page(&authorize_to(uri), 50_011);
    }
}

#[test]
fn atk_a08_without_redirect_uri_nothing_is_guessed() {
    assert_page(&authorize_to(""), 900_971);
    let lab =
        Lab::of(changed(json!({"apps": {"client": {"redirect_uris": {"web": [REDIRECT], "spa": [], "public": []}}}})));
    let parameters = with(&v2(DEFAULT), "redirect_uri", "");
    let code = lab.code(V2_AUTHORIZE, &parameters);
    let form_text = form(&with(&redeem(&code), "redirect_uri", ""));
    assert_eq!(lab.post(V2_TOKEN, &form_text).status, 200, "the only one is meant");
}

#[test]
fn atk_a09_the_redirect_uri_is_judged_before_the_rest() {
    for (name, value) in [("response_type", "token"), ("scope", "a b/ c"), ("code_challenge", "short"), ("prompt", "x")]
    {
        let parameters = with(&with(&v2(DEFAULT), name, value), "redirect_uri", "https://evil.test/");
        assert_page(&Lab::new().authorize(V2_AUTHORIZE, &parameters), 50_011);
    }
}

#[test]
fn atk_a10_prompt_none_does_not_open_a_redirect() {
    let parameters = with(&with(&v2(DEFAULT), "prompt", "none"), "redirect_uri", "https://evil.test/");
    assert_page(&Lab::new().authorize(V2_AUTHORIZE, &parameters), 50_011);
}

#[test]
fn atk_a11_no_parameter_counts_that_is_given_twice() {
    let lab = Lab::new();
    for name in ["client_id", "redirect_uri", "scope", "state", "unknown"] {
        for pair in [[(name, "https://evil.test/"), (name, "https://evil.test/")], [(name, "a"), (name, "")]] {
            let seen = lab.authorize(V2_AUTHORIZE, &[v2(DEFAULT), pair.to_vec()].concat());
            assert_page(&seen, 9_000_411);
        }
    }
    let seen = lab.post(V2_TOKEN, &form(&[redeem("x"), vec![("client_id", CLIENT)]].concat()));
    assert_eq!((seen.json()["error"].as_str(), seen.aadsts()), (Some("invalid_request"), Some(9_000_411)));
}

#[test]
fn atk_a12_a_wrong_response_type_is_told_the_application() {
    let answers = [
        ("", "invalid_request"),
        ("nonsense", "unsupported_response_type"),
        ("token", "unsupported_response_type"),
        ("code token", "unsupported_response_type"),
    ];
    for (response_type, error) in answers {
        let seen = Lab::new().authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "response_type", response_type));
        assert!(seen.location().unwrap().starts_with(REDIRECT));
        assert_eq!(returned(&seen, "error").as_deref(), Some(error));
        assert_eq!(returned(&seen, "state").as_deref(), Some("s"));
        assert_eq!(returned(&seen, "access_token"), None);
    }
}

#[test]
fn atk_a13_state_comes_back_byte_for_byte() {
    let lab = Lab::new();
    let long = "x".repeat(4096);
    for state in [
        long.as_str(),
        "\u{1f980} ü",
        "\"><script>alert(1)</script>",
        "a\r\nLocation: https://evil.test/",
        "a+b c&d=e;f%20",
    ] {
        let mut browser = Browser::new(&lab);
        browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "state", state));
        let seen = browser.sign_in("megan@contoso.com", PASSWORD);
        assert_eq!(returned(&seen, "state").as_deref(), Some(state));
        assert!(seen.location().unwrap().starts_with(REDIRECT));
    }
    // bytes that are no text
    let path = format!("{V2_AUTHORIZE}?{}&state=%ff%00%FE", form(&with(&v2(DEFAULT), "state", "")));
    let seen = lab.get(&path.replace("response_type=code", "response_type=x"));
    assert!(seen.location().unwrap().ends_with("&state=%ff%00%fe#"), "{:?}", seen.location());
}

#[test]
fn atk_a14_markup_in_a_posted_form_stays_text() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    let hostile = "\"><script>alert(1)</script>";
    browser.open(V2_AUTHORIZE, &with(&with(&v2(DEFAULT), "response_mode", "form_post"), "state", hostile));
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    assert!(!seen.body.contains("<script>alert"));
    assert_eq!(browser.form_of("idSIButton9").fields["state"], hostile);
    let policy = seen.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'nonce-"), "{policy}");
}

#[test]
fn atk_a15_malformed_challenges_are_invalid_requests() {
    let good = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let long = "a".repeat(129);
    let cases = [
        ("short", "plain"),
        (long.as_str(), "plain"),
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c!", "S256"),
        (good, "S512"),
        ("", "S256"),
    ];
    for (challenge, method) in cases {
        let parameters = with(&with(&v2(DEFAULT), "code_challenge", challenge), "code_challenge_method", method);
        let seen = Lab::new().authorize(V2_AUTHORIZE, &parameters);
        assert_eq!(returned(&seen, "error").as_deref(), Some("invalid_request"), "{challenge} {method}");
    }
}

/// What was accepted with a note: the text of the check, and that it passed.
fn note<'s>(seen: &'s Seen, check: &str) -> &'s str {
    let result = seen.checks.0.iter().find(|result| result.check.name() == check).unwrap();
    assert_eq!(result.outcome, wire::Outcome::Passed);
    &result.received
}

#[test]
fn atk_a16_weak_or_no_pkce_of_a_web_client_is_accepted_and_noted() {
    let lab = Lab::new();
    let plain = with(&with(&v2(DEFAULT), "code_challenge", VERIFIER), "code_challenge_method", "plain");
    for parameters in [plain.clone(), with(&plain, "code_challenge_method", ""), v2(DEFAULT)] {
        let seen = lab.authorize(V2_AUTHORIZE, &parameters);
        assert!(seen.body.contains("idSIButton9"));
        assert!(note(&seen, "code_challenge.well_formed").contains("RFC 9700"));
    }
    let code = lab.code(V2_AUTHORIZE, &plain);
    assert_eq!(lab.post(V2_TOKEN, &form(&with(&redeem(&code), "code_verifier", VERIFIER))).status, 200);
    let s256 = with(&with(&v2(DEFAULT), "code_challenge", CHALLENGE), "code_challenge_method", "S256");
    assert!(!note(&lab.authorize(V2_AUTHORIZE, &s256), "code_challenge.well_formed").contains("RFC 9700"));
}

#[test]
fn atk_a22_a_resource_that_is_not_the_scopes_is_an_invalid_target() {
    let lab = Lab::new();
    let scope = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation";
    let with_fragment = format!("{SERVER_URI}#x");
    let answers = [
        lab.authorize(V2_AUTHORIZE, &with(&v2(scope), "resource", "https://other.example/mcp")),
        lab.authorize(V2_AUTHORIZE, &with(&v2(scope), "resource", "mcp")),
        lab.authorize(V2_AUTHORIZE, &with(&v2(scope), "resource", &with_fragment)),
        lab.authorize(V2_AUTHORIZE, &[v2(scope), vec![("resource", SERVER_URI), ("resource", "api://x")]].concat()),
        lab.authorize(V2_AUTHORIZE, &[v2(scope), vec![("resource", SERVER_URI), ("resource", SERVER_URI)]].concat()),
    ];
    for seen in answers {
        assert_eq!((seen.aadsts(), returned(&seen, "error").as_deref()), (Some(9_010_010), Some("invalid_target")));
    }
    let code = lab.code(V2_AUTHORIZE, &v2(scope));
    let repeated = [redeem(&code), vec![("resource", SERVER_URI), ("resource", SERVER_URI)]].concat();
    assert_eq!(lab.post(V2_TOKEN, &form(&repeated)).json()["error"], "invalid_target");
}

#[test]
fn atk_a18_unknown_parameters_do_no_harm() {
    let lab = Lab::new();
    let more =
        vec![("claims", "{}"), ("x-client-sku", "x"), ("acr_values", "1"), ("request_uri", "http://169.254.169.254/")];
    lab.code(V2_AUTHORIZE, &[v2(DEFAULT), more].concat());
}

#[test]
fn atk_a19_a_sign_in_belongs_to_one_browser() {
    let lab = Lab::new();
    let mut victim = Browser::new(&lab);
    victim.open(V2_AUTHORIZE, &v2(DEFAULT));
    // another browser with the form, and with a cookie of its own
    let mut other = Browser::new(&lab);
    other.open(V2_AUTHORIZE, &v2(DEFAULT));
    other.page.clone_from(&victim.page);
    let seen = other.sign_in("megan@contoso.com", PASSWORD);
    assert_eq!((seen.status.as_u16(), seen.aadsts(), seen.location()), (403, Some(165_900), None));
    // whoever signs in in a second tab before the consent is given: the consent is of the user whom its page names
    let consents = Lab::of(changed(json!({"single_sign_on": true, "consents": {"client-on-server": null}})));
    let mut browser = Browser::new(&consents);
    browser.open(V2_AUTHORIZE, &v2(DEFAULT));
    let of_megan = browser.sign_in("megan@contoso.com", PASSWORD).body;
    assert!(of_megan.contains("megan@contoso.com") && of_megan.contains("Permissions requested"));
    browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "login"));
    browser.sign_in("admin@contoso.com", "Fabrikam-Global-1");
    browser.page = of_megan;
    let code = returned(&browser.press("idSIButton9", &[]), "code").unwrap();
    let body = consents.post(V2_TOKEN, &form(&redeem(&code))).json();
    assert_eq!(claims(body["access_token"].as_str().unwrap())["oid"], MEGAN);
    let mut admin = Browser::new(&consents);
    admin.open(V2_AUTHORIZE, &v2(DEFAULT));
    assert!(admin.sign_in("admin@contoso.com", "Fabrikam-Global-1").body.contains("Permissions requested"));
    // two tabs of one browser do not disturb each other
    let first = victim.page.clone();
    victim.open(V2_AUTHORIZE, &v2("openid"));
    victim.page = first;
    assert!(returned(&victim.sign_in("megan@contoso.com", PASSWORD), "code").is_some());
}

#[test]
fn atk_g03_pages_take_no_form_that_is_not_theirs() {
    let lab = Lab::of(changed(json!({"consents": {"client-on-server": null}})));
    let mut browser = Browser::new(&lab);
    browser.open(V1_AUTHORIZE, &v1());
    let sign_in = browser.form_of("idSIButton9");
    // the token of the sign-in page is good for no consent
    let fields = [("flowToken", sign_in.fields["flowToken"].as_str()), ("decision", "accept")];
    let seen = browser.send(post("/common/consent/set", &form(&fields)));
    assert_eq!((seen.status.as_u16(), seen.aadsts()), (403, Some(165_900)));
    browser.open(V1_AUTHORIZE, &v1());
    browser.sign_in("megan@contoso.com", PASSWORD);
    let consent = browser.form_of("idSIButton9");
    for token in ["", "x.y.z", &consent.fields["flowToken"].replace('.', "A")] {
        let seen = browser.send(post(&consent.action, &form(&[("flowToken", token), ("decision", "accept")])));
        assert_eq!((seen.status.as_u16(), seen.aadsts()), (403, Some(165_900)), "{token}");
    }
    // nothing was granted by all that
    let mut again = Browser::new(&lab);
    again.open(V1_AUTHORIZE, &v1());
    assert!(again.sign_in("megan@contoso.com", PASSWORD).body.contains("Permissions requested"));
}

#[test]
fn atk_g07_a_user_cannot_consent_for_everyone() {
    let nothing = json!({"consents": {"client-on-graph": null, "client-on-server": null, "client-on-modern": null}});
    let lab = Lab::of(changed(nothing));
    let mut browser = Browser::new(&lab);
    browser.open(V1_AUTHORIZE, &v1());
    browser.sign_in("megan@contoso.com", PASSWORD);
    assert!(returned(&browser.press("idSIButton9", &[("forEveryone", "true")]), "code").is_some());
    let mut other = Browser::new(&lab);
    other.open(V1_AUTHORIZE, &v1());
    let seen = other.sign_in("admin@contoso.com", "Fabrikam-Global-1");
    assert!(seen.body.contains("Permissions requested"), "it held for megan alone");
}

#[test]
fn atk_b01_a_code_is_good_once() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    assert_eq!(lab.post(V2_TOKEN, &form(&redeem(&code))).status, 200);
    let seen = lab.post(V2_TOKEN, &form(&redeem(&code)));
    assert_eq!((seen.json()["error"].as_str(), seen.aadsts()), (Some("invalid_grant"), Some(54_005)));
}

#[test]
fn atk_b02_eight_at_once_get_one_answer() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let answers = eight_at_once(&lab, &form(&redeem(&code)));
    let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == 200);
    assert_eq!(good.len(), 1, "{answers:?}");
    assert!(refused.iter().all(|(_, body)| body["error_codes"] == json!([54_005])), "{answers:?}");
}

/// Entra keeps the old refresh token good, so that all eight get tokens, and each a refresh token of its own.
#[test]
fn atk_b02_eight_refreshes_at_once_all_succeed() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let token = lab.post(V2_TOKEN, &form(&redeem(&code))).json()["refresh_token"].as_str().unwrap().to_owned();
    let answers = eight_at_once(&lab, &form(&refresh(&token)));
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    let tokens: BTreeSet<_> = answers.iter().map(|(_, body)| body["refresh_token"].as_str()).collect();
    assert!(tokens.len() == 8 && !tokens.contains(&Some(token.as_str())), "{tokens:?}");
    // what strays from RFC 9700 is told at the next use
    assert!(note(&lab.post(V2_TOKEN, &form(&refresh(&token))), "refresh_token.current").contains("RFC 9700"));
}

fn eight_at_once(lab: &Lab, body: &str) -> Vec<(u16, Value)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (router, request) = (lab.provider.router(), post(V2_TOKEN, body));
            runtime.spawn(async move {
                let response = router.oneshot(request).await.unwrap();
                let status = response.status().as_u16();
                let body = response.into_body().collect().await.unwrap().to_bytes();
                (status, serde_json::from_slice(&body).unwrap())
            })
        })
        .collect();
    tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).collect()
}

#[test]
fn atk_b03_a_code_ends_with_its_lifetime() {
    for (minutes, expected) in [(9, 200), (10, 400)] {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        lab.advance(minutes);
        let seen = lab.post(V2_TOKEN, &form(&redeem(&code)));
        assert_eq!(seen.status, expected);
        assert_eq!(seen.aadsts(), (expected == 400).then_some(70_008));
    }
}

#[test]
fn atk_b04_a_code_belongs_to_one_client_and_one_tenant() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let other_client = with(&with(&redeem(&code), "client_id", SERVER), "client_secret", "server-secret");
    let seen = lab.post("/contoso.com/oauth2/v2.0/token", &form(&other_client));
    assert_eq!(seen.json()["error"], "invalid_grant");
    let seen = lab.post("/fabrikam.com/oauth2/v2.0/token", &form(&redeem(&code)));
    assert_eq!((seen.json()["error"].as_str(), seen.aadsts()), (Some("invalid_grant"), Some(700_005)));
    assert_eq!(lab.post("/contoso.com/oauth2/v2.0/token", &form(&redeem(&code))).status, 200);
}

#[test]
fn atk_b05_the_redirect_uri_comes_again() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let different = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "redirect_uri", "https://app.example/cb?x=1")));
    assert_eq!((different.aadsts(), different.json()["error"].as_str()), (Some(500_112), Some("invalid_client")));
    let missing = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "redirect_uri", "")));
    assert_eq!((missing.aadsts(), missing.json()["error"].as_str()), (Some(900_144), Some("invalid_request")));
}

#[test]
fn atk_b06_a_verifier_and_its_challenge_come_together() {
    let lab = Lab::new();
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenged = with(&with(&v2(DEFAULT), "code_challenge", challenge), "code_challenge_method", "S256");
    let code = lab.code(V2_AUTHORIZE, &challenged);
    for wrong in ["", challenge, &verifier[..42], &"a".repeat(129)] {
        assert_eq!(lab.post(V2_TOKEN, &form(&with(&redeem(&code), "code_verifier", wrong))).aadsts(), Some(501_481));
    }
    let unchallenged = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let seen = lab.post(V2_TOKEN, &form(&with(&redeem(&unchallenged), "code_verifier", verifier)));
    assert_eq!(seen.aadsts(), Some(501_481));
}

#[test]
fn atk_b07_only_a_whole_current_secret_is_one() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let cases = [
        ("wrong", 7_000_215),
        (&SECRET[..10], 7_000_215),
        ("", 7_000_218),
        ("an-expired-secret", 7_000_222),
        ("server-secret", 7_000_215),
    ];
    for (secret, aadsts) in cases {
        let seen = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "client_secret", secret)));
        assert_eq!((seen.status.as_u16(), seen.aadsts()), (401, Some(aadsts)));
        assert_eq!(seen.json()["error"], "invalid_client");
        assert!(secret.len() < 6 || !format!("{}{:?}", seen.body, seen.checks).contains(secret));
    }
    // a year on, the good one has expired too
    lab.replace(changed(json!({"apps": {"client": {"secrets": {"good": {"expires": "2026-01-15T09:00:00Z"}}}}})));
    assert_eq!(lab.post(V2_TOKEN, &form(&redeem(&code))).aadsts(), Some(7_000_222));
}

fn with_basic(lab: &Lab, form_text: &str, credential: &str) -> Seen {
    let mut request = post(V2_TOKEN, form_text);
    request.headers_mut().insert(header::AUTHORIZATION, credential.parse().unwrap());
    lab.send(request)
}

#[test]
fn atk_b08_a_client_authenticates_in_one_way() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let both = with_basic(&lab, &form(&redeem(&code)), &basic(CLIENT, SECRET));
    assert_eq!((both.status.as_u16(), both.json()["error"].as_str()), (400, Some("invalid_request")));
    let without = with(&redeem(&code), "client_secret", "");
    assert_eq!(lab.post(V2_TOKEN, &form(&without)).aadsts(), Some(7_000_218));
    let two_clients = with_basic(&lab, &form(&without), &basic(SERVER, "server-secret"));
    assert_eq!(two_clients.json()["error"], "invalid_request");
    for unreadable in ["Basic", "Basic !!!", "Basic YQ=="] {
        assert_ne!(with_basic(&lab, &form(&without), unreadable).status, 200);
    }
    assert_eq!(with_basic(&lab, &form(&without), &basic(CLIENT, SECRET)).status, 200);
    // a public client has no secret to send, in the body or as Basic
    let uri = "http://localhost/cb";
    let code = lab.code(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", uri));
    let public = with(&redeem(&code), "redirect_uri", uri);
    let in_body = lab.post(V2_TOKEN, &form(&public));
    let in_header = with_basic(&lab, &form(&with(&public, "client_secret", "")), &basic(CLIENT, SECRET));
    for seen in [in_body, in_header] {
        assert_eq!((seen.status.as_u16(), seen.aadsts()), (401, Some(700_025)));
        assert_eq!(seen.json()["error"], "invalid_client");
    }
}

#[test]
fn atk_b09_basic_credentials_are_form_encoded() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let without = with(&with(&redeem(&code), "client_secret", ""), "client_id", "");
    let credential = basic(CLIENT, "a%2Bb%2520c~%3D%3A%C3%BC");
    assert_eq!(with_basic(&lab, &form(&without), &credential).status, 200);
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let in_body = with(&redeem(&code), "client_secret", "a+b%20c~=:ü");
    assert_eq!(lab.post(V2_TOKEN, &form(&in_body)).status, 200);
}

#[test]
fn atk_b10_a_token_request_is_a_posted_form_and_nothing_else() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let body = form(&redeem(&code));
    let in_query = format!("{V2_TOKEN}?{body}");
    assert_eq!((lab.get(&in_query).status.as_u16(), lab.get(&in_query).aadsts()), (405, Some(900_561)));
    assert_eq!(lab.post(&in_query, "").aadsts(), Some(900_144), "the query does not count");
    for content_type in [Some("application/json"), Some("text/plain"), Some("multipart/form-data"), None] {
        let mut request = post(V2_TOKEN, &body);
        request.headers_mut().remove(header::CONTENT_TYPE);
        if let Some(content_type) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        assert_eq!(lab.send(request).aadsts(), Some(900_144), "{content_type:?}");
    }
    for (name, _) in redeem(&code) {
        let twice = format!("{body}&{name}=x");
        assert_eq!(lab.post(V2_TOKEN, &twice).aadsts(), Some(9_000_411), "{name}");
    }
    assert_eq!(lab.post(V2_TOKEN, &body).status, 200, "none of these used the code up");
}

#[test]
fn atk_b21_a_huge_body_is_cut_off_and_many_fields_do_no_harm() {
    let lab = Lab::new();
    assert_eq!(lab.post(V2_TOKEN, &"a".repeat(1 << 20)).status, 413);
    let many: String = (0..10_000).map(|number| format!("&f{number}=x")).collect();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    assert_eq!(lab.post(V2_TOKEN, &format!("{}{many}", form(&redeem(&code)))).status, 200);
}

#[test]
fn atk_b12_a_refresh_token_belongs_to_one_client_and_is_nothing_else() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    let token = body["refresh_token"].as_str().unwrap();
    let of_server = with(&with(&refresh(token), "client_id", SERVER), "client_secret", "server-secret");
    let refusals = [
        lab.post("/contoso.com/oauth2/v2.0/token", &form(&of_server)),
        lab.post("/fabrikam.com/oauth2/v2.0/token", &form(&refresh(token))),
        lab.post(V2_TOKEN, &form(&refresh(&token[..token.len() - 5]))),
        lab.post(V2_TOKEN, &form(&refresh(body["access_token"].as_str().unwrap()))),
        lab.post(V2_TOKEN, &form(&redeem(token))),
    ];
    for seen in refusals {
        assert_eq!(
            (seen.status.as_u16(), seen.json()["error"].as_str()),
            (400, Some("invalid_grant")),
            "{}",
            seen.body
        );
    }
}

#[test]
fn atk_b13_a_superseded_refresh_token_works_again_and_is_noted() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    let token = body["refresh_token"].as_str().unwrap();
    let first = lab.post(V2_TOKEN, &form(&refresh(token)));
    assert!(!note(&first, "refresh_token.current").contains("used before"));
    let again = lab.post(V2_TOKEN, &form(&refresh(token)));
    assert_eq!(again.status, 200);
    assert!(note(&again, "refresh_token.current").contains("RFC 9700"));
    let successor = lab.post(V2_TOKEN, &form(&refresh(first.json()["refresh_token"].as_str().unwrap())));
    assert_eq!(successor.status, 200, "the family lives on");
}

#[test]
fn atk_b14_a_refresh_ends_with_the_user_or_the_client() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    let token = body["refresh_token"].as_str().unwrap();
    for change in [json!({"users": {"megan": null}}), json!({"apps": {"client": null}, "consents": null})] {
        lab.replace(changed(change));
        let seen = lab.post(V2_TOKEN, &form(&refresh(token)));
        assert_eq!(seen.status, 400, "{}", seen.body);
    }
    let refused = [
        (json!({"users": {"megan": {"disabled": true}}}), 50_057),
        (json!({"consents": {"client-on-server": null}}), 65_001),
    ];
    for (change, aadsts) in refused {
        lab.replace(changed(change));
        let seen = lab.post(V2_TOKEN, &form(&refresh(token)));
        assert_eq!((seen.json()["error"].as_str(), seen.aadsts()), (Some("invalid_grant"), Some(aadsts)));
    }
    let reset = Lab::seeded(world(), [8; 32]);
    assert_eq!(reset.post(V2_TOKEN, &form(&refresh(token))).json()["error"], "invalid_grant", "another start");
    lab.replace(world());
    assert_eq!(lab.post(V2_TOKEN, &form(&refresh(token))).status, 200);
}

#[test]
fn atk_b15_nobody_gets_more_than_was_granted() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let more = format!("{SERVER_URI}/Server.Manage");
    assert_eq!(lab.post(V2_TOKEN, &form(&with(&redeem(&code), "scope", &more))).aadsts(), Some(65_001));
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    let token = body["refresh_token"].as_str().unwrap();
    for scope in [more.as_str(), "Mail.Read"] {
        assert_eq!(lab.post(V2_TOKEN, &form(&with(&refresh(token), "scope", scope))).aadsts(), Some(65_001));
    }
}

#[test]
fn atk_b16_a_token_is_for_the_scopes_of_one_resource() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let two = format!("{SERVER_URI}/user_impersonation api://{MODERN}/Things.Read");
    let mut empty = redeem(&code);
    empty.push(("scope", ""));
    let cases = [
        (with(&redeem(&code), "scope", &two), 28_000),
        (empty, 28_003),
        (with(&redeem(&code), "scope", " "), 28_003),
        (with(&redeem(&code), "scope", "user_impersonation"), 650_053),
    ];
    for (parameters, aadsts) in cases {
        let seen = lab.post(V2_TOKEN, &form(&parameters));
        assert_eq!((seen.status.as_u16(), seen.aadsts()), (400, Some(aadsts)), "{}", seen.body);
        let graph = seen.body.contains("00000003-0000-0000-c000-000000000000");
        assert_eq!(graph, aadsts == 650_053, "{}", seen.body);
    }
    // at the authorize endpoint, consent may be asked for two
    lab.code(V2_AUTHORIZE, &with(&v2(DEFAULT), "scope", &two));
    assert_eq!(lab.post(V2_TOKEN, &form(&redeem(&code))).status, 200);
}

#[test]
fn atk_b17_no_token_answer_is_kept() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let answers = [
        lab.post(V2_TOKEN, &form(&redeem(&code))),
        lab.post(V2_TOKEN, &form(&redeem(&code))),
        lab.post(V1_TOKEN, ""),
        lab.get(V2_TOKEN),
    ];
    for seen in answers {
        assert_eq!(seen.header("cache-control"), Some("no-store, no-cache"));
        assert_eq!(seen.header("pragma"), Some("no-cache"));
        assert_eq!(seen.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(seen.header("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn atk_b19_only_the_registered_origin_of_a_single_page_application_reads_tokens() {
    let lab = Lab::new();
    let web = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    for origin in ["https://evil.test", "null", SPA_ORIGIN, "https://global.consent.azure-apim.net"] {
        let seen = lab.send(from_origin(origin, &form(&redeem(&web))));
        assert_eq!((seen.aadsts(), seen.header("access-control-allow-origin")), (Some(9_002_326), None), "{origin}");
    }
    let code = lab.code(V2_AUTHORIZE, &spa(DEFAULT));
    for origin in ["https://evil.test", "null", "http://spa.example", "https://spa.example:8443", "https://SPA.example"]
    {
        let seen = lab.send(from_origin(origin, &form(&spa_redeem(&code))));
        assert_eq!((seen.aadsts(), seen.header("access-control-allow-origin")), (Some(9_002_326), None), "{origin}");
    }
    assert_eq!(lab.post(V2_TOKEN, &form(&spa_redeem(&code))).aadsts(), Some(9_002_327));
    let seen = lab.send(from_origin(SPA_ORIGIN, &form(&spa_redeem(&code))));
    assert_eq!((seen.status.as_u16(), seen.header("access-control-allow-origin")), (200, Some(SPA_ORIGIN)));
    assert_eq!(seen.header("access-control-allow-credentials"), None);
}

#[test]
fn atk_b22_what_a_request_puts_into_a_message_is_cut_and_harmless() {
    let long = format!("\"<b>\r\n{}", "x".repeat(10_000));
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    for name in ["grant_type", "client_id", "scope", "redirect_uri", "code", "client_secret"] {
        let seen = lab.post(V2_TOKEN, &form(&with(&redeem(&code), name, &long)));
        let body = seen.json();
        let description = body["error_description"].as_str().unwrap();
        assert!(description.len() < 2_000 && !description.contains(['\r', '\n']), "{name}: {description}");
        assert!(description.contains("Trace ID: ") && description.contains("Timestamp: "), "{name}: {description}");
        assert!(body["trace_id"].is_string() && body["timestamp"].is_string(), "{name}");
    }
}

#[test]
fn atk_g01_markup_in_any_parameter_of_the_authorize_request_stays_text() {
    let lab = Lab::new();
    let hostile = "\"'><script>alert(1)</script>";
    for name in [
        "client_id",
        "response_type",
        "redirect_uri",
        "scope",
        "state",
        "login_hint",
        "prompt",
        "nonce",
        "response_mode",
        "resource",
    ] {
        let seen = lab.authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), name, hostile));
        assert!(!seen.body.contains("<script>"), "{name}");
        assert!(seen.status.as_u16() < 500);
    }
    for (path, names) in [
        ("/common/oauth2/v2.0/logout", &["post_logout_redirect_uri", "id_token_hint", "logout_hint", "state"][..]),
        ("/common/oauth2/deviceauth", &["user_code", "otc", "code"]),
        ("/error", &["code"]),
    ] {
        for name in names {
            let seen = lab.authorize(path, &[(name, hostile)]);
            assert!(!seen.body.contains("<script>") && seen.status.as_u16() < 500, "{path} {name}: {}", seen.body);
        }
    }
    let seen = lab.get(&format!("/%22%3E%3Cscript%3E/oauth2/v2.0/authorize?{}", form(&v2(DEFAULT))));
    assert!(!seen.body.contains("<script>") && seen.aadsts() == Some(900_023));
}

#[test]
fn malformed_requests_are_refused_and_never_break_the_server() {
    let lab = Lab::new();
    let bodies: [&[u8]; 6] = [
        b"",
        b"\xff\xfe",
        b"%",
        b"=&=&=",
        b"grant_type=%ff&client_id=%00",
        b"grant_type=refresh_token&refresh_token=a.b.c&client_id=",
    ];
    for path in [V1_TOKEN, V2_TOKEN, "/common/login", "/common/consent/set", "/common/consent/request", V2_AUTHORIZE] {
        for body in bodies {
            let request = Request::post(path)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(header::COOKIE, "a; =; b=c")
                .body(Body::from(body.to_vec()))
                .unwrap();
            let seen = lab.send(request);
            assert!(seen.status.as_u16() < 500 && seen.aadsts().is_some(), "{path} {body:?}");
        }
    }
    let huge = Request::post(V2_TOKEN).body(Body::from(vec![b'a'; 1024 * 1024])).unwrap();
    assert_eq!(lab.send(huge).status, 413);
}
