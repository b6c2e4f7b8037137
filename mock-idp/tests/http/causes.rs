//! Every code, really caused; and the check that refused.

use std::collections::BTreeSet;

use axum::body::Body;
use http::{Request, header};
use mock_idp::EntraErrorKind;
use serde_json::{Value, json};
use strum::IntoEnumIterator;

use crate::support::*;

/// A code, the check that refuses with it, and how it comes about.
type Cause = (u32, &'static str, fn() -> Seen);

fn authorize(path: &str, parameters: &[(&str, &str)]) -> Seen {
    Lab::new().authorize(path, parameters)
}

fn authorize_in(world: Value, path: &str, parameters: &[(&str, &str)]) -> Seen {
    Lab::of(world).authorize(path, parameters)
}

fn token(form_text: &str) -> Seen {
    Lab::new().post(V2_TOKEN, form_text)
}

/// The parameters of a request, and what a test does to them.
type Pairs<'p> = Vec<(&'p str, &'p str)>;
type Change = for<'p> fn(Pairs<'p>) -> Pairs<'p>;

/// Redeems a good code after `change` was made to the request.
fn redeemed(change: Change) -> Seen {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    lab.post(V2_TOKEN, &form(&change(redeem(&code))))
}

fn refreshed_in(
    world: Value,
    scope: &'static str,
    client_id: &'static str,
    secret: &'static str,
    redirect: &'static str,
) -> Seen {
    let lab = Lab::of(world);
    let code = lab.code(
        &format!("/{TENANT}/oauth2/v2.0/authorize"),
        &with(&with(&v2(scope), "client_id", client_id), "redirect_uri", redirect),
    );
    fn of<'p>(parameters: Vec<(&'p str, &'p str)>, client_id: &'p str, secret: &'p str) -> Vec<(&'p str, &'p str)> {
        with(&with(&parameters, "client_id", client_id), "client_secret", secret)
    }
    let path = format!("/{TENANT}/oauth2/v2.0/token");
    let body = lab.post(&path, &form(&with(&of(redeem(&code), client_id, secret), "redirect_uri", redirect))).json();
    let token = body["refresh_token"].as_str().unwrap().to_owned();
    lab.post(&path, &form(&of(refresh(&token), client_id, secret)))
}

fn signed_in(world: Value, path: &str, parameters: &[(&str, &str)], username: &str, password: &str) -> Seen {
    let lab = Lab::of(world);
    let mut browser = Browser::new(&lab);
    browser.open(path, parameters);
    browser.sign_in(username, password)
}

fn megan(world: Value, path: &str, parameters: &[(&str, &str)]) -> Seen {
    signed_in(world, path, parameters, "megan@contoso.com", PASSWORD)
}

fn with_origin(redirect: &'static str, secret: &'static str, origin: Option<&str>) -> Seen {
    let lab = Lab::new();
    let parameters = with(&with(&v2(DEFAULT), "code_challenge", CHALLENGE), "code_challenge_method", "S256");
    let code = lab.code(V2_AUTHORIZE, &with(&parameters, "redirect_uri", redirect));
    let mut request =
        post(V2_TOKEN, &form(&with(&with(&redeem(&code), "redirect_uri", redirect), "client_secret", secret)));
    if let Some(origin) = origin {
        request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
    }
    lab.send(request)
}

