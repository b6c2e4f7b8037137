//! The checks that what a client redeems must pass.

use jiff::Timestamp;
use wire::{Check, Checks};

use super::{Party, require};
use crate::directory::Application;
use crate::error::EntraError;
use crate::protocol::grants::{Code, Subject, shown_instant};
use crate::protocol::parameters::Parameters;
use crate::protocol::redirect_uri::Platform;
use crate::protocol::sealed::{NotOpened, Seal};

/// Opens a code or refresh token.
pub(super) fn open<T: serde::de::DeserializeOwned>(
    seal: &Seal,
    sealed: &str,
    check: Check,
    parameter: &'static str,
    checks: &mut Checks,
) -> Result<T, EntraError> {
    let expected = "one that this identity provider issued, unchanged";
    match seal.open(sealed) {
        Ok(content) => {
            checks.pass(check, expected, "so");
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
    let expected = format!("the client {}", subject.client_id);
    if subject.client_id == client_id {
        checks.pass(check, expected, client_id.to_string());
        return Ok(());
    }
    let fix = "the client id of the token request, such as connector.client_id: the one of the authorize request";
    checks.refuse(check, expected, client_id.to_string(), fix);
    Err(EntraError::GrantOfOtherClient { client_id })
}

/// A single-page application redeems from its own origin, all others from a server.
pub(super) fn check_origin(
    origin: Option<&str>,
    platform: Platform,
    client: Application<'_>,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let setting = || client.setting("redirect_uris", "Authentication > Platform configurations");
    match (platform, origin) {
        (Platform::Spa, None) => {
            checks.refuse(Check::CodeOrigin, "a request from the application's origin", "no Origin", setting());
            Err(EntraError::SameOriginRedemption)
        }
        (Platform::Web | Platform::Public, Some(origin)) => {
            checks.refuse(Check::CodeOrigin, "a request from a server, without Origin", origin, setting());
            Err(EntraError::CrossOriginRedemption { origin: origin.to_owned() })
        }
        (_, origin) => {
            let expected = if platform == Platform::Spa { "the application's origin" } else { "no Origin" };
            checks.pass(Check::CodeOrigin, expected, origin.unwrap_or("none"));
            Ok(())
        }
    }
}

/// The code must still be within its lifetime.
pub(super) fn check_code_current(code: &Code, now: Timestamp, checks: &mut Checks) -> Result<(), EntraError> {
    let expected = format!("now before {}", shown_instant(code.exp));
    if now.as_second() >= code.exp {
        let fix = "idp.lifetimes.code_minutes, or a new sign-in";
        checks.refuse(Check::CodeCurrent, expected, now.to_string(), fix);
        let minutes = code.exp.saturating_sub(code.iat) / 60;
        return Err(EntraError::CodeExpired { issued: shown_instant(code.iat), minutes });
    }
    checks.pass(Check::CodeCurrent, expected, now.to_string());
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
