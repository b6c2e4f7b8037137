//! The control API, under `/_lab` on the port of the lab's pages: what programs that hold the lab's token may do.
//!
//! `operations` is the one table of what there is: the router is made of it, and so is the OpenAPI document at
//! `/_lab/openapi.json`, which alone needs no token. Every other request brings the token as bearer, whatever its method; a
//! body is JSON. Nothing is answered to another site.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use subtle::ConstantTimeEq;

use super::same_page::{is_for_this_machine, is_of_this_page};
use crate::Lab;

mod clock;
mod consent_requests;
mod explanation;
mod faults;
mod keys;
mod openapi;
mod operation;
mod refusal;
mod setup;
mod things;
mod tokens;
mod trace;

use operation::Operation;
use refusal::Refusal;

/// Everything that the API can do, in the order of its document.
fn operations() -> Vec<Operation> {
    [
        setup::operations(),
        things::operations(),
        consent_requests::operations(),
        clock::operations(),
        faults::operations(),
        keys::operations(),
        tokens::operations(),
        trace::operations(),
        explanation::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The routes of the control API, and what answers for all that is not among them.
pub(super) fn router(lab: &Lab) -> Router {
    let mut router = Router::new();
    for Operation { path, serve, .. } in operations() {
        router = router.route(&path, serve);
    }
    router
        .with_state(lab.clone())
        .route_layer(from_fn_with_state(lab.clone(), authorize))
        .route(openapi::PATH, get(openapi::document))
        .route("/_lab", any(refusal::no_such_path))
        .route("/_lab/{*path}", any(refusal::no_such_path))
        .method_not_allowed_fallback(refusal::no_such_method)
        .route_layer(from_fn(keep_strangers_out))
}

/// Refuses foreign host names (DNS rebinding), and requests of other sites.
async fn keep_strangers_out(request: Request, next: Next) -> Response {
    let refused =
        |code, message: &str, fix: &str| Refusal::new(StatusCode::FORBIDDEN, code, message, fix).into_response();
    if !is_for_this_machine(&request) {
        let message = "the control API answers to localhost, 127.0.0.1 and [::1] only";
        return refused("control.host", message, "use the address that the lab's ready file has as `lab`");
    }
    if !is_of_this_page(&request) {
        let message = "the control API answers no page of another site";
        return refused("control.origin", message, "ask from a program, without Origin and Sec-Fetch-Site");
    }
    next.run(request).await
}

async fn authorize(State(lab): State<Lab>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !brings_token(headers, &lab.control_token) {
        let message = "the control token is missing, or it is another lab's";
        let fix = "send the header Authorization: Bearer <control_token>, once; the lab's ready file and running.json in \
                   its data folder hold it";
        let refused = Refusal::new(StatusCode::UNAUTHORIZED, "control.token", message, fix);
        return ([(header::WWW_AUTHENTICATE, "Bearer")], refused).into_response();
    }
    let has_body = ![Method::GET, Method::HEAD, Method::DELETE].contains(request.method());
    if has_body && !is_json(headers) {
        let message = "the body is not declared as JSON";
        let fix = "send the header Content-Type: application/json";
        let refused = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "control.content_type", message, fix);
        return refused.into_response();
    }
    next.run(request).await
}

/// Whether there is one Authorization header, and it holds `token`; compared in constant time.
fn brings_token(headers: &HeaderMap, token: &str) -> bool {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return false };
    let Some((scheme, brought)) = value.to_str().ok().and_then(|value| value.split_once(' ')) else { return false };
    scheme.eq_ignore_ascii_case("bearer") && bool::from(brought.as_bytes().ct_eq(token.as_bytes()))
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
