//! What a strict client accepts from an MCP server over Streamable HTTP: JSON or an event stream, the id unchanged.

use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use crate::connector::inert::inert;

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server refused with this status: its decision, with the text it gave.
    Status(u16, String),
    /// The answer breaks the protocol; says how.
    Protocol(String),
    /// A JSON-RPC error.
    Error {
        /// `code`.
        code: i64,
        /// `message`.
        message: String,
    },
}

/// Reads the answer to a notification: 202 and nothing else.
///
/// # Errors
/// When it is anything else.
pub fn accepted(status: StatusCode, body: &[u8]) -> Result<(), Fault> {
    refuse_status(status, body)?;
    if status != StatusCode::ACCEPTED {
        return Err(Fault::Protocol(format!("{} for a notification", status.as_u16())));
    }
    if body.is_empty() {
        Ok(())
    } else {
        Err(Fault::Protocol(format!("a body of {} bytes for a notification", body.len())))
    }
}

/// Reads the result of the request with this id.
///
/// # Errors
/// When there is none.
pub fn result(id: &Value, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Fault> {
    refuse_status(status, body)?;
    if status != StatusCode::OK {
        return Err(Fault::Protocol(format!("{} for a request", status.as_u16())));
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let message = match essence.as_str() {
        _ if body.trim_ascii().is_empty() => return Err(Fault::Protocol("an empty body".to_owned())),
        "application/json" => {
            object(body).ok_or_else(|| Fault::Protocol("a body that is not a JSON object".to_owned()))?
        }
        "text/event-stream" => events(&String::from_utf8_lossy(body))
            .iter()
            .filter_map(|data| object(data.as_bytes()))
            .find(|message| !message.contains_key("method"))
            .ok_or_else(|| Fault::Protocol("an event stream without an answer".to_owned()))?,
        other => return Err(Fault::Protocol(format!("content type '{}'", inert(other)))),
    };
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(Fault::Protocol("no \"jsonrpc\": \"2.0\"".to_owned()));
    }
    if let Some(error) = message.get("error").and_then(Value::as_object) {
        let text = error.get("message").and_then(Value::as_str).unwrap_or_default();
        return Err(Fault::Error {
            code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
            message: inert(text),
        });
    }
    match message.get("id") {
        Some(echoed) if echoed == id => {}
        Some(other) => return Err(Fault::Protocol(format!("id {} instead of {id}", inert(&other.to_string())))),
        None => return Err(Fault::Protocol("no id".to_owned())),
    }
    match message.get("result") {
        Some(Value::Object(result)) => Ok(result.clone()),
        _ => Err(Fault::Protocol("neither a result nor an error".to_owned())),
    }
}

fn refuse_status(status: StatusCode, body: &[u8]) -> Result<(), Fault> {
    if status.is_client_error() || status.is_server_error() || status.is_redirection() {
        return Err(Fault::Status(status.as_u16(), inert(&String::from_utf8_lossy(body))));
    }
    Ok(())
}

fn object(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(body).ok()
}

/// The data of each event of a stream (HTML, "Interpreting an event stream"); an event may come without a blank line
/// after it at the end.
fn events(stream: &str) -> Vec<String> {
    let mut events = Vec::new();
    let mut data: Vec<&str> = Vec::new();
    let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream).replace("\r\n", "\n");
    for line in stream.split(['\n', '\r']).chain([""]) {
        if line.is_empty() {
            if !data.is_empty() {
                events.push(data.join("\n"));
                data.clear();
            }
        } else if let Some(value) = line.strip_prefix("data:") {
            data.push(value.strip_prefix(' ').unwrap_or(value));
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(content_type: &str, body: &str) -> Result<Map<String, Value>, Fault> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type.parse().unwrap())]);
        result(&json!("1"), StatusCode::OK, &headers, body.as_bytes())
    }

    #[test]
    fn json_and_event_streams_are_both_read() {
        let answer = json!({"jsonrpc": "2.0", "id": "1", "result": {"x": 1}}).to_string();
        let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}});
        for (content_type, body) in [
            ("application/json", answer.clone()),
            ("application/json; charset=utf-8", answer.clone()),
            ("text/event-stream", format!("data: {answer}\n\n")),
            (
                "text/event-stream",
                format!("id: 0\nretry: 3000\ndata: \n\ndata: {progress}\n\nevent: message\r\ndata:{answer}\r\n\r\n"),
            ),
            ("text/event-stream", format!(": comment\ndata: {answer}")),
        ] {
            assert_eq!(read(content_type, &body).unwrap()["x"], 1, "{body}");
        }
    }

    #[test]
    fn what_breaks_the_protocol_is_named() {
        let table = [
            ("application/json", String::new(), "empty body"),
            ("application/json", "x".to_owned(), "not a JSON object"),
            ("text/html", "<p>".to_owned(), "content type 'text/html'"),
            ("text/event-stream", "data: {\n\n".to_owned(), "without an answer"),
            ("application/json", json!({"id": "1", "result": {}}).to_string(), "jsonrpc"),
            ("application/json", json!({"jsonrpc": "2.0", "id": 1, "result": {}}).to_string(), "id 1 instead of \"1\""),
            ("application/json", json!({"jsonrpc": "2.0", "result": {}}).to_string(), "no id"),
            ("application/json", json!({"jsonrpc": "2.0", "id": "1", "result": []}).to_string(), "neither"),
        ];
        for (content_type, body, said) in table {
            let Err(Fault::Protocol(fault)) = read(content_type, &body) else { panic!("{body} was read") };
            assert!(fault.contains(said), "{fault} instead of {said}");
        }
        let error = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "Parse error"}});
        let expected = Fault::Error { code: -32700, message: "Parse error".into() };
        assert_eq!(read("application/json", &error.to_string()), Err(expected));
    }

    #[test]
    fn a_notification_is_answered_with_202_and_nothing() {
        assert_eq!(accepted(StatusCode::ACCEPTED, b""), Ok(()));
        assert!(matches!(accepted(StatusCode::OK, b""), Err(Fault::Protocol(_))));
        assert!(matches!(accepted(StatusCode::ACCEPTED, b"{}"), Err(Fault::Protocol(_))));
        assert_eq!(accepted(StatusCode::UNSUPPORTED_MEDIA_TYPE, b"no"), Err(Fault::Status(415, "no".into())));
    }

    proptest! {
        #[test]
        fn no_answer_brings_the_reader_down(body in "(data: ?|[{}\"\\[\\]:,a-z0-9\r\n ]|\u{feff}){0,60}") {
            for content_type in ["application/json", "text/event-stream"] {
                let _result = read(content_type, &body);
            }
        }
    }
}
