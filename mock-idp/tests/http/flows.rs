//! The ways that work.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, header};
use serde_json::{Value, json};

use crate::support::*;

fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_v1_connector_gets_v1_tokens_as_strings() {
    let lab = Lab::new();
    let code = lab.code(V1_AUTHORIZE, &v1());
    let seen = lab.post(V1_TOKEN, &form(&redeem(&code)));
    assert_eq!(seen.status, 200, "{}", seen.body);
    let body = seen.json();
    assert_eq!(
        names(&body),
        [
            "token_type",
            "scope",
            "expires_in",
            "ext_expires_in",
            "expires_on",
            "not_before",
            "resource",
            "access_token",
            "refresh_token",
            "id_token"
        ]
    );
    assert!(body.as_object().unwrap().values().all(Value::is_string));
    assert_eq!(body["expires_in"], "3599");
    assert_eq!(body["resource"], SERVER_URI);
    assert_eq!(body["scope"], "user_impersonation");

    let token = body["access_token"].as_str().unwrap();
    let claims = claims(token);
    assert_eq!(claims["aud"], SERVER_URI);
    assert_eq!(claims["iss"], format!("https://sts.windows.net/{TENANT}/"));
    assert_eq!(claims["appid"], CLIENT);
    assert_eq!(claims["appidacr"], "1");
    assert_eq!(claims["scp"], "user_impersonation");
    assert_eq!(claims["oid"], MEGAN);
    assert_eq!(claims["ver"], "1.0");
    assert_eq!(claims["upn"], "megan@contoso.com");
    let now = lab.clock.now().as_second();
    assert_eq!(claims["iat"], now - 300);
    assert_eq!(claims["nbf"], now - 300);
    assert_eq!(claims["exp"], now + 3600);
    let header = jose_header(token);
    assert_eq!(names(&header), ["typ", "alg", "x5t", "kid"]);
    assert_eq!(header["x5t"], header["kid"]);
    let id_token = self::claims_of(&body, "id_token");
    assert_eq!(id_token["aud"], CLIENT);
    assert_eq!(id_token["iss"], format!("https://sts.windows.net/{TENANT}/"));
    assert_ne!(id_token["sub"], claims["sub"], "a subject is pairwise");
}

fn claims_of(body: &Value, member: &str) -> Value {
    claims(body[member].as_str().unwrap())
}

#[test]
fn a_v2_client_gets_numbers_and_what_it_asked_for() {
    let lab = Lab::new();
    let scope = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation openid profile email offline_access";
    let parameters = with(&with(&v2(scope), "nonce", "n-1"), "client_info", "1");
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &parameters);
    let seen = browser.sign_in(" Megan@Contoso.com ", PASSWORD);
    let location = seen.location().unwrap();
    assert!(location.ends_with('#') && location.starts_with(REDIRECT), "{location}");
    assert_eq!(returned(&seen, "state").as_deref(), Some("s"));
    assert!(returned(&seen, "session_state").is_some());
    let code = returned(&seen, "code").unwrap();
    let body = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "client_info", "1"))).json();
    assert_eq!(
        names(&body),
        [
            "token_type",
            "scope",
            "expires_in",
            "ext_expires_in",
            "access_token",
            "refresh_token",
            "id_token",
            "client_info"
        ]
    );
    assert_eq!(body["expires_in"], 3599);
    assert_eq!(body["scope"], format!("{SERVER_URI}/user_impersonation email openid profile"));
    let client_info: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body["client_info"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(client_info, json!({"uid": MEGAN, "utid": TENANT}));
    assert_eq!(returned(&seen, "client_info").as_deref(), body["client_info"].as_str());
    let id_token = claims_of(&body, "id_token");
    assert_eq!(id_token["iss"], format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    assert_eq!(id_token["nonce"], "n-1");
    assert_eq!(id_token["email"], "megan@contoso.com");
    assert_eq!(id_token["ver"], "2.0");
    assert_eq!(claims_of(&body, "access_token")["ver"], "1.0", "the resource chooses the version");
}

#[test]
fn the_resource_chooses_version_2() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2("3f8a1c2e-0000-4000-8000-000000000002/.default"));
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    assert_eq!(names(&body), ["token_type", "scope", "expires_in", "ext_expires_in", "access_token"]);
    assert_eq!(body["scope"], format!("{MODERN}/.default {MODERN}/Things.Read"));
    let token = body["access_token"].as_str().unwrap();
    let claims = claims(token);
    assert_eq!(claims["aud"], MODERN);
    assert_eq!(claims["iss"], format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    assert_eq!(claims["azp"], CLIENT);
    assert_eq!(claims["azpacr"], "1");
    assert_eq!(names(&jose_header(token)), ["typ", "alg", "kid"]);
    for name in [
        "aud",
        "iss",
        "iat",
        "nbf",
        "exp",
        "aio",
        "azp",
        "azpacr",
        "name",
        "oid",
        "preferred_username",
        "rh",
        "scp",
        "sub",
        "tid",
        "uti",
        "ver",
    ] {
        assert!(claims.get(name).is_some(), "{name}");
    }
    assert_eq!(claims["sub"].as_str().unwrap().len(), 43);
}

