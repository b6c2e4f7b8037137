//! What rmcp decided, as named checks and as JSON.

use axum::body::Body;
use axum::response::Response;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, LOCATION, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use scenarios::world::{ErrorBodies, NotificationAnswer, NullNotificationId, TrailingSlash};
use serde_json::{Value, json};
use wire::{Check, Checks};

use super::{Endpoint, messages};

/// Codes of JSON-RPC 2.0 §5.1.
const PARSE_ERROR: i32 = -32_700;
const INVALID_REQUEST: i32 = -32_600;
const METHOD_NOT_FOUND: i32 = -32_601;
const INTERNAL_ERROR: i32 = -32_603;

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// What somebody hears who comes past the gate.
pub(super) const NOT_THROUGH_GATE: &str = "Forbidden: only the gate may ask here";

/// What a request asked, as far as checks show it.
pub(super) struct Asked {
    /// Whether it brought the gate's secret; none where nobody has to.
    came_through_gate: Option<bool>,
    method: String,
    path: String,
    host: String,
    origin: String,
    accept: String,
    content_type: String,
    body: &'static str,
    is_notification: bool,
    has_null_id: bool,
    protocol_version: String,
    /// The code of a refusal of the body.
    body_code: i32,
}

/// A refusal in rmcp's manner: a status and words in plain text.
pub(super) fn refuse(status: StatusCode, words: &'static str) -> Response {
    let mut response = Response::new(Body::from(words));
    *response.status_mut() = status;
    response
}

/// A redirect to the endpoint, with the method and body that came (RFC 9110 §15.4.8).
pub(super) fn redirect(path: &str) -> Response {
    let mut response = refuse(StatusCode::TEMPORARY_REDIRECT, "");
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(LOCATION, path);
    }
    response
}

/// Tells by the answer itself which check refused, so that no rule of rmcp's is repeated here, and makes JSON of plain
/// text, if that is wanted.
///
/// No check refused where the answer is an error of the protocol, such as an unknown method.
pub(super) async fn judge(answer: Response, asked: &Asked, errors: ErrorBodies) -> (Response, Option<Check>) {
    if answer.status().is_redirection() {
        return (answer, Some(Check::PathServed));
    }
    if !answer.status().is_client_error() && !answer.status().is_server_error() {
        return (answer, None);
    }
    let (mut parts, body) = answer.into_parts();
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let content_type = parts.headers.get(CONTENT_TYPE);
    if content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/json")) {
        let error: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let check = match parts.status {
            StatusCode::BAD_REQUEST => {
                refused_check(parts.status, error["error"]["message"].as_str().unwrap_or_default())
            }
            _ => None,
        };
        return (Response::from_parts(parts, Body::from(bytes)), check);
    }
    let words = String::from_utf8_lossy(&bytes);
    let check = refused_check(parts.status, &words);
    if errors == ErrorBodies::Plain {
        parts.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain; charset=utf-8"));
        return (Response::from_parts(parts, Body::from(bytes)), check);
    }
    let code = match check {
        Some(Check::BodyJsonRpc) => asked.body_code,
        _ if parts.status.is_server_error() => INTERNAL_ERROR,
        _ => INVALID_REQUEST,
    };
    let error = json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": words}});
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (Response::from_parts(parts, Body::from(error.to_string())), check)
}