const CAUSES: &[Cause] = &[
    (165_900, "request.interaction", || Lab::new().post("/common/login", "loginfmt=megan@contoso.com&passwd=x")),
    (16_000, "session.present", || {
        let lab = Lab::of(changed(json!({"single_sign_on": true})));
        let mut browser = Browser::new(&lab);
        for (username, password) in [("megan@contoso.com", PASSWORD), ("nestor@fabrikam.com", "Northwind-9")] {
            browser.open(V2_AUTHORIZE, &with(&v2("openid"), "prompt", "login"));
            browser.sign_in(username, password);
        }
        browser.open(V2_AUTHORIZE, &with(&v2("openid"), "prompt", "none"))
    }),
    (28_000, "scope.well_formed", || {
        redeemed(|form| with(&form, "scope", "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation User.Read"))
    }),
    (28_003, "scope.well_formed", || {
        redeemed(|mut form| {
            form.push(("scope", ""));
            form
        })
    }),
    (50_011, "redirect_uri.registered", || {
        authorize(V1_AUTHORIZE, &with(&v1(), "redirect_uri", "https://global.consent.azure-apim.net/redirect"))
    }),
    (50_020, "user.exists", || {
        signed_in(world(), &format!("/{TENANT}/oauth2/authorize"), &v1(), "nestor@fabrikam.com", "Northwind-9")
    }),
    (50_034, "user.exists", || signed_in(world(), V1_AUTHORIZE, &v1(), "who@contoso.com", "x")),
    (50_049, "endpoint.exists", || {
        Lab::new().get("/common/discovery/instance?authorization_endpoint=https://evil.test/common/oauth2/authorize")
    }),
    (50_058, "session.present", || authorize(V1_AUTHORIZE, &with(&v1(), "prompt", "none"))),
    (50_089, "request.interaction", || {
        let lab = Lab::new();
        let mut browser = Browser::new(&lab);
        browser.open(V1_AUTHORIZE, &v1());
        lab.advance(61);
        browser.sign_in("megan@contoso.com", PASSWORD)
    }),
    (50_105, "user.assigned", || {
        megan(
            changed(json!({"apps": {"client": {"assignment_required": true, "assigned": ["admin"]}}})),
            V1_AUTHORIZE,
            &v1(),
        )
    }),
    (50_126, "user.password", || signed_in(world(), V1_AUTHORIZE, &v1(), "megan@contoso.com", "x")),
    (50_147, "code_challenge.well_formed", || {
        authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "code_challenge_method", "S256"))
    }),
    (50_194, "client.audience", || {
        authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "client_id", "9d4e2b7a-0000-4000-8000-000000000001"))
    }),
    (54_005, "code.unused", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        assert_eq!(lab.post(V2_TOKEN, &form(&redeem(&code))).status, 200);
        lab.post(V2_TOKEN, &form(&redeem(&code)))
    }),
    (65_001, "consent.granted", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
        lab.replace(changed(json!({"consents": {"client-on-server": null}})));
        lab.post(V2_TOKEN, &form(&refresh(body["refresh_token"].as_str().unwrap())))
    }),
    (65_002, "client.pre_authorized", || {
        let change = json!({"apps": {"client": {"first_party": true}, "server": {"first_party": true}}});
        megan(changed(change), V1_AUTHORIZE, &v1())
    }),
    (65_004, "consent.accepted", || {
        let lab = Lab::of(changed(json!({"consents": {"client-on-server": null}})));
        let mut browser = Browser::new(&lab);
        browser.open(V1_AUTHORIZE, &v1());
        browser.sign_in("megan@contoso.com", PASSWORD);
        browser.press("idBtn_Back", &[])
    }),
    (65_005, "resource.permitted", || {
        let lab = Lab::of(changed(
            json!({"apps": {"client": {"permissions": {"modern": null}}}, "consents": {"client-on-modern": null}}),
        ));
        let code = lab.code(V1_AUTHORIZE, &v1());
        lab.post(V1_TOKEN, &form(&with(&redeem(&code), "resource", MODERN)))
    }),
    (70_000, "refresh_token.authentic", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        lab.post(V2_TOKEN, &form(&refresh(&code)))
    }),
    (70_003, "grant_type.supported", || redeemed(|form| with(&form, "grant_type", "no_such_grant"))),
    (70_005, "response_type.supported", || authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "response_type", "none"))),
    (70_007, "response_mode.supported", || {
        authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "response_mode", "web_message"))
    }),
    (70_008, "code.current", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        lab.advance(10);
        lab.post(V2_TOKEN, &form(&redeem(&code)))
    }),
    (70_011, "scope.well_formed", || authorize(V2_AUTHORIZE, &v2("api://x/.default User.Read"))),
    (90_002, "tenant.exists", || Lab::new().post("/nobody.example/oauth2/v2.0/token", "grant_type=refresh_token")),
    (90_009, "resource.not_itself", || {
        let parameters =
            with(&with(&v1(), "client_id", SERVER), "redirect_uri", "https://server.example/.auth/login/aad/callback");
        authorize(&format!("/{TENANT}/oauth2/authorize"), &parameters)
    }),
    (90_013, "client_secret.present", || {
        let mut request = post(V2_TOKEN, &form(&redeem("x")));
        request.headers_mut().insert(header::AUTHORIZATION, basic(CLIENT, SECRET).parse().unwrap());
        Lab::new().send(request)
    }),
    (90_023, "prompt.supported", || authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "please"))),
    (90_094, "consent.granted", || {
        let change =
            json!({"tenants": {"contoso": {"user_consent": "disabled"}}, "consents": {"client-on-server": null}});
        megan(changed(change), V1_AUTHORIZE, &v1())
    }),
    (500_011, "resource.exists", || {
        authorize(&format!("/{TENANT}/oauth2/authorize"), &with(&v1(), "resource", "api://not-registered"))
    }),
    (500_112, "code.redirect_uri", || redeemed(|form| with(&form, "redirect_uri", "https://app.example/cb?x=1"))),
    (500_113, "redirect_uri.present", || {
        authorize(V1_AUTHORIZE, &with(&v1(), "client_id", "9d4e2b7a-0000-4000-8000-000000000003"))
    }),
    (501_481, "code_verifier.matches", || {
        redeemed(|form| with(&form, "code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
    }),
    (501_491, "code_challenge.well_formed", || authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "code_challenge", "short"))),
    (650_052, "resource.service_principal", || {
        let change = json!({"apps": {"server": {"service_principals": []}}});
        authorize_in(changed(change), &format!("/{TENANT}/oauth2/authorize"), &v1())
    }),
    (650_053, "scope.exists", || authorize(&format!("/{TENANT}/oauth2/v2.0/authorize"), &v2("user_impersonation"))),
    (650_057, "resource.permitted", || {
        let change =
            json!({"apps": {"client": {"permissions": {"server": null}}}, "consents": {"client-on-server": null}});
        megan(changed(change), V1_AUTHORIZE, &v1())
    }),
    (700_005, "code.client", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        lab.post("/fabrikam.com/oauth2/v2.0/token", &form(&redeem(&code)))
    }),
    (700_007, "code.client", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        lab.post("/contoso.com/oauth2/v2.0/token", &form(&with(&redeem(&code), "client_id", SERVER)))
    }),
    (700_016, "client.registered", || {
        authorize(V1_AUTHORIZE, &with(&v1(), "client_id", "9d4e2b7a-0000-4000-8000-00000000dead"))
    }),
    (700_025, "client_secret.present", || with_origin("http://localhost:1/cb", SECRET, None)),
    (700_038, "client.well_formed", || {
        token("grant_type=refresh_token&client_id=00000000-0000-0000-0000-000000000000")
    }),
    (700_051, "response_type.supported", || authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "response_type", "token"))),
    (700_054, "response_type.supported", || {
        authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "response_type", "code id_token"))
    }),
    (700_082, "refresh_token.current", || {
        let lab = Lab::new();
        let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
        let body = lab.post(V2_TOKEN, &form(&redeem(&code))).json();
        lab.advance(90 * 24 * 60);
        lab.post(V2_TOKEN, &form(&refresh(body["refresh_token"].as_str().unwrap())))
    }),
    (700_084, "refresh_token.current", || {
        let (lab, token) = spa_refresh_token();
        lab.advance(24 * 60);
        lab.send(from_origin(SPA_ORIGIN, &form(&spa_refresh(&token))))
    }),
    (900_023, "tenant.exists", || Lab::new().get("/your_tenant/v2.0/.well-known/openid-configuration")),
    (900_144, "request.parameter_present", || token("")),
    (900_561, "request.method", || Lab::new().get(V2_TOKEN)),
    (900_971, "redirect_uri.registered", || authorize(V1_AUTHORIZE, &with(&v1(), "redirect_uri", ""))),
    (901_002, "resource.accepted", || {
        let parameters = with(&v2(DEFAULT), "resource", SERVER_URI);
        authorize_in(changed(json!({"resource_parameter": "rejected"})), V2_AUTHORIZE, &parameters)
    }),
    (7_000_215, "client_secret.valid", || redeemed(|form| with(&form, "client_secret", "wrong"))),
    (7_000_218, "client_secret.present", || redeemed(|form| with(&form, "client_secret", ""))),
    (7_000_222, "client_secret.current", || redeemed(|form| with(&form, "client_secret", "an-expired-secret"))),
    (9_000_411, "request.parameter_once", || {
        authorize(V2_AUTHORIZE, &[v2(DEFAULT), vec![("scope", "openid")]].concat())
    }),
    (9_002_313, "code.authentic", || redeemed(|form| with(&form, "code", "0.AS8A-garbage"))),
    (9_002_325, "code_challenge.well_formed", || {
        authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "redirect_uri", "https://spa.example/"))
    }),
    (9_002_326, "code.origin", || with_origin(REDIRECT, SECRET, Some("https://evil.test"))),
    (9_002_327, "code.origin", || with_origin("https://spa.example/", "", None)),
    (9_002_331, "client.audience", || {
        authorize(V1_AUTHORIZE, &with(&v1(), "client_id", "9d4e2b7a-0000-4000-8000-000000000004"))
    }),
    (9_010_010, "resource.matches_scopes", || {
        authorize(
            &format!("/{TENANT}/oauth2/v2.0/authorize"),
            &with(&v2(DEFAULT), "resource", &format!("{SERVER_URI}/")),
        )
    }),
];