#[test]
fn the_scopes_of_openid_connect_alone_give_a_graph_token() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2("openid profile"));
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    assert_eq!(body["scope"], "email openid profile", "all that is granted, as the token has it");
    let claims = claims_of(&body, "access_token");
    assert_eq!(claims["aud"], "https://graph.microsoft.com");
    assert_eq!(claims["scp"], "email openid profile");
    assert!(body.get("refresh_token").is_none());
}

#[test]
fn tokens_verify_with_the_published_key() {
    let lab = Lab::new();
    let code = lab.code(V1_AUTHORIZE, &v1());
    let body = lab.post(V1_TOKEN, &form(&redeem(&code))).json();
    let token = body["access_token"].as_str().unwrap();
    let keys = lab.get("/common/discovery/v2.0/keys").json();
    let kid = &jose_header(token)["kid"];
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == *kid).unwrap();
    let mut jwk = josekit::jwk::Jwk::new("RSA");
    for name in ["n", "e"] {
        jwk.set_parameter(name, Some(key[name].clone())).unwrap();
    }
    let verifier = josekit::jws::RS256.verifier_from_jwk(&jwk).unwrap();
    assert!(josekit::jws::deserialize_compact(token, &verifier).is_ok());
}

#[test]
fn a_refresh_token_lives_on_and_slides() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    let first = body["refresh_token"].as_str().unwrap().to_owned();
    lab.advance(70);
    let again = lab.post(V2_TOKEN, &form(&refresh(&first))).json();
    let second = again["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(claims_of(&again, "access_token")["aud"], SERVER_URI, "without scope the resource stays");
    assert_eq!(claims_of(&again, "access_token")["exp"], lab.clock.now().as_second() + 3600);
    assert_eq!(lab.post(V2_TOKEN, &form(&refresh(&first))).status, 200, "the old one stays valid");
    lab.advance(89 * 24 * 60);
    assert_eq!(lab.post(V2_TOKEN, &form(&refresh(&second))).status, 200);
    lab.advance(2 * 24 * 60);
    let expired = lab.post(V2_TOKEN, &form(&refresh(&second)));
    assert_eq!(expired.aadsts(), Some(700_082));
}

#[test]
fn a_refresh_token_serves_every_consented_resource() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    let token = body["refresh_token"].as_str().unwrap();
    let scope = format!("api://{MODERN}/Things.Read");
    let other = lab.post(V2_TOKEN, &form(&with(&refresh(token), "scope", &scope))).json();
    assert_eq!(claims_of(&other, "access_token")["aud"], MODERN);
    let by_resource = lab.post(V1_TOKEN, &form(&with(&refresh(token), "resource", MODERN))).json();
    assert_eq!(claims_of(&by_resource, "access_token")["scp"], "Things.Read");
}

#[test]
fn a_code_and_a_refresh_token_are_readable_and_hold_no_secret() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    assert_eq!(jose_header(&code), json!({"typ": "entralab-code+jwt", "alg": "HS256"}));
    let content = claims(&code);
    assert_eq!(content["client_id"], CLIENT);
    assert_eq!(content["redirect_uri"], REDIRECT);
    assert_eq!(content["resources"][0]["scopes"], json!([".default"]));
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    let refresh_token = body["refresh_token"].as_str().unwrap();
    assert_eq!(jose_header(refresh_token)["typ"], "entralab-refresh+jwt");
    for sealed in [&code, refresh_token] {
        let text = claims(sealed).to_string();
        assert!(!text.contains(SECRET) && !text.contains(PASSWORD));
    }
}

