//! JSON-RPC messages, as far as they are looked at outside rmcp.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// A notification that carries `"id": null`, without it; none where the body is anything else.
///
/// Copilot Studio sends `notifications/initialized` so. By JSON-RPC 2.0 §4.1 a notification has no id at all.
pub(super) fn without_null_id(body: &[u8]) -> Option<Bytes> {
    let mut message: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let is_notification = message.get("method")?.as_str()?.starts_with("notifications/");
    if !is_notification || !message.get("id")?.is_null() {
        return None;
    }
    message.shift_remove("id");
    serde_json::to_vec(&message).ok().map(Bytes::from)
}

/// Whether the body is a notification, with a null id or without any.
pub(super) fn is_notification(body: &[u8]) -> bool {
    let Ok(message) = serde_json::from_slice::<Map<String, Value>>(body) else { return false };
    message.get("method").is_some_and(Value::is_string) && message.get("id").is_none_or(Value::is_null)
}

/// Whether the body is JSON at all.
pub(super) fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_null_id_of_a_notification_is_taken_off() {
        let body = br#"{"jsonrpc":"2.0","id":null,"method":"notifications/initialized","params":{"id":null}}"#;
        let expected = br#"{"jsonrpc":"2.0","method":"notifications/initialized","params":{"id":null}}"#;
        assert_eq!(without_null_id(body).as_deref(), Some(&expected[..]));
        for body in [
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":7}"#,
            r#"{"jsonrpc":"2.0","id":null,"result":{}}"#,
            r#"[{"id":null,"method":"notifications/initialized"}]"#,
            "{\"id\":null,\"method\":\"notifications/",
            "",
        ] {
            assert_eq!(without_null_id(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_notification_has_a_method_and_no_id_that_says_anything() {
        assert!(is_notification(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#));
        assert!(is_notification(br#"{"jsonrpc":"2.0","id":null,"method":"notifications/initialized"}"#));
        for body in [r#"{"id":1,"method":"ping"}"#, r#"{"id":null,"result":{}}"#, r#"{"method":7}"#, "[]", ""] {
            assert!(!is_notification(body.as_bytes()), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(without_null_id(&bytes), None);
            let _json = is_json(&bytes);
        }
    }
}
