//! Single-page applications and public clients.

use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::support::*;

fn preflight(lab: &Lab, origin: &str, headers: &str) -> Seen {
    let request = Request::options(V2_TOKEN)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", headers);
    lab.send(request.body(Body::empty()).unwrap())
}

#[test]
fn a_page_of_a_single_page_application_may_post_to_the_token_endpoint() {
    let lab = Lab::new();
    let seen = preflight(&lab, SPA_ORIGIN, "content-type,client-request-id, X-Client-SKU,x-anchormailbox,x-evil");
    assert_eq!(seen.status, 200);
    assert_eq!(seen.header("access-control-allow-origin"), Some(SPA_ORIGIN));
    assert_eq!(seen.header("access-control-allow-methods"), Some("POST, OPTIONS"));
    let allowed = seen.header("access-control-allow-headers").unwrap();
    assert_eq!(allowed, "content-type, client-request-id, X-Client-SKU, x-anchormailbox");
    assert_eq!((seen.header("vary"), seen.header("access-control-allow-credentials")), (Some("Origin"), None));
    for origin in
        ["https://evil.test", "null", "https://spa.example.evil.test", "https://global.consent.azure-apim.net"]
    {
        let seen = preflight(&lab, origin, "content-type");
        assert_eq!(seen.header("access-control-allow-origin"), None, "{origin}");
        assert_eq!(seen.refusing(), Some("code.origin"));
    }
}

#[test]
fn the_port_of_a_page_on_this_machine_is_free() {
    let lab = Lab::of(changed(json!({"apps": {"client": {"redirect_uris": {"spa": ["http://localhost:3000/"]}}}})));
    let seen = preflight(&lab, "http://localhost:5173", "content-type");
    assert_eq!(seen.header("access-control-allow-origin"), Some("http://localhost:5173"));
    assert_eq!(preflight(&lab, "http://localhost.evil.test", "").header("access-control-allow-origin"), None);
}

#[test]
fn a_single_page_application_may_read_why_it_was_refused() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &spa(DEFAULT));
    let wrong = with(&spa_redeem(&code), "code_verifier", CHALLENGE);
    let seen = lab.send(from_origin(SPA_ORIGIN, &form(&wrong)));
    assert_eq!((seen.aadsts(), seen.header("access-control-allow-origin")), (Some(501_481), Some(SPA_ORIGIN)));
}

#[test]
fn a_single_page_application_needs_s256() {
    let lab = Lab::new();
    for parameters in [with(&v2(DEFAULT), "redirect_uri", SPA), with(&spa(DEFAULT), "code_challenge_method", "plain")] {
        assert_eq!(lab.authorize(V2_AUTHORIZE, &parameters).aadsts(), Some(9_002_325));
    }
}

#[test]
fn a_single_page_application_sends_no_secret() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &spa(DEFAULT));
    let seen = lab.send(from_origin(SPA_ORIGIN, &form(&with(&spa_redeem(&code), "client_secret", SECRET))));
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(9_002_326), Some("code.origin")));
}

#[test]
fn refreshing_does_not_prolong_a_single_page_applications_day() {
    let (lab, first) = spa_refresh_token();
    lab.advance(23 * 60);
    let body = lab.send(from_origin(SPA_ORIGIN, &form(&spa_refresh(&first)))).json();
    let second = body["refresh_token"].as_str().unwrap();
    lab.advance(60);
    let seen = lab.send(from_origin(SPA_ORIGIN, &form(&spa_refresh(second))));
    assert_eq!((seen.aadsts(), seen.json()["error"].as_str()), (Some(700_084), Some("invalid_grant")));
    assert_eq!(seen.header("access-control-allow-origin"), Some(SPA_ORIGIN));
}

/// One address under Web and under Mobile and desktop: "Allow public client flows" decides which it is.
#[test]
fn an_ambiguous_redirect_uri_is_what_the_application_says() {
    for (allow_public_client, expected) in [(false, None), (true, Some(700_025))] {
        let uri = "http://localhost/cb";
        let app = json!({"redirect_uris": {"web": [uri]}, "allow_public_client": allow_public_client});
        let lab = Lab::of(changed(json!({"apps": {"client": app}})));
        let code = lab.code(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", uri));
        let seen = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "redirect_uri", uri)));
        assert_eq!(seen.aadsts(), expected, "{}", seen.body);
    }
}

/// A client with a server and a page: the server asks for a second code, and the page redeems it (MSAL's `code` of
/// `acquireTokenByCode`).
#[test]
fn a_server_gets_a_second_code_for_its_page() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let body = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "return_spa_code", "1"))).json();
    assert_eq!(body.as_object().unwrap().keys().next_back().map(String::as_str), Some("spa_code"));
    let spa_code = body["spa_code"].as_str().unwrap();
    // a server gets nothing for it, nor does a page elsewhere, or with an address of the server
    assert_eq!(lab.post(V2_TOKEN, &form(&redeem(spa_code))).aadsts(), Some(9_002_327));
    let page = with(&with(&redeem(spa_code), "client_secret", ""), "redirect_uri", SPA);
    assert_eq!(lab.send(from_origin("https://evil.test", &form(&page))).aadsts(), Some(9_002_326));
    let server = lab.send(from_origin(SPA_ORIGIN, &form(&with(&page, "redirect_uri", REDIRECT))));
    assert_eq!(server.aadsts(), Some(500_112));
    let seen = lab.send(from_origin(SPA_ORIGIN, &form(&page)));
    assert_eq!(seen.status, 200, "{}", seen.body);
    let token = seen.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(lab.send(from_origin(SPA_ORIGIN, &form(&page))).aadsts(), Some(54_005));
    // its refresh token is a page's: it ends after a day
    lab.advance(24 * 60);
    assert_eq!(lab.send(from_origin(SPA_ORIGIN, &form(&spa_refresh(&token)))).aadsts(), Some(700_084));
}

#[test]
fn nobody_else_gets_a_second_code() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &spa(DEFAULT));
    let page = lab.send(from_origin(SPA_ORIGIN, &form(&with(&spa_redeem(&code), "return_spa_code", "1")))).json();
    assert!(page["access_token"].is_string() && page.get("spa_code").is_none());
    let lab = Lab::of(changed(json!({"apps": {"client": {"redirect_uris": {"spa": []}}}})));
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let body = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "return_spa_code", "1"))).json();
    assert!(body["access_token"].is_string() && body.get("spa_code").is_none());
}
