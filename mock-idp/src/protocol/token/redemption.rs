//! The checks that what a client redeems must pass.

use jiff::Timestamp;
use wire::{Check, Checks};

use super::{Party, require};
use crate::error::EntraError;
use crate::protocol::grants::{Code, RefreshToken, Subject, shown_instant};
use crate::protocol::parameters::Parameters;
use crate::protocol::redirect_uri::{Platform, is_spa_origin};
use crate::protocol::sealed::{NotOpened, Seal};

/// Opens a code or refresh token.
pub(super) fn open<T: serde::de::DeserializeOwned>(
    seal: &Seal,
    sealed: &str,
    check: Check,
    parameter: &'static str,
    checks: &mut Checks,
) -> Result<T, EntraError> {
    let expected = format!("a {} that this identity provider issued, unchanged", parameter.replace('_', " "));
    match seal.open(sealed) {
        Ok(content) => {
            checks.pass(check, expected, "one of its own, unchanged");
            Ok(content)
        }
        Err(reason) => {
            checks.refuse(check, expected, reason.to_string(), "the client: send it exactly as it came");
            Err(match reason {
                NotOpened::Malformed => EntraError::Malformed,
                NotOpened::Foreign => EntraError::InvalidGrant { parameter },
            })
        }
    }
}

/// The client must be the one that it was issued to.
pub(super) fn check_client(
    party: &Party<'_>,
    subject: &Subject,
    check: Check,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let client_id = party.client.client_id;
    let expected = format!("the client that it was issued to: {}", subject.client_id);
    if subject.client_id == client_id {
        checks.pass(check, expected, client_id.to_string());
        return Ok(());
    }
    let fix = "the client id of the token request, such as connector.client_id: the one of the authorize request";
    checks.refuse(check, expected, client_id.to_string(), fix);
    Err(EntraError::GrantOfOtherClient { client_id })
}

/// A single-page application redeems from its own origin and without a secret, all others from a server.
pub(super) fn check_origin(
    origin: Option<&str>,
    platform: Platform,
    party: &Party<'_>,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let client = party.client;
    let setting = client.setting("redirect_uris", "Authentication > Platform configurations");
    let fix = match platform {
        Platform::Spa => format!("register the redirect URI of a client that runs on a server under Web: {setting}"),
        Platform::Web | Platform::Public => {
            format!(
                "register the redirect URI of a client that runs in a browser under Single-page application: {setting}"
            )
        }
    };
    let (expected, received, error) = match (platform, origin) {
        (Platform::Spa, None) => {
            ("a request from the application's origin", "no Origin", EntraError::SameOriginRedemption)
        }
        (Platform::Spa, Some(origin)) => {
            let error = EntraError::CrossOriginRedemption { origin: origin.to_owned() };
            if !is_spa_origin(&client.redirect_uris, origin) {
                ("the origin of a redirect URI under Single-page application", origin, error)
            } else if party.credentials.has_secret() {
                ("no secret from a single-page application", "a secret", error)
            } else {
                checks.pass(Check::CodeOrigin, "the application's origin", origin);
                return Ok(());
            }
        }
        (Platform::Web | Platform::Public, Some(origin)) => (
            "a request from a server, without Origin",
            origin,
            EntraError::CrossOriginRedemption { origin: origin.to_owned() },
        ),
        (Platform::Web | Platform::Public, None) => {
            checks.pass(Check::CodeOrigin, "a request from a server, without Origin", "no Origin");
            return Ok(());
        }
    };
    checks.refuse(Check::CodeOrigin, expected, received, fix);
    Err(error)
}

/// The refresh token must still be within its lifetime.
pub(super) fn check_refresh_token_current(
    token: &RefreshToken,
    was_used: bool,
    now: Timestamp,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let expected = format!("a refresh before {}, when it ends", shown_instant(token.exp));
    if now.as_second() < token.exp {
        // RFC 9700 §4.14.2 would end the whole family here; Entra does not
        let note =
            if was_used { "; it was used before, which Entra allows and RFC 9700 §4.14.2 does not" } else { "" };
        checks.pass(Check::RefreshTokenCurrent, expected, format!("one at {now}{note}"));
        return Ok(());
    }
    let issued = shown_instant(token.iat);
    let (error, fix) = if token.subject.platform == Platform::Spa {
        let fix = "a new sign-in: a single-page application's refresh tokens end a day after it, however often they \
                   are used";
        (EntraError::SpaRefreshTokenExpired { issued }, fix)
    } else {
        let days = token.exp.saturating_sub(token.iat) / 86_400;
        (EntraError::RefreshTokenExpired { issued, days }, "idp.lifetimes.refresh_token_days, or a new sign-in")
    };
    checks.refuse(Check::RefreshTokenCurrent, expected, format!("one at {now}"), fix);
    Err(error)
}

/// The code must still be within its lifetime.
pub(super) fn check_code_current(code: &Code, now: Timestamp, checks: &mut Checks) -> Result<(), EntraError> {
    let expected = format!("a redemption before {}, when it ends", shown_instant(code.exp));
    if now.as_second() >= code.exp {
        let fix = "idp.lifetimes.code_minutes, or a new sign-in";
        checks.refuse(Check::CodeCurrent, expected, format!("one at {now}"), fix);
        let minutes = code.exp.saturating_sub(code.iat) / 60;
        return Err(EntraError::CodeExpired { issued: shown_instant(code.iat), minutes });
    }
    checks.pass(Check::CodeCurrent, expected, format!("one at {now}"));
    Ok(())
}

/// The redirect URI must be the one that the code was sent to.
pub(super) fn check_redirect_uri(parameters: &Parameters, code: &Code, checks: &mut Checks) -> Result<(), EntraError> {
    let received = match parameters.text("redirect_uri") {
        None if code.redirect_uri_given => return require(parameters, "redirect_uri", checks).map(|_| ()),
        None => {
            checks.pass(Check::CodeRedirectUri, "none, as in the authorize request", "none");
            return Ok(());
        }
        Some(received) => received,
    };
    let expected = code.redirect_uri.as_str();
    if received == expected {
        checks.pass(Check::CodeRedirectUri, expected, received);
        return Ok(());
    }
    let fix = "the client's redirect_uri: the same at the authorize and the token endpoint, byte for byte";
    checks.refuse(Check::CodeRedirectUri, expected, received, fix);
    Err(EntraError::RedirectUriNotAsAuthorized { received: received.to_owned(), expected: expected.to_owned() })
}