#[test]
fn pkce_verifies_and_a_wrong_verifier_does_not_use_the_code_up() {
    let lab = Lab::new();
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let parameters = with(&with(&v2(DEFAULT), "code_challenge", challenge), "code_challenge_method", "S256");
    let code = lab.code(V2_AUTHORIZE, &parameters);
    let wrong = lab.post(V2_TOKEN, &form(&with(&redeem(&code), "code_verifier", challenge)));
    assert_eq!(wrong.aadsts(), Some(501_481));
    let right = with(&redeem(&code), "code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_eq!(lab.post(V2_TOKEN, &form(&right)).status, 200);
}

#[test]
fn a_public_client_redeems_without_a_secret_at_any_loopback_port() {
    let lab = Lab::new();
    let redirect = "http://localhost:49152/cb";
    let code = lab.code(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", redirect));
    let request = with(&with(&redeem(&code), "redirect_uri", redirect), "client_secret", "");
    let body = lab.post(V2_TOKEN, &form(&request)).json();
    assert_eq!(claims_of(&body, "access_token")["appidacr"], "0");
}

#[test]
fn a_single_page_application_redeems_from_its_origin() {
    let lab = Lab::new();
    let redirect = "https://spa.example/";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let parameters = with(&with(&v2(DEFAULT), "code_challenge", challenge), "code_challenge_method", "S256");
    let code = lab.code(V2_AUTHORIZE, &with(&parameters, "redirect_uri", redirect));
    let request = with(&with(&redeem(&code), "redirect_uri", redirect), "client_secret", "");
    let request = with(&request, "code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let mut request = post(V2_TOKEN, &form(&request));
    request.headers_mut().insert(header::ORIGIN, "https://spa.example".parse().unwrap());
    let seen = lab.send(request);
    assert_eq!(seen.status, 200, "{}", seen.body);
    assert_eq!(seen.header("access-control-allow-origin"), Some("https://spa.example"));
}

#[test]
fn fragment_and_form_post_carry_the_code_too() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "response_mode", "fragment"));
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    assert!(seen.location().unwrap().starts_with(&format!("{REDIRECT}#code=")));

    browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "response_mode", "form_post"));
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    assert_eq!((seen.status.as_u16(), seen.location()), (200, None));
    let posted = browser.form_of("idSIButton9");
    assert_eq!(posted.action, REDIRECT);
    assert_eq!(posted.fields["state"], "s");
    let policy = seen.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action https://global.consent.azure-apim.net;"), "{policy}");
    assert_eq!(lab.post(V2_TOKEN, &form(&redeem(&posted.fields["code"]))).status, 200);
}

#[test]
fn an_authorize_request_may_be_posted() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    browser.send(post(V2_AUTHORIZE, &form(&v2(DEFAULT))));
    assert!(returned(&browser.sign_in("megan@contoso.com", PASSWORD), "code").is_some());
}

#[test]
fn nobody_granted_and_the_user_consents_on_the_page() {
    let lab = Lab::of(changed(
        json!({"consents": {"client-on-graph": null, "client-on-server": null, "client-on-modern": null}}),
    ));
    let mut browser = Browser::new(&lab);
    browser.open(V1_AUTHORIZE, &v1());
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    assert_eq!(seen.status, 200);
    for text in [
        "copilot-studio-client",
        "published by Contoso",
        "global.consent.azure-apim.net",
        "Access the server",
        "Things.Read",
    ] {
        assert!(seen.body.contains(text), "{text}: {}", seen.body);
    }
    assert!(!seen.body.contains("on behalf of your organization"));
    let seen = browser.press("idSIButton9", &[]);
    let code = returned(&seen, "code").unwrap();
    assert_eq!(lab.post(V1_TOKEN, &form(&redeem(&code))).status, 200);
    // remembered, also when the world is swapped
    lab.replace(changed(
        json!({"consents": {"client-on-graph": null, "client-on-server": null, "client-on-modern": null}}),
    ));
    lab.code(V1_AUTHORIZE, &v1());
    // for this user only
    let mut other = Browser::new(&lab);
    other.open(V1_AUTHORIZE, &v1());
    let seen = other.sign_in("admin@contoso.com", "Fabrikam-Global-1");
    assert!(seen.body.contains("on behalf of your organization (Contoso)"));
}

#[test]
fn an_administrator_consents_for_everyone() {
    let lab = Lab::of(changed(json!({
        "tenants": {"contoso": {"user_consent": "disabled"}},
        "consents": {"client-on-graph": null, "client-on-server": null, "client-on-modern": null},
    })));
    let mut browser = Browser::new(&lab);
    browser.open(V1_AUTHORIZE, &v1());
    browser.sign_in("admin@contoso.com", "Fabrikam-Global-1");
    let seen = browser.press("idSIButton9", &[("forEveryone", "true")]);
    assert!(returned(&seen, "code").is_some());
    lab.code(V1_AUTHORIZE, &v1());
}

