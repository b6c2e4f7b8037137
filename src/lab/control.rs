//! The control API, under `/_lab` on the port of the lab's pages: what programs that hold the lab's token may do.
//!
//! - `GET /_lab/state`: the setup, in the names that the lab speaks.
//! - `GET /_lab/session`: what was done on the lab's page, for `entralab record`.
//! - `GET /_lab/trace?after=N&secrets=included`: the exchanges after number N; with placeholders for their secrets unless
//!   those are asked for.
//! - `POST /_lab/trace/numbers`: takes the number of an exchange whose request has just arrived.
//! - `POST /_lab/trace`: adds a finished exchange; number 0 takes the next one.
//! - `POST /_lab/trace/{number}/checks`: adds checks that another party made on an exchange.
//!
//! Every request brings the token as bearer, whatever its method; a body is JSON. Nothing is answered to another site.

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq;
use wire::joined_lab::{Listed, Numbered};
use wire::{Checks, Exchange, Redaction};

use super::same_page::is_of_this_page;
use crate::Lab;
use crate::recording::Session;

/// The routes of the control API; the pages around it refuse foreign host names.
pub(super) fn router(lab: &Lab) -> Router {
    Router::new()
        .route("/_lab/state", get(state))
        .route("/_lab/session", get(session))
        .route("/_lab/trace", get(list).post(record))
        .route("/_lab/trace/numbers", post(take_number))
        .route("/_lab/trace/{number}/checks", post(annotate))
        .with_state(lab.clone())
        .layer(from_fn_with_state(lab.clone(), authorize))
}

/// A refusal: a stable code, and what it means.
fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

async fn authorize(State(lab): State<Lab>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !is_of_this_page(headers) {
        return refuse(StatusCode::FORBIDDEN, "control.origin", "the control API answers no page of another site");
    }
    if !brings_token(headers, &lab.control_token) {
        let message = "expected the header Authorization: Bearer <control_token>, once; the lab's ready file and \
                       running.json in its data folder hold it";
        let refused = refuse(StatusCode::UNAUTHORIZED, "control.token", message);
        return ([(header::WWW_AUTHENTICATE, "Bearer")], refused).into_response();
    }
    if *request.method() == Method::POST && !is_json(headers) {
        let message = "expected the header Content-Type: application/json";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "control.content_type", message);
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

async fn state(State(lab): State<Lab>) -> Response {
    Json(json!({ "world": *lab.world() })).into_response()
}

async fn session(State(lab): State<Lab>) -> Response {
    Json(Session::of(&lab)).into_response()
}

/// Which part of the trace is asked for.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    secrets: Secrets,
}

#[derive(Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Secrets {
    #[default]
    Replaced,
    Included,
}

async fn list(State(lab): State<Lab>, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    let Query(Asked { after, secrets }) = match asked {
        Ok(asked) => asked,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, "control.query", &error.body_text()),
    };
    let mut exchanges = lab.trace.after(after);
    if secrets == Secrets::Replaced {
        // placeholders are numbered from the trace's beginning, as on its page
        let redaction = Redaction::of(&lab.trace.after(0));
        exchanges = exchanges.iter().map(|exchange| redaction.exchange(exchange)).collect();
    }
    Json(Listed { exchanges, last_number: lab.trace.last_number() }).into_response()
}

async fn take_number(State(lab): State<Lab>) -> Response {
    Json(Numbered { number: lab.trace.open().await }).into_response()
}

async fn record(State(lab): State<Lab>, exchange: Result<Json<Exchange>, JsonRejection>) -> Response {
    let Json(mut exchange) = match exchange {
        Ok(exchange) => exchange,
        Err(error) => return refuse(error.status(), "control.exchange", &error.body_text()),
    };
    if exchange.number == 0 {
        exchange.number = lab.trace.open().await;
    }
    let number = exchange.number;
    match lab.trace.adopt(exchange) {
        Ok(()) => Json(Numbered { number }).into_response(),
        Err(error) => refuse(StatusCode::CONFLICT, "control.number", &error.to_string()),
    }
}

async fn annotate(
    State(lab): State<Lab>,
    Path(number): Path<u64>,
    checks: Result<Json<Checks>, JsonRejection>,
) -> Response {
    match checks {
        Ok(Json(checks)) => {
            lab.trace.annotate(number, checks).await;
            Json(Numbered { number }).into_response()
        }
        Err(error) => refuse(error.status(), "control.checks", &error.body_text()),
    }
}
