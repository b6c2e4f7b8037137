//! Every code, really caused; and the check that refused. Each theme has a file of its own under `causes/`.

use std::collections::BTreeSet;

use axum::body::Body;
use http::{Request, header};
use mock_idp::EntraErrorKind;
use serde_json::{Value, json};
use strum::IntoEnumIterator;

use crate::support::*;

mod assertions;
pub mod authorize;
mod claims;
mod client_credentials;
mod code_flow;
mod consent;
pub mod device;
mod on_behalf_of;
mod policy;
mod sessions;
mod tenants;
pub mod users;

/// A code, the check that refuses with it, and how it comes about. A code may have several causes.
pub type Cause = (u32, &'static str, fn() -> Seen);

/// The causes of all themes.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    [
        // a line for each theme, in the order of the modules
        assertions::CAUSES,
        authorize::CAUSES,
        claims::CAUSES,
        client_credentials::CAUSES,
        code_flow::CAUSES,
        consent::CAUSES,
        device::CAUSES,
        on_behalf_of::CAUSES,
        policy::CAUSES,
        sessions::CAUSES,
        tenants::CAUSES,
        users::CAUSES,
    ]
    .into_iter()
    .flatten()
}

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

#[test]
fn every_code_is_really_caused_by_the_check_that_is_named_with_it() {
    for (number, check, cause) in all() {
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
    }
}

/// The surface at which a code is caused is one that the table has a face for.
#[test]
fn the_table_has_a_face_for_every_cause() {
    for (number, _, cause) in all() {
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
    let caused: BTreeSet<u32> = all().map(|(number, ..)| *number).collect();
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

/// Four refusals that were captured at a real tenant in August 2026, member by member: a wrong secret, a resource that is
/// not there, a client id of zeros, and a grant type that nobody serves. No lookup page knows the codes of the last two.
#[test]
fn what_was_captured_is_answered_as_it_was_captured() {
    let lab = Lab::new();
    let good = for_itself("api://3f8a1c2e-0000-4000-8000-000000000002/.default");
    let zeros = "00000000-0000-0000-0000-000000000000";
    let nowhere = "api://not-a-registered-resource";
    let captured = [
        (("client_secret", "wrong"), 401, "invalid_client", 7_000_215, CLIENT, true),
        (("scope", "api://not-a-registered-resource/.default"), 400, "invalid_resource", 500_011, nowhere, true),
        (("client_id", zeros), 400, "unauthorized_client", 700_038, zeros, false),
        (("grant_type", "no_such_grant"), 400, "unsupported_grant_type", 70_003, "'no_such_grant'", false),
    ];
    for ((name, value), status, error, code, quoted, has_lookup) in captured {
        let seen = lab.post(TENANT_TOKEN, &form(&with(&good, name, value)));
        let body = seen.json();
        let [trace_id, correlation_id] =
            ["trace_id", "correlation_id"].map(|name| body[name].as_str().unwrap().to_owned());
        let timestamp = "2026-01-15 09:00:00Z";
        let description = body["error_description"].as_str().unwrap().to_owned();
        let mut expected = json!({
            "error": error,
            "error_description": description,
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
        });
        if has_lookup {
            expected["error_uri"] = json!(format!("https://login.microsoftonline.com/error?code={code}"));
        }
        assert_eq!((seen.status.as_u16(), seen.body.as_str()), (status, expected.to_string().as_str()));
        for id in [&trace_id, &correlation_id] {
            assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
        }
        let tail = format!(" Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}");
        let message = description.strip_prefix(&format!("AADSTS{code}: ")).unwrap().strip_suffix(&tail).unwrap();
        assert!(message.contains(quoted) && !message.contains("wrong'") && !message.contains('\n'), "{message}");
    }
}

#[test]
fn missing_consent_tells_client_libraries_to_ask_the_user() {
    let (_, _, cause) = all().find(|(number, ..)| *number == 65_001).unwrap();
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
