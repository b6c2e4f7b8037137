//! The Test tab's "Test operation": the page asks by a preflight, the gateway sends, the page reads if it may.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use scenarios::world::TestMethod;
use serde_json::{Value, json};
use wire::{Checks, Reply, SendError};

use super::Connector;
use super::inert::inert;
use super::outcomes::{TestOutcome, Verdict};
use super::renew::NoToken;
use crate::browser::fetch::{FetchError, PageRequest};
use crate::browser::{Browser, put};

impl Connector {
    /// What "Test operation" does with the connection of `user`, in `browser`.
    pub async fn test_operation(&self, browser: &mut Browser, user: &str) -> TestOutcome {
        let token = match self.usable_token(user).await {
            Ok(token) => token,
            Err(NoToken { message, aadsts, kept_back }) => {
                return TestOutcome { aadsts, kept_back, ..ended(Verdict::NoConnection, message) };
            }
        };
        let outcome = self.send_test(browser, &token.access_token, token.checks).await;
        TestOutcome { refreshed: token.refreshed, ..outcome }
    }

    async fn send_test(&self, browser: &mut Browser, access_token: &str, checks: Checks) -> TestOutcome {
        let configuration = self.configuration();
        let connector = &configuration.connector;
        let console = &connector.test_console;
        let method = match console.method {
            TestMethod::Post => Method::POST,
            TestMethod::Get => Method::GET,
        };
        let unreachable = |error: &SendError| ended(Verdict::Unreachable, error.to_string());
        let Ok(uri) = connector.server_url.parse::<Uri>() else {
            return unreachable(&SendError::NotMapped(connector.server_url.clone()));
        };
        let mut headers = HeaderMap::new();
        put(&mut headers, header::AUTHORIZATION, &format!("Bearer {access_token}"));
        if method == Method::POST {
            put(&mut headers, header::CONTENT_TYPE, "application/json");
        }
        if let Some(accept) = &console.accept {
            put(&mut headers, header::ACCEPT, accept);
        }
        let set_by_page = headers.clone();
        let request = PageRequest {
            page_origin: &console.page_origin,
            method: method.clone(),
            url: &connector.server_url,
            headers: &set_by_page,
        };
        match browser.preflight(&request).await {
            Ok(()) => {}
            Err(FetchError::Blocked(message)) => return ended(Verdict::BlockedByCors, message),
            Err(FetchError::Failed(error)) => return unreachable(&error),
        }
        put(&mut headers, header::ORIGIN, &console.page_origin);
        let body = if method == Method::POST { Bytes::from(console.body.clone()) } else { Bytes::new() };
        let reply = match self.send(method, uri, headers, body).await {
            Ok(reply) => reply,
            Err(error) => return unreachable(&error),
        };
        self.0.trace.annotate(reply.exchange, checks).await;
        match browser.may_read(&request, &reply).await {
            Err(FetchError::Blocked(message)) => ended(Verdict::BlockedByCors, message),
            Err(FetchError::Failed(error)) => unreachable(&error),
            Ok(()) => self.shown(&reply),
        }
    }

    /// What the console shows of an answer. The gateway passes JSON on, and wraps an error that is anything else.
    fn shown(&self, reply: &Reply) -> TestOutcome {
        const NOT_JSON: &str = "The response is not in a JSON format.";
        let status = reply.response.status();
        let bytes = reply.response.body();
        let text = String::from_utf8_lossy(bytes);
        let (message, body) = match serde_json::from_slice::<Value>(bytes) {
            Ok(body) => (told_by(&body), Some(body)),
            Err(_) if bytes.trim_ascii().is_empty() => (None, None),
            Err(_) if status.is_success() => (Some(NOT_JSON.to_owned()), Some(Value::String(text.into_owned()))),
            Err(_) => {
                let connector = self.configuration().connector.slug();
                let envelope = json!({ "error": {
                    "code": status.as_u16(),
                    "source": format!("{connector}.0.common.unitedstates.azure-apihub.net"),
                    "clientRequestId": self.new_id().to_string(),
                    "message": NOT_JSON,
                    "innerError": inert(&text),
                }});
                (Some(NOT_JSON.to_owned()), Some(envelope))
            }
        };
        let reason = status.canonical_reason().map(|reason| format!("{} {reason}", status.as_u16()));
        let message = message.or(reason);
        let message = match challenges(reply.response.headers()) {
            Some(challenges) if status == StatusCode::UNAUTHORIZED => {
                Some(format!("{}; WWW-Authenticate: {challenges}", message.unwrap_or_default()))
            }
            _ => message,
        };
        TestOutcome {
            status: Some(status.as_u16()),
            verdict: verdict(status),
            message,
            body,
            aadsts: None,
            refreshed: false,
            kept_back: None,
        }
    }
}

/// An outcome without an answer.
fn ended(verdict: Verdict, message: String) -> TestOutcome {
    TestOutcome {
        status: None,
        verdict,
        message: Some(message),
        body: None,
        aadsts: None,
        refreshed: false,
        kept_back: None,
    }
}

fn verdict(status: StatusCode) -> Verdict {
    match status.as_u16() {
        200..=299 | 406 => Verdict::ReachableAndAuthorized,
        401 => Verdict::Unauthorized,
        403 => Verdict::Forbidden,
        404 => Verdict::NotFound,
        500..=599 => Verdict::GatewayError,
        _ => Verdict::Other,
    }
}

/// What the server says about how to authenticate (RFC 9110 §11.6.1).
fn challenges(headers: &HeaderMap) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    Some(inert(&values.join(", "))).filter(|challenges| !challenges.is_empty())
}

/// The message of a JSON error, as JSON-RPC and most APIs have it.
fn told_by(body: &Value) -> Option<String> {
    let message = body.pointer("/error/message").or_else(|| body.get("message"))?;
    message.as_str().map(inert)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_verdict() {
        for (status, expected) in [
            (200, Verdict::ReachableAndAuthorized),
            (202, Verdict::ReachableAndAuthorized),
            (307, Verdict::Other),
            (400, Verdict::Other),
            (401, Verdict::Unauthorized),
            (403, Verdict::Forbidden),
            (404, Verdict::NotFound),
            (405, Verdict::Other),
            (406, Verdict::ReachableAndAuthorized),
            (502, Verdict::GatewayError),
        ] {
            assert_eq!(verdict(StatusCode::from_u16(status).unwrap()), expected, "{status}");
        }
    }

    #[test]
    fn the_message_of_a_json_error_is_found() {
        assert_eq!(told_by(&json!({"error": {"message": "Not Acceptable"}})).as_deref(), Some("Not Acceptable"));
        assert_eq!(told_by(&json!({"message": "no"})).as_deref(), Some("no"));
        assert_eq!(told_by(&json!(["message"])), None);
        assert_eq!(told_by(&json!({"error": "text"})), None);
    }
}