/// The check that refused, from the status and words of rmcp 3.11.
fn refused_check(status: StatusCode, message: &str) -> Option<Check> {
    match status {
        StatusCode::NOT_FOUND => Some(Check::PathServed),
        StatusCode::FORBIDDEN if message == NOT_THROUGH_GATE => Some(Check::GateSecret),
        StatusCode::FORBIDDEN if message.contains("Origin header") => Some(Check::OriginAllowed),
        StatusCode::FORBIDDEN => Some(Check::HostAllowed),
        StatusCode::METHOD_NOT_ALLOWED => Some(Check::MethodServed),
        StatusCode::NOT_ACCEPTABLE => Some(Check::AcceptBoth),
        StatusCode::UNSUPPORTED_MEDIA_TYPE if message.starts_with("Unsupported Media Type") => {
            Some(Check::ContentTypeJson)
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::PAYLOAD_TOO_LARGE => Some(Check::BodyJsonRpc),
        StatusCode::BAD_REQUEST if message.contains("Host header") => Some(Check::HostAllowed),
        StatusCode::BAD_REQUEST if message.contains("JSON-RPC responses") => Some(Check::BodyJsonRpc),
        StatusCode::BAD_REQUEST => Some(Check::ProtocolVersion),
        _ => None,
    }
}

impl Asked {
    pub(super) fn of(parts: &Parts, body: &[u8], came_through_gate: Option<bool>) -> Self {
        let header = |name| shown(&parts.headers, name);
        let is_json = messages::is_json(body);
        Self {
            came_through_gate,
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            host: match (header(HOST), parts.uri.authority()) {
                (None, Some(authority)) => authority.to_string(),
                (host, _) => host.unwrap_or_else(|| "no Host header".to_owned()),
            },
            origin: header(ORIGIN).unwrap_or_else(|| "no Origin header".to_owned()),
            accept: header(ACCEPT).unwrap_or_else(|| "no Accept header".to_owned()),
            content_type: header(CONTENT_TYPE).unwrap_or_else(|| "no Content-Type header".to_owned()),
            body: match (body.is_empty(), is_json) {
                (true, _) => "an empty body",
                (false, true) => "JSON",
                (false, false) => "a body that is not JSON",
            },
            is_notification: messages::is_notification(body),
            has_null_id: messages::without_null_id(body).is_some(),
            protocol_version: header(PROTOCOL_VERSION).unwrap_or_else(|| "no MCP-Protocol-Version header".to_owned()),
            body_code: if is_json { INVALID_REQUEST } else { PARSE_ERROR },
        }
    }

    /// The answer to a notification that was accepted, as this server gives it; any other answer as it is.
    pub(super) fn notified(&self, answer: Response, wanted: NotificationAnswer) -> Response {
        if !self.is_notification || answer.status() != StatusCode::ACCEPTED {
            return answer;
        }
        let body = match wanted {
            NotificationAnswer::Empty => return answer,
            NotificationAnswer::Result => json!({"jsonrpc": "2.0", "id": null, "result": {}}),
            NotificationAnswer::Error => {
                let error = json!({"code": METHOD_NOT_FOUND, "message": "Method not found"});
                json!({"jsonrpc": "2.0", "id": null, "error": error})
            }
        };
        let mut answer = Response::new(Body::from(body.to_string()));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer
    }

    /// The checks in the order in which they are made, up to the one that refused.
    pub(super) fn checks(&self, endpoint: &Endpoint, refused: Option<Check>) -> Checks {
        let hosts = endpoint.allowed_hosts.join(", ");
        let origins = endpoint.allowed_origins.as_ref().map(|origins| origins.join(", "));
        let through_gate = (
            Check::GateSecret,
            "the secret that the gate of this lab adds",
            if self.came_through_gate == Some(true) { "that secret" } else { "none, or another" },
            "connector.server_url: ask the gate, whose address is gate.url, and not the port behind it",
        );
        let made: [(Check, &str, &str, &str); 8] = [
            (Check::PathServed, &endpoint.mcp.path, &self.path, self.path_fix(endpoint)),
            (
                Check::HostAllowed,
                &hosts,
                &self.host,
                "mcp.allowed_hosts must list the host of gate.url (rmcp: StreamableHttpServerConfig.allowed_hosts)",
            ),
            (
                Check::OriginAllowed,
                origins.as_deref().unwrap_or("any origin, or none"),
                &self.origin,
                "mcp.allowed_origins must list the origin, or gate.cors.allowed_origins, where the server takes its list \
                 from (rmcp: StreamableHttpServerConfig.allowed_origins)",
            ),
            (
                Check::MethodServed,
                "POST",
                &self.method,
                match self.method.as_str() {
                    "OPTIONS" => {
                        "gate.cors (portal: Container App > Networking > CORS): preflights are answered in front of the \
                         server, which knows POST only"
                    }
                    _ => "send POST: without sessions there is no stream to GET (connector.test_console.method)",
                },
            ),
            (
                Check::AcceptBoth,
                "application/json and text/event-stream",
                &self.accept,
                "send Accept: application/json, text/event-stream (connector.test_console.accept); the Test tab sends \
                 none, the agent's runtime does, so in the Test tab this refusal shows that the way up to here works",
            ),
            (Check::ContentTypeJson, "application/json", &self.content_type, "send Content-Type: application/json"),
            self.body_check(endpoint),
            (
                Check::ProtocolVersion,
                "no header, or a version that the server speaks and the body agrees with",
                &self.protocol_version,
                "leave MCP-Protocol-Version out, or send the version that initialize answered \
                 (connector.handshake.session_and_version_headers)",
            ),
        ];
        let mut checks = Checks::default();
        let first = self.came_through_gate.is_some().then_some(through_gate);
        for (check, expected, received, fix) in first.into_iter().chain(made) {
            if refused == Some(check) {
                checks.refuse(check, expected, received, fix);
                break;
            }
            checks.pass(check, expected, received);
        }
        checks
    }

    fn path_fix(&self, endpoint: &Endpoint) -> &'static str {
        let differs_by_slash = self.path.trim_end_matches('/') == endpoint.mcp.path.trim_end_matches('/');
        match endpoint.mcp.trailing_slash {
            TrailingSlash::NotFound | TrailingSlash::Redirected if differs_by_slash => {
                "connector.server_url (Copilot Studio: Server URL) must end exactly as mcp.path does, slash or no slash; \
                 or mcp.trailing_slash: served, so that both are answered"
            }
            _ => "connector.server_url (Copilot Studio: Server URL) must end in the path of the MCP endpoint, mcp.path",
        }
    }

    fn body_check(&self, endpoint: &Endpoint) -> (Check, &'static str, &str, &'static str) {
        const EXPECTED: &str = "one JSON-RPC request or notification";
        if self.has_null_id && endpoint.mcp.null_notification_id == NullNotificationId::Refused {
            return (
                Check::BodyJsonRpc,
                EXPECTED,
                "a notification with \"id\": null",
                "mcp.null_notification_id: accepted (a layer in front of rmcp that takes the null id off); Copilot Studio \
                 cannot be told to leave it out",
            );
        }
        (
            Check::BodyJsonRpc,
            EXPECTED,
            self.body,
            "send one JSON-RPC message, such as \
             {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"} (connector.test_console.body)",
        )
    }
}

/// The values of a header as they were sent, joined as HTTP joins them.
fn shown(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let values: Vec<_> =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}
