//! Why the control API does not do what it is asked: a stable code, what it means, and what mends it.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use scenarios::{Problems, nearest};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wire::exchange::parameters;
use wire::record::{REQUEST_LIMIT_BYTES, read_body};

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
    /// What mends it, in words.
    fix: String,
    /// All that is wrong with a setup or a body, as `entralab check` tells it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Fault>,
}

/// One thing that is wrong.
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
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { status, error: Told { code, message: message.into(), fix: fix.into(), problems: Vec::new() } }
    }

    /// There is nothing of this name.
    pub(super) fn not_found(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "control.not_found", message, fix)
    }

    /// What would come of it is no setup.
    pub(super) fn invalid(problems: Problems) -> Self {
        Self::of("world.invalid", StatusCode::UNPROCESSABLE_ENTITY, problems)
    }

    fn of(code: &'static str, status: StatusCode, problems: Problems) -> Self {
        let problems: Vec<Fault> = problems
            .0
            .into_iter()
            .map(|problem| Fault { check: problem.check, message: problem.message, fix: problem.fix })
            .collect();
        let joined = |text: fn(&Fault) -> &str| problems.iter().map(text).collect::<Vec<_>>().join("; ");
        let (message, fix) = (joined(|fault| &fault.message), joined(|fault| &fault.fix));
        Self { status, error: Told { code, message, fix, problems } }
    }

    /// What was sent has another shape than a `T`; `reason` is why it could not be read.
    fn misshapen<T: JsonSchema>(
        code: &'static str,
        status: StatusCode,
        name: &str,
        sent: &Value,
        reason: &str,
    ) -> Self {
        match scenarios::fits::<T>(sent, name) {
            Err(problems) => Self::of(code, status, problems),
            // two members of one name, say, which no schema can forbid
            Ok(()) => Self::new(status, code, format!("{name} cannot be read: {reason}"), SAYS_MORE),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(Refused { error: self.error })).into_response()
    }
}

/// Where a reader learns more.
const SAYS_MORE: &str = "/_lab/openapi.json says what there is";

/// What there is no operation for.
pub(super) async fn no_such_path(uri: Uri) -> Refusal {
    let known: Vec<String> = super::operations().into_iter().map(|operation| operation.path).collect();
    let fix = match nearest(uri.path(), known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}? {}", SAYS_MORE),
        None => SAYS_MORE.to_owned(),
    };
    Refusal::not_found(format!("the control API has nothing at {}", uri.path()), fix)
}

/// Another method than those of the path.
pub(super) async fn no_such_method(method: Method, uri: Uri) -> Refusal {
    let message = format!("{} does not answer to {method}", uri.path());
    let fix = format!("send one of the methods that the header Allow names; {}", SAYS_MORE);
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "control.method", message, fix)
}

/// A body that has the shape of a `T`.
pub(super) struct Sent<T>(pub T);

impl<T: DeserializeOwned + JsonSchema, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        const CODE: &str = "control.body";
        let body = read_body(request.into_body()).await.map_err(|status| match status {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let limit = format!("the body is larger than {} MiB", REQUEST_LIMIT_BYTES >> 20);
                Refusal::new(status, CODE, limit, "send less at a time")
            }
            status => Refusal::new(status, CODE, "the body did not come whole", "send it again"),
        })?;
        serde_json::from_slice(&body).map(Self).map_err(|error| match serde_json::from_slice(&body) {
            Ok(sent) => {
                let reason = error.to_string();
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Refusal::misshapen::<T>(CODE, status, "the body", &sent, &reason)
            }
            Err(_) if body.is_empty() => {
                Refusal::new(StatusCode::BAD_REQUEST, CODE, "the body is empty", "send a JSON document, {} at least")
            }
            Err(error) => {
                let message = format!("the body is no JSON from line {}, column {} on", error.line(), error.column());
                Refusal::new(StatusCode::BAD_REQUEST, CODE, message, "send one JSON document, in UTF-8")
            }
        })
    }
}

/// A query that has the parameters of a `T`.
pub(super) struct Asked<T>(pub T);

impl<T: DeserializeOwned + JsonSchema, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(value)| Self(value)).map_err(|error| {
            let number = |text: &str| text.parse::<u64>().map_or_else(|_| text.into(), Value::from);
            let given = parameters(parts.uri.query().unwrap_or_default());
            let given: Map<_, _> = given.into_iter().map(|(name, value)| (name, number(&value))).collect();
            Refusal::misshapen::<T>(
                "control.query",
                StatusCode::BAD_REQUEST,
                "the query",
                &given.into(),
                &error.body_text(),
            )
        })
    }
}

/// The one parameter of a path.
pub(super) struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = Path::<String>::from_request_parts(parts, state).await;
        read.map(|Path(name)| Self(name)).map_err(|_| {
            let message = format!("{} holds escapes that are no UTF-8", parts.uri.path());
            Refusal::new(StatusCode::BAD_REQUEST, "control.path", message, "percent-encode the name as UTF-8")
        })
    }
}