#[test]
fn every_code_is_really_caused_by_the_check_that_is_named_with_it() {
    for (number, check, cause) in CAUSES {
        let seen = cause();
        assert_eq!(
            (seen.aadsts(), seen.refusing()),
            (Some(*number), Some(*check)),
            "{:?}\n{}",
            seen.location(),
            seen.body
        );
        let refusal = seen.checks.refusal().unwrap();
        assert!(refusal.fix.as_ref().is_some_and(|fix| !fix.is_empty()), "{number} names no fix");
        assert!(seen.status.as_u16() < 500);
        for result in &seen.checks.0 {
            for text in [&result.expected, &result.received] {
                assert!(
                    !["", "so", "it", "one", "two"].contains(&text.as_str()),
                    "{} says only '{text}'",
                    result.check
                );
            }
        }
        let all = format!("{:?}", seen.checks);
        assert!(!all.contains(SECRET) && !all.contains(PASSWORD), "{number} shows a secret");
    }
}

/// The surface at which a code is caused is one that the table has a face for.
#[test]
fn the_table_has_a_face_for_every_cause() {
    for (number, _, cause) in CAUSES {
        let faces = EntraErrorKind::iter().find(|kind| kind.number() == *number).unwrap().faces();
        let seen = cause();
        let at_front = seen.location().is_some() || seen.body.starts_with("<!DOCTYPE html>");
        let has_face = if at_front {
            faces.front.is_some() || faces.silent.is_some()
        } else {
            faces.token.is_some() || faces.discovery.is_some()
        };
        assert!(has_face, "{number}");
    }
}

