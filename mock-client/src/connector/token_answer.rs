//! Reading what a token endpoint answers (RFC 6749 §5), as strictly as the standard has it.

use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};
use wire::{Check, Checks};

use super::inert::inert;
use crate::browser::forms::aadsts_in;

/// The largest token answer that is read.
const LIMIT_BYTES: usize = 256 * 1024;

/// The longest lifetime that is believed, in seconds: ten years.
const LONGEST_LIFETIME_SECONDS: i64 = 10 * 365 * 24 * 3600;

/// A token answer that holds what it must.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: String,
    /// Its lifetime, where the identity provider says so.
    pub expires_in_seconds: Option<i64>,
    /// The refresh token, where one came.
    pub refresh_token: Option<String>,
    /// The id token, where one came.
    pub id_token: Option<String>,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFailure {
    /// The identity provider refused (RFC 6749 §5.2).
    Refused(OAuthError),
    /// The answer is none; says what is wrong with it.
    Unusable(String),
}

/// An OAuth error, its text made safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OAuthError {
    /// `error`.
    pub error: String,
    /// `error_description`.
    pub description: Option<String>,
    /// The AADSTS number, from `error_codes` or the description.
    pub aadsts: Option<u32>,
}

impl OAuthError {
    /// An error with the description that a server sent.
    #[must_use]
    pub fn new(error: &str, description: Option<&str>) -> Self {
        let description = description.map(inert).filter(|text| !text.is_empty());
        let aadsts = description.as_deref().and_then(aadsts_in).map(|(number, _)| number);
        Self { error: inert(error), description, aadsts }
    }

    /// The error as one sentence of a message.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.description {
            Some(description) => format!("{}: {description}", self.error),
            None => self.error.clone(),
        }
    }
}

/// Reads the answer of a token endpoint; `checks` gets `token_answer.complete` unless the answer is an OAuth error,
/// which is the identity provider's decision and not ours.
///
/// # Errors
/// When it is an error, or not a token answer.
pub fn read(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    checks: &mut Checks,
) -> Result<TokenAnswer, TokenFailure> {
    const EXPECTED: &str = "200 with JSON: access_token, token_type Bearer, expires_in a number of seconds";
    let object = object(body);
    if !status.is_success()
        && let Some(error) = object.as_ref().and_then(oauth_error)
    {
        return Err(TokenFailure::Refused(error));
    }
    let read = match (status, object) {
        (StatusCode::OK, Some(object)) => token(&object),
        (StatusCode::OK, None) if body.len() > LIMIT_BYTES => Err(format!("a body of {} bytes", body.len())),
        (StatusCode::OK, None) => Err("a body that is not a JSON object".to_owned()),
        (status, _) if status.is_redirection() => {
            let target = headers.get(header::LOCATION).map(|value| inert(&String::from_utf8_lossy(value.as_bytes())));
            let target = target.unwrap_or_else(|| "nowhere".to_owned());
            Err(format!("{}: a redirect to {target}, which is not followed", status.as_u16()))
        }
        (status, _) => Err(format!("{} without an OAuth error", status.as_u16())),
    };
    match read {
        Ok(answer) => {
            let lifetime = answer.expires_in_seconds.map_or("no expires_in".to_owned(), |s| format!("expires_in {s}"));
            let refresh = if answer.refresh_token.is_some() { "with" } else { "without" };
            checks.pass(Check::TokenAnswer, EXPECTED, format!("{lifetime}, {refresh} a refresh token"));
            Ok(answer)
        }
        Err(fault) => {
            const FIX: &str = "connector.token_url, connector.refresh_url (Power Apps: Custom connectors > Security): \
                               the token endpoint of an OAuth 2.0 identity provider";
            checks.refuse(Check::TokenAnswer, EXPECTED, fault.clone(), FIX);
            Err(TokenFailure::Unusable(fault))
        }
    }
}

fn object(body: &[u8]) -> Option<Map<String, Value>> {
    if body.len() > LIMIT_BYTES { None } else { serde_json::from_slice(body).ok() }
}

fn oauth_error(object: &Map<String, Value>) -> Option<OAuthError> {
    let error = object.get("error")?.as_str()?;
    let read = OAuthError::new(error, object.get("error_description").and_then(Value::as_str));
    let code = object.get("error_codes").and_then(|codes| codes.get(0)?.as_u64()).and_then(|code| code.try_into().ok());
    Some(OAuthError { aadsts: code.or(read.aadsts), ..read })
}

