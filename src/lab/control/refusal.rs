//! Why the control API does not do what it is asked: a stable code, and what it means.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use scenarios::Problems;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: Told,
}

/// The body of a refusal.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Refused {
    error: Told,
}

/// What is told of a refusal.
#[derive(Debug, Serialize, JsonSchema)]
struct Told {
    /// What is wrong; stable.
    code: &'static str,
    /// What it means, in words.
    message: String,
    /// All that is wrong with a setup, as `entralab check` tells it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Fault>,
}

/// One thing that is wrong with a setup.
#[derive(Debug, Serialize, JsonSchema)]
struct Fault {
    /// The kind of fault; stable.
    check: &'static str,
    /// What is wrong.
    message: String,
    /// What to write instead.
    fix: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, error: Told { code, message: message.into(), problems: Vec::new() } }
    }

    /// There is nothing of this name.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "control.not_found", message)
    }

    /// What would come of it is no setup.
    pub(super) fn invalid(problems: Problems) -> Self {
        let problems: Vec<Fault> = problems
            .0
            .into_iter()
            .map(|problem| Fault { check: problem.check, message: problem.message, fix: problem.fix })
            .collect();
        let message = problems.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; ");
        let error = Told { code: "world.invalid", message, problems };
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, error }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(Refused { error: self.error })).into_response()
    }
}

/// A body that has the shape of a `T`.
pub(super) struct Sent<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let read: Result<Json<T>, JsonRejection> = Json::from_request(request, state).await;
        read.map(|Json(value)| Self(value))
            .map_err(|error| Refusal::new(error.status(), "control.body", error.body_text()))
    }
}

/// A query that has the parameters of a `T`.
pub(super) struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        read.map(|Query(value)| Self(value))
            .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, "control.query", error.body_text()))
    }
}