#[test]
fn no_code_of_the_table_is_without_its_cause() {
    let caused: BTreeSet<u32> = CAUSES.iter().map(|(number, ..)| *number).collect();
    let table: BTreeSet<u32> = EntraErrorKind::iter().map(EntraErrorKind::number).collect();
    assert_eq!(caused, table);
    assert_eq!(table.len(), EntraErrorKind::iter().count(), "a number stands twice in the table");
}

fn error_of(form_text: &str) -> Value {
    token(form_text).json()
}

fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

const ENVELOPE: [&str; 7] =
    ["error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id", "error_uri"];

/// Captured at a real tenant: a wrong secret.
#[test]
fn a_wrong_secret_is_answered_as_captured() {
    let seen = redeemed(|form| with(&form, "client_secret", "wrong"));
    assert_eq!(seen.status, 401);
    let body = seen.json();
    assert_eq!(names(&body), ENVELOPE);
    assert_eq!(body["error"], "invalid_client");
    assert_eq!(body["error_codes"], json!([7_000_215]));
    assert_eq!(body["error_uri"], "https://login.microsoftonline.com/error?code=7000215");
    assert_eq!(body["timestamp"], "2026-01-15 09:00:00Z");
    let ids = ["trace_id", "correlation_id"].map(|name| body[name].as_str().unwrap());
    let description = body["error_description"].as_str().unwrap();
    let tail = format!(" Trace ID: {} Correlation ID: {} Timestamp: 2026-01-15 09:00:00Z", ids[0], ids[1]);
    assert!(description.starts_with("AADSTS7000215: ") && description.ends_with(&tail), "{description}");
    assert!(description.contains(CLIENT) && !description.contains("wrong"));
    assert!(!description.contains('\n'));
}

