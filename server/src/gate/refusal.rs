//! The answers of a gate that does not pass a request on.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, LOCATION, USER_AGENT, WWW_AUTHENTICATE};
use http::request::Parts;
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
    /// A browser came to be signed in, which this gate does not do.
    BrowserSignIn,
    /// Whether the token is good cannot be known now.
    KeysUnreachable,
    /// The upstream does not answer.
    UpstreamUnreachable,
    /// The upstream did not answer in time.
    UpstreamTimedOut,
}

/// Where browsers are sent to sign in.
const LOGIN: &str = "/.auth/login/aad";

/// What the answer depends on, of a request that is not passed on.
#[derive(Clone, Copy)]
pub(super) struct Asker {
    is_browser: bool,
    is_at_root: bool,
}

impl Asker {
    /// A browser is known by its User-Agent alone, not by what it accepts.
    pub(super) fn of(parts: &Parts) -> Self {
        let agent = parts.headers.get(USER_AGENT);
        Self {
            is_browser: agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla")),
            is_at_root: parts.uri.path() == "/",
        }
    }
}

impl Refusal {
    /// The answer: a status, a challenge where the client may try again with a token, and no body. `action` and
    /// `tenant` are the policy's.
    pub(super) fn response(
        self,
        asker: Asker,
        action: UnauthenticatedClientAction,
        tenant: Option<&str>,
        realm: &str,
        request_id: Uuid,
    ) -> Response {
        let redirects = action == UnauthenticatedClientAction::RedirectToLoginPage;
        let status = match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => match action {
                UnauthenticatedClientAction::Return403 => StatusCode::FORBIDDEN,
                UnauthenticatedClientAction::RedirectToLoginPage if asker.is_browser => StatusCode::FOUND,
                UnauthenticatedClientAction::RedirectToLoginPage
                | UnauthenticatedClientAction::Return401
                | UnauthenticatedClientAction::AllowAnonymous => StatusCode::UNAUTHORIZED,
            },
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::BrowserSignIn => StatusCode::NOT_IMPLEMENTED,
            Self::KeysUnreachable => StatusCode::SERVICE_UNAVAILABLE,
            Self::UpstreamUnreachable => StatusCode::BAD_GATEWAY,
            Self::UpstreamTimedOut => StatusCode::GATEWAY_TIMEOUT,
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                let mut challenge = format!("Bearer realm=\"{realm}\"");
                if let (true, true, Some(tenant)) = (redirects, asker.is_at_root, tenant) {
                    // A space where RFC 9110 §11.6.1 wants a comma: as captured.
                    challenge.push_str(&format!(
                        " authorization_uri=\"https://login.windows.net/{tenant}/oauth2/v2.0/authorize\""
                    ));
                }
                if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                    headers.insert(WWW_AUTHENTICATE, challenge);
                }
            }
            StatusCode::FOUND => {
                headers.insert(LOCATION, HeaderValue::from_static(LOGIN));
            }
            StatusCode::NOT_IMPLEMENTED => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
            }
            _ => {}
        }
        let comes_from_the_middleware = !matches!(self, Self::UpstreamUnreachable | Self::UpstreamTimedOut);
        if comes_from_the_middleware && let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
            headers.insert(MIDDLEWARE_REQUEST_ID, id);
        }
        if status == StatusCode::NOT_IMPLEMENTED {
            *response.body_mut() = Body::from(
                "This gate takes access tokens only. The real one would now send the browser to the identity provider and \
                 set a cookie; this one does not.\n",
            );
        }
        response
    }
}
