//! The control API, under `/_lab` on the port of the lab's pages: what programs that hold the lab's token may do.
//!
//! [`operations`] is the one table of what there is: the router is made of it, and so is the OpenAPI document at
//! `/_lab/openapi.json`, which alone needs no token. Every other request brings the token as bearer, whatever its method; a
//! body is JSON. Nothing is answered to another site.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::same_page::is_of_this_page;
use crate::Lab;

mod clock;
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

/// The routes of the control API; the pages around it refuse foreign host names.
pub(super) fn router(lab: &Lab) -> Router {
    let mut router = Router::new();
    for Operation { path, serve, .. } in operations() {
        router = router.route(&path, serve);
    }
    router
        .with_state(lab.clone())
        .layer(from_fn_with_state(lab.clone(), authorize))
        .route(openapi::PATH, axum::routing::get(openapi::document))
}

async fn authorize(State(lab): State<Lab>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !is_of_this_page(headers) {
        let message = "the control API answers no page of another site";
        return Refusal::new(StatusCode::FORBIDDEN, "control.origin", message).into_response();
    }
    if !brings_token(headers, &lab.control_token) {
        let message = "expected the header Authorization: Bearer <control_token>, once; the lab's ready file and \
                       running.json in its data folder hold it";
        let refused = Refusal::new(StatusCode::UNAUTHORIZED, "control.token", message);
        return ([(header::WWW_AUTHENTICATE, "Bearer")], refused).into_response();
    }
    let has_body = ![Method::GET, Method::HEAD, Method::DELETE].contains(request.method());
    if has_body && !is_json(headers) {
        let message = "expected the header Content-Type: application/json";
        return Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "control.content_type", message).into_response();
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