/// Captured at a real tenant: a resource that is not there.
#[test]
fn an_unknown_resource_is_answered_as_captured() {
    let seen = redeemed(|form| with(&form, "scope", "api://not-a-registered-resource/.default"));
    assert_eq!(seen.status, 400);
    let body = seen.json();
    assert_eq!(names(&body), ENVELOPE);
    assert_eq!((&body["error"], &body["error_codes"]), (&json!("invalid_resource"), &json!([500_011])));
    assert!(body["error_description"].as_str().unwrap().contains("api://not-a-registered-resource"));
}

/// Captured at a real tenant: a client id of zeros, which no lookup page knows.
#[test]
fn a_client_id_of_zeros_is_answered_as_captured() {
    let seen = token("grant_type=refresh_token&client_id=00000000-0000-0000-0000-000000000000&refresh_token=x");
    assert_eq!(seen.status, 400);
    let body = seen.json();
    assert_eq!(names(&body), ENVELOPE[..6]);
    assert_eq!((&body["error"], &body["error_codes"]), (&json!("unauthorized_client"), &json!([700_038])));
}

/// Captured at a real tenant: a grant type that nobody serves.
#[test]
fn an_unknown_grant_type_is_answered_as_captured() {
    let body = error_of(&form(&with(&redeem("x"), "grant_type", "no_such_grant")));
    assert_eq!(names(&body), ENVELOPE[..6]);
    assert_eq!((&body["error"], &body["error_codes"]), (&json!("unsupported_grant_type"), &json!([70_003])));
    assert!(body["error_description"].as_str().unwrap().contains("'no_such_grant'"));
    for grant_type in ["client_credentials", "password"] {
        assert_eq!(error_of(&form(&with(&redeem("x"), "grant_type", grant_type)))["error"], "unsupported_grant_type");
    }
}

#[test]
fn missing_consent_tells_client_libraries_to_ask_the_user() {
    let (_, _, cause) = CAUSES.iter().find(|(number, ..)| *number == 65_001).unwrap();
    let body = cause().json();
    assert_eq!((&body["error"], &body["suberror"]), (&json!("invalid_grant"), &json!("consent_required")));
    assert_eq!(names(&body).last(), Some(&"suberror"));
}

#[test]
fn the_same_code_has_another_face_at_every_surface() {
    let lab = Lab::new();
    let discovery = lab.get("/nobody.example/v2.0/.well-known/openid-configuration");
    assert_eq!((discovery.status.as_u16(), discovery.json()["error"].as_str()), (400, Some("invalid_tenant")));
    let token = lab.post("/nobody.example/oauth2/v2.0/token", "");
    assert_eq!((token.status.as_u16(), token.json()["error"].as_str()), (400, Some("invalid_request")));
    let page = lab.authorize("/nobody.example/oauth2/v2.0/authorize", &v2(DEFAULT));
    assert_eq!((page.status.as_u16(), page.aadsts()), (200, Some(90_002)));
    assert_eq!(lab.get("/consumers/v2.0/.well-known/openid-configuration").aadsts(), Some(90_002));
}

#[test]
fn missing_parameters_are_named_one_by_one() {
    let missing = |form: &[(&str, &str)]| {
        let body = error_of(&self::form(form));
        assert_eq!(body["error_codes"], json!([900_144]), "{body}");
        body["error_description"].as_str().unwrap().to_owned()
    };
    for name in ["grant_type", "client_id", "code"] {
        assert!(missing(&with(&redeem("x"), name, "")).contains(&format!("'{name}'")), "{name}");
    }
    assert!(missing(&with(&refresh("x"), "refresh_token", "")).contains("'refresh_token'"));
    let page = |path: &str, parameters: &[(&str, &str)], name| authorize(path, &with(parameters, name, ""));
    let no_client = page(V1_AUTHORIZE, &v1(), "client_id");
    assert_eq!((no_client.aadsts(), no_client.location()), (Some(900_144), None));
    for (path, parameters, name) in
        [(V1_AUTHORIZE, v1(), "resource"), (V2_AUTHORIZE, v2(DEFAULT), "scope"), (V1_AUTHORIZE, v1(), "response_type")]
    {
        let seen = page(path, &parameters, name);
        assert_eq!(returned(&seen, "error").as_deref(), Some("invalid_request"), "{name}");
        assert!(returned(&seen, "error_description").unwrap().contains(&format!("'{name}'")));
    }
}