#[test]
fn any_grant_on_the_resource_is_enough_for_default() {
    let lab = Lab::of(changed(
        json!({"apps": {"client": {"permissions": {"server": {"scopes": ["user_impersonation", "Server.Manage"]}}}}}),
    ));
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
    assert_eq!(claims_of(&body, "access_token")["scp"], "user_impersonation", "what was granted, not what is listed");
}

#[test]
fn prompt_consent_asks_again() {
    let lab = Lab::new();
    let mut browser = Browser::new(&lab);
    browser.open(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "consent"));
    let seen = browser.sign_in("megan@contoso.com", PASSWORD);
    assert!(seen.body.contains("Permissions requested"));
    assert!(returned(&browser.press("idSIButton9", &[]), "code").is_some());
}

#[test]
fn tokens_of_a_local_lab_name_its_own_issuers() {
    let origin = "https://localhost:8443".to_owned();
    let lab =
        Lab::at(world(), Origins { login: origin.clone(), sts: origin.clone(), graph: origin, ..Origins::cloud() });
    let code = lab.code(V1_AUTHORIZE, &v1());
    let body = lab.post(V1_TOKEN, &form(&redeem(&code))).json();
    assert_eq!(claims_of(&body, "access_token")["iss"], format!("https://localhost:8443/{TENANT}/"));
    assert_eq!(claims_of(&body, "id_token")["iss"], format!("https://localhost:8443/{TENANT}/"));
    assert_eq!(lab.get("/common/discovery/keys").header("strict-transport-security"), None);
}

#[test]
fn two_labs_of_one_seed_answer_alike() {
    let run = || {
        let lab = Lab::new();
        let code = lab.code(V1_AUTHORIZE, &v1());
        lab.post(V1_TOKEN, &form(&redeem(&code))).body
    };
    assert_eq!(run(), run());
}

#[test]
fn a_correlation_id_comes_back_where_asked_for() {
    let lab = Lab::new();
    let id = "11111111-2222-4333-8444-555555555555";
    let request = Request::post(V2_TOKEN)
        .header("client-request-id", id)
        .header("return-client-request-id", "true")
        .body(Body::empty())
        .unwrap();
    let seen = lab.send(request);
    assert_eq!(seen.header("client-request-id"), Some(id));
    assert_eq!(seen.json()["correlation_id"], id);
    assert_eq!(seen.header("x-ms-request-id"), seen.json()["trace_id"].as_str());
}

use mock_idp::Origins;

/// The scopes that a v2 answer names are those of its access token's `scp`, and for other resources than Microsoft Graph
/// the scopes of OpenID Connect besides, of which an id token comes.
#[test]
fn the_scopes_of_the_answer_are_those_of_the_token() {
    let granted = json!({"consents": {"client-on-graph": {"scopes": ["openid", "profile", "email", "User.Read"]}}});
    let lab = Lab::of(changed(granted));
    let agree = |body: &Value| {
        let claims = claims(body["access_token"].as_str().unwrap());
        let is_graph = claims["aud"].as_str().unwrap().contains("graph.microsoft.com");
        let short = |scope: &str| scope.rsplit_once('/').map_or(scope, |(_, name)| name).to_owned();
        let is_oidc = |scope: &String| ["openid", "profile", "email"].contains(&scope.as_str());
        let mut answered: Vec<String> = body["scope"].as_str().unwrap().split(' ').map(short).collect();
        answered.retain(|scope| scope != ".default" && (is_graph || !is_oidc(scope)));
        answered.sort();
        let mut of_token: Vec<String> = claims["scp"].as_str().unwrap().split(' ').map(str::to_owned).collect();
        of_token.sort();
        assert_eq!(answered, of_token, "{}", body["scope"]);
    };
    for scope in [
        "openid",
        "openid offline_access",
        "User.Read",
        "https://graph.microsoft.com/User.Read openid profile",
        "https://graph.microsoft.com/.default offline_access",
        DEFAULT,
        "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation openid offline_access",
    ] {
        let code = lab.code(V2_AUTHORIZE, &v2(scope));
        let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
        agree(&body);
        let Some(token) = body["refresh_token"].as_str() else { continue };
        for scope in ["", "openid", "openid profile", "User.Read email", DEFAULT] {
            let seen = lab.post(V2_TOKEN, &form(&with(&refresh(token), "scope", scope)));
            assert_eq!(seen.status, 200, "{}", seen.body);
            agree(&seen.json());
        }
    }
}
