//! What an authorize request wants in return: `response_type`, and how it travels: `response_mode`.
//!
//! Rules: OAuth 2.0 Multiple Response Type Encoding Practices §2.1 and §5, OpenID Connect Core §3.2 and §3.3, Microsoft
//! identity platform "OpenID Connect", "OAuth 2.0 implicit grant flow".

use wire::{Check, Checks};

use crate::directory::Application;
use crate::error::EntraError;
use crate::protocol::parameters::Parameters;
use crate::protocol::redirect_uri::ResponseMode;

/// The words of a `response_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseType {
    /// An authorization code.
    pub code: bool,
    /// An id token.
    pub id_token: bool,
    /// An access token.
    pub token: bool,
}

impl ResponseType {
    /// Reads the words, in whatever order; none where one is unknown or comes twice, or where there is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parsed = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let place = match word {
                "code" => &mut parsed.code,
                "id_token" => &mut parsed.id_token,
                "token" => &mut parsed.token,
                _ => return None,
            };
            if std::mem::replace(place, true) {
                return None;
            }
        }
        (parsed != Self::default()).then_some(parsed)
    }

    /// Whether a token travels through the browser, and so never in a query.
    #[must_use]
    pub fn has_tokens(self) -> bool {
        self.id_token || self.token
    }

    /// Whether Entra serves the combination: a code and an access token never come together.
    const fn is_served(self) -> bool {
        !(self.code && self.token)
    }

    /// Reads and judges the `response_type` of a request of `client`.
    ///
    /// # Errors
    /// 900144, 70005, 700051 or 700054.
    pub fn check(
        response_type: Option<&str>,
        client: Application<'_>,
        checks: &mut Checks,
    ) -> Result<Self, EntraError> {
        let code = "let the client send response_type=code";
        let Some(text) = response_type else {
            checks.refuse(Check::RequestParameterPresent, "the parameter response_type", "none, or an empty one", code);
            return Err(EntraError::MissingParameter { parameter: "response_type" });
        };
        let implicit = &client.implicit;
        let setting = |member: &str, portal: &str| {
            let portal = format!("Authentication > Implicit grant and hybrid flows > {portal}");
            format!("{code}, or {}: true", client.setting(&format!("implicit.{member}"), &portal))
        };
        let (error, fix) = match Self::parse(text) {
            Some(parsed) if parsed.token && !implicit.access_tokens => {
                (EntraError::TokenResponseDisabled, setting("access_tokens", "Access tokens"))
            }
            Some(parsed) if parsed.id_token && !implicit.id_tokens => {
                (EntraError::IdTokenResponseDisabled, setting("id_tokens", "ID tokens"))
            }
            Some(parsed) if parsed.is_served() => {
                checks.pass(Check::ResponseType, allowed(client), text);
                return Ok(parsed);
            }
            _ => {
                let response_type = text.to_owned();
                (EntraError::UnsupportedResponseType { response_type, reason: "." }, code.to_owned())
            }
        };
        checks.refuse(Check::ResponseType, allowed(client), text, fix);
        Err(error)
    }

    /// An id token from the authorize endpoint needs the scope `openid`, and a `nonce` to be bound to its request.
    ///
    /// # Errors
    /// 70005 or 900144.
    pub fn check_id_token(self, parameters: &Parameters, checks: &mut Checks) -> Result<(), EntraError> {
        if !self.id_token {
            return Ok(());
        }
        if !parameters.text("scope").unwrap_or_default().split(' ').any(|word| word == "openid") {
            let response_type = parameters.text("response_type").unwrap_or_default().to_owned();
            let fix = "let the client ask for the scope openid";
            checks.refuse(Check::ResponseType, "the scope openid beside id_token", "a scope without openid", fix);
            let reason = ": an id_token needs the scope 'openid'.";
            return Err(EntraError::UnsupportedResponseType { response_type, reason });
        }
        if parameters.text("nonce").is_none() {
            let fix = "let the client send a nonce (OpenID Connect Core §3.2.2.1)";
            checks.refuse(Check::RequestParameterPresent, "the parameter nonce", "none, or an empty one", fix);
            return Err(EntraError::MissingParameter { parameter: "nonce" });
        }
        Ok(())
    }
}

