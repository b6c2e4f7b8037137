//! `fault` steps as the recorder takes them.

use http::StatusCode;
use mock_idp::EntraErrorKind;
use mock_idp::error::faces::OAuthError;
use scenarios::Accident;
use serde_json::{Value, json};
use strum::IntoEnumIterator;
use wire::fault::{Answer, Fault};

/// The fault that `accident` asks for.
pub(crate) fn fault(accident: &Accident) -> Fault {
    let default_status = accident.aadsts.map(|code| token_face(code).map_or(400, |(status, _)| status));
    let status = accident.status.or(default_status).and_then(|status| StatusCode::from_u16(status).ok());
    let answer = status.map(|status| {
        let (content_type, body) = match (accident.aadsts, &accident.body) {
            (Some(code), _) => ("application/json; charset=utf-8", refusal(code, status).to_string()),
            (None, Some(Value::String(text))) => ("text/plain; charset=utf-8", text.clone()),
            (None, Some(value)) => ("application/json", value.to_string()),
            (None, None) => ("text/plain; charset=utf-8", status.canonical_reason().unwrap_or_default().to_owned()),
        };
        let mut headers = accident.headers.clone();
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("content-type".to_owned(), content_type.to_owned()));
        }
        Answer::new(status, &headers, body)
    });
    Fault {
        at: accident.at,
        method: accident.method.clone(),
        path: accident.path.clone(),
        from: accident.from,
        correlation: accident.correlation.clone(),
        client_id: accident.client_id.clone(),
        times: accident.times,
        delay: accident.delay,
        answer,
        drop_after_bytes: accident.drop_after_bytes.and_then(|bytes| usize::try_from(bytes).ok()),
    }
}

/// Status and error of the token endpoint's answer with a code, where the identity provider has such an answer.
fn token_face(code: u32) -> Option<(u16, OAuthError)> {
    EntraErrorKind::iter().find(|kind| kind.number() == code)?.faces().token
}

/// What the token endpoint answers with a code: as the identity provider has it; else RFC 6749 §5.2 names the errors.
fn refusal(code: u32, status: StatusCode) -> Value {
    let own = token_face(code).filter(|(own, _)| *own == status.as_u16()).map(|(_, error)| error.to_string());
    let error = own.unwrap_or_else(|| {
        let error = match status {
            status if status.is_server_error() => "temporarily_unavailable",
            StatusCode::UNAUTHORIZED => "invalid_client",
            _ => "invalid_grant",
        };
        error.to_owned()
    });
    json!({
        "error": error,
        "error_description": format!("AADSTS{code}: This answer was asked for by a fault of the scenario."),
        "error_codes": [code],
    })
}

/// What a `fault` step does, in words.
pub(super) fn label(accident: &Accident) -> String {
    let many = if accident.times == 1 {
        "the next request".to_owned()
    } else {
        format!("the next {} requests", accident.times)
    };
    let path = if accident.path == "*" { String::new() } else { format!(" {}", accident.path) };
    let mut effects = fault(accident).effects().join(", ");
    if let Some(code) = accident.aadsts {
        effects.push_str(&format!(", with AADSTS{code}"));
    }
    format!("a fault waits for {many} to {}{path}: {effects}", accident.at)
}