#[test]
fn at_common_a_resource_is_looked_for_in_the_users_tenant() {
    let seen = megan(world(), V1_AUTHORIZE, &with(&v1(), "resource", "api://not-registered"));
    assert_eq!(returned(&seen, "error").as_deref(), Some("invalid_resource"));
    assert!(returned(&seen, "error_description").unwrap().contains("Contoso"));
    let other = signed_in(world(), V1_AUTHORIZE, &v1(), "nestor@fabrikam.com", "Northwind-9");
    assert!(returned(&other, "error_description").unwrap().contains("Fabrikam"));
}

#[test]
fn an_admin_scope_needs_an_administrator() {
    let scope = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/Server.Manage";
    assert_eq!(megan(world(), V2_AUTHORIZE, &v2(scope)).aadsts(), Some(90_094));
    let seen = signed_in(world(), V2_AUTHORIZE, &v2(scope), "admin@contoso.com", "Fabrikam-Global-1");
    assert!(seen.body.contains("data-scope=\"Server.Manage\""));
}

#[test]
fn consent_that_was_withdrawn_between_code_and_token_is_missed() {
    let lab = Lab::new();
    let code = lab.code(V2_AUTHORIZE, &v2(DEFAULT));
    lab.replace(changed(json!({"consents": {"client-on-server": null}})));
    let seen = lab.post(V2_TOKEN, &form(&redeem(&code)));
    assert_eq!((seen.aadsts(), seen.refusing()), (Some(65_001), Some("consent.granted")));
    lab.replace(world());
    assert_eq!(lab.post(V2_TOKEN, &form(&redeem(&code))).status, 200, "the code was not used up");
}

#[test]
fn the_client_that_is_its_own_resource_fails_at_the_refresh_without_scope() {
    let change =
        json!({"consents": {"own": {"client": "server", "resource": "server", "scopes": ["user_impersonation"]}}});
    let redirect = "https://server.example/.auth/login/aad/callback";
    let by_uri = "api://3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation offline_access";
    let seen = refreshed_in(changed(change.clone()), by_uri, SERVER, "server-secret", redirect);
    assert_eq!(seen.aadsts(), Some(90_009));
    let by_guid = "3f8a1c2e-5b6d-4e7f-8a9b-1c2d3e4f5a6b/user_impersonation offline_access";
    assert_eq!(refreshed_in(changed(change), by_guid, SERVER, "server-secret", redirect).status, 200);
}

#[test]
fn prompt_none_is_answered_at_the_redirect_uri() {
    let seen = authorize(V2_AUTHORIZE, &with(&v2(DEFAULT), "prompt", "none"));
    assert_eq!(returned(&seen, "error").as_deref(), Some("login_required"));
    assert_eq!(returned(&seen, "state").as_deref(), Some("s"));
}

#[test]
fn the_token_endpoint_takes_post_alone() {
    let lab = Lab::new();
    for method in ["GET", "PUT", "DELETE"] {
        let seen = lab.method(method, V2_TOKEN);
        assert_eq!((seen.status.as_u16(), seen.header("allow")), (405, Some("POST, OPTIONS")), "{method}");
        assert_eq!(seen.json()["error_codes"], json!([900_561]));
    }
    for method in ["PUT", "DELETE", "TRACE"] {
        let seen = lab.method(method, V2_AUTHORIZE);
        assert_eq!((seen.status.as_u16(), seen.header("allow")), (405, Some("GET, HEAD, POST")), "{method}");
    }
}

#[test]
fn a_body_that_is_no_form_lacks_its_first_parameter() {
    let request = Request::post(V2_TOKEN)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(json!({"grant_type": "authorization_code"}).to_string()))
        .unwrap();
    let seen = Lab::new().send(request);
    assert_eq!(seen.aadsts(), Some(900_144));
    assert!(seen.body.contains("'grant_type'"));
}