/// The response types that the application may ask for.
fn allowed(client: Application<'_>) -> String {
    let implicit = &client.implicit;
    let each = [
        ("code", true),
        ("id_token", implicit.id_tokens),
        ("code id_token", implicit.id_tokens),
        ("token", implicit.access_tokens),
        ("id_token token", implicit.id_tokens && implicit.access_tokens),
    ];
    each.into_iter().filter(|(_, may)| *may).map(|(name, _)| name).collect::<Vec<_>>().join(", ")
}

/// How the answer to a request travels, before anything of it is judged: as it asks, but tokens, and refusals of tokens,
/// not in a query. Where Entra tells 70007 is not established.
#[must_use]
pub fn response_mode(parameters: &Parameters) -> ResponseMode {
    let asked = parameters.text("response_mode").and_then(ResponseMode::named);
    // also of a response type that is refused
    let mut words = parameters.text("response_type").unwrap_or_default().split(' ');
    let has_tokens = words.any(|word| matches!(word, "id_token" | "token"));
    match asked {
        Some(ResponseMode::Query) | None if has_tokens => ResponseMode::Fragment,
        asked => asked.unwrap_or_default(),
    }
}

/// Judges the `response_mode` of a request.
///
/// # Errors
/// 70007.
pub fn check_response_mode(
    response_type: ResponseType,
    parameters: &Parameters,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let (expected, default) = match response_type.has_tokens() {
        true => ("fragment or form_post", "none given, which means fragment"),
        false => ("query, fragment or form_post", "none given, which means query"),
    };
    let Some(given) = parameters.text("response_mode") else {
        checks.pass(Check::ResponseMode, expected, default);
        return Ok(());
    };
    let is_served = match ResponseMode::named(given) {
        Some(ResponseMode::Query) => !response_type.has_tokens(),
        Some(ResponseMode::Fragment | ResponseMode::FormPost) => true,
        None => false,
    };
    if is_served {
        checks.pass(Check::ResponseMode, expected, given);
        return Ok(());
    }
    checks.refuse(Check::ResponseMode, expected, given, "let the client send one of these, or no response_mode");
    let purpose = if response_type.has_tokens() { "when requesting a token" } else { "for this request" };
    Err(EntraError::UnsupportedResponseMode { response_mode: given.to_owned(), purpose })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_come_in_any_order_and_once() {
        let of = |code, id_token, token| Some(ResponseType { code, id_token, token });
        assert_eq!(ResponseType::parse("code"), of(true, false, false));
        assert_eq!(ResponseType::parse("id_token  code"), of(true, true, false));
        assert_eq!(ResponseType::parse("token id_token"), of(false, true, true));
        for text in ["", " ", "none", "code code", "Code", "code,id_token", "id_token\ttoken"] {
            assert_eq!(ResponseType::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn no_token_travels_in_a_query() {
        let mode = |text: &str| response_mode(&Parameters::parse(text.as_bytes()));
        assert_eq!(mode("response_type=code"), ResponseMode::Query);
        assert_eq!(mode("response_type=token+id_token"), ResponseMode::Fragment);
        assert_eq!(mode("response_type=id_token&response_mode=query"), ResponseMode::Fragment);
        assert_eq!(mode("response_type=id_token&response_mode=form_post"), ResponseMode::FormPost);
        assert_eq!(mode("response_type=code&response_mode=web_message"), ResponseMode::Query);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            if let Some(parsed) = ResponseType::parse(&text) {
                prop_assert!(parsed.code || parsed.has_tokens());
            }
        }
    }
}
