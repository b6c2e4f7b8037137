//! The answers of a gate that does not pass a request on.

use axum::body::Body;
use axum::response::Response;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderName, HeaderValue, StatusCode};
use scenarios::world::UnauthenticatedClientAction;
use uuid::Uuid;

const MIDDLEWARE_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-middleware-request-id");

/// Why a request is not passed on; the checks say more than the caller learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request cannot be read in one way only.
    Malformed,
    /// Nobody is signed in, or not by a token that is good here.
    Unauthenticated,
    /// Somebody is signed in whom the policy does not allow.
    Forbidden,
    /// Whether the token is good cannot be known now.
    KeysUnreachable,
    /// The upstream does not answer.
    UpstreamUnreachable,
    /// The upstream did not answer in time.
    UpstreamTimedOut,
}

impl Refusal {
    /// The answer: a status, a challenge where the client may try again with a token, and no body.
    pub(super) fn response(self, action: UnauthenticatedClientAction, realm: &str, request_id: Uuid) -> Response {
        let status = match (self, action) {
            (Self::Malformed, _) => StatusCode::BAD_REQUEST,
            (Self::Unauthenticated, UnauthenticatedClientAction::Return401) => StatusCode::UNAUTHORIZED,
            (Self::Unauthenticated, UnauthenticatedClientAction::Return403) | (Self::Forbidden, _) => {
                StatusCode::FORBIDDEN
            }
            (Self::KeysUnreachable, _) => StatusCode::SERVICE_UNAVAILABLE,
            (Self::UpstreamUnreachable, _) => StatusCode::BAD_GATEWAY,
            (Self::UpstreamTimedOut, _) => StatusCode::GATEWAY_TIMEOUT,
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED
            && let Ok(challenge) = HeaderValue::from_str(&format!("Bearer realm=\"{realm}\""))
        {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        let comes_from_the_middleware = !matches!(self, Self::UpstreamUnreachable | Self::UpstreamTimedOut);
        if comes_from_the_middleware && let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
            headers.insert(MIDDLEWARE_REQUEST_ID, id);
        }
        response
    }
}