/// RFC 6749 §5.1; the member that is wrong is named.
fn token(object: &Map<String, Value>) -> Result<TokenAnswer, String> {
    let text = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name} that is not a text")),
    };
    let access_token = text("access_token")?.ok_or("no access_token")?;
    if !access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("an access_token that cannot stand in a header".to_owned());
    }
    let token_type = text("token_type")?.ok_or("no token_type")?;
    if !token_type.eq_ignore_ascii_case("Bearer") {
        return Err("a token_type other than Bearer".to_owned());
    }
    Ok(TokenAnswer {
        access_token,
        expires_in_seconds: lifetime(object.get("expires_in"))?,
        refresh_token: text("refresh_token")?,
        id_token: text("id_token")?,
    })
}

/// A number, or as the v1 endpoint has it, a number in quotes.
fn lifetime(value: Option<&Value>) -> Result<Option<i64>, String> {
    let seconds = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    match seconds {
        Some(seconds @ 0..) => Ok(Some(seconds.min(LONGEST_LIFETIME_SECONDS))),
        _ => Err("an expires_in that is not a number of seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use wire::Outcome;

    fn judge(status: u16, body: &[u8]) -> (Result<TokenAnswer, TokenFailure>, Checks) {
        let mut checks = Checks::default();
        let answer = read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body, &mut checks);
        (answer, checks)
    }

    #[test]
    fn answers_of_both_endpoints_are_read() {
        let v2 = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "a", "refresh_token": "r"});
        let (answer, checks) = judge(200, v2.to_string().as_bytes());
        let answer = answer.ok().unwrap();
        assert_eq!((answer.expires_in_seconds, answer.refresh_token.as_deref()), (Some(3599), Some("r")));
        assert_eq!(checks.0[0].outcome, Outcome::Passed);
        let v1 = json!({"token_type": "bearer", "expires_in": "3600", "access_token": "a"});
        assert_eq!(judge(200, v1.to_string().as_bytes()).0.ok().unwrap().expires_in_seconds, Some(3600));
        let unsaid = json!({"token_type": "Bearer", "access_token": "a"});
        assert_eq!(judge(200, unsaid.to_string().as_bytes()).0.ok().unwrap().expires_in_seconds, None);
    }

    #[test]
    fn atk_f07_a_faulty_answer_names_its_fault() {
        let table = [
            (200, "<html>".to_owned(), "not a JSON object"),
            (200, String::new(), "not a JSON object"),
            (200, r#"{"access_token":"a","#.to_owned(), "not a JSON object"),
            (200, "[]".to_owned(), "not a JSON object"),
            (200, json!({"token_type": "Bearer"}).to_string(), "no access_token"),
            (200, json!({"access_token": 1, "token_type": "Bearer"}).to_string(), "access_token"),
            (200, json!({"access_token": "a\r\nX: y", "token_type": "Bearer"}).to_string(), "header"),
            (200, json!({"access_token": "a"}).to_string(), "token_type"),
            (200, json!({"access_token": "a", "token_type": "mac"}).to_string(), "token_type"),
            (200, json!({"access_token": "a", "token_type": "Bearer", "expires_in": "soon"}).to_string(), "expires_in"),
            (200, json!({"access_token": "a", "token_type": "Bearer", "expires_in": -1}).to_string(), "expires_in"),
            (200, json!({"access_token": "a", "token_type": "Bearer", "expires_in": 1.5}).to_string(), "expires_in"),
            (
                200,
                json!({"access_token": "a", "token_type": "Bearer", "refresh_token": {}}).to_string(),
                "refresh_token",
            ),
            (200, format!("{{\"x\":\"{}\"}}", "y".repeat(LIMIT_BYTES)), "bytes"),
            (500, "oops".to_owned(), "500 without an OAuth error"),
            (201, json!({"access_token": "a", "token_type": "Bearer"}).to_string(), "201"),
        ];
        for (status, body, fault) in table {
            let (answer, checks) = judge(status, body.as_bytes());
            let Err(TokenFailure::Unusable(said)) = answer else { panic!("{body} was read") };
            assert!(said.contains(fault), "{said} instead of {fault}");
            assert_eq!(checks.refusal().unwrap().received, said);
        }
    }

    #[test]
    fn a_refusal_of_the_identity_provider_is_not_ours() {
        let body = json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid\r\nclient \u{1b}[1m secret",
            "error_codes": [7_000_215]});
        let (answer, checks) = judge(401, body.to_string().as_bytes());
        let Err(TokenFailure::Refused(error)) = answer else { panic!("it was read") };
        assert_eq!((error.error.as_str(), error.aadsts), ("invalid_client", Some(7_000_215)));
        assert_eq!(error.description.as_deref(), Some("AADSTS7000215: Invalid client [1m secret"));
        assert!(checks.0.is_empty());
    }

    proptest! {
        #[test]
        fn no_answer_brings_the_reader_down(status in 100u16..600, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _answer = judge(status, &body);
        }
    }
}
