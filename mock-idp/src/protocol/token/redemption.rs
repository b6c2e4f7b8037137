//! The checks that what a client redeems must pass.

use wire::{Check, Checks};

use super::{Party, Records};
use crate::error::EntraError;
use crate::protocol::client_credential::ClientAuthentication;
use crate::protocol::grants::Subject;
use crate::protocol::redeemed::Redeemed;
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
            } else if party.credentials.authentication() != ClientAuthentication::None {
                ("no secret from a single-page application", "a secret or an assertion", error)
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

/// The credential of a client whose request names no redirect URI: "Allow public client flows" of its registration says
/// whether it needs one.
pub(super) fn check_credential_without_redirect_uri(
    party: &Party<'_>,
    records: Records<'_, '_>,
    redeemed: &mut Redeemed,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let platform = Platform::without_redirect_uri(party.client);
    if platform == Platform::Web && party.credentials.authentication() == ClientAuthentication::None {
        let setting = party
            .client
            .setting("allow_public_client: true", "Authentication > Advanced settings > Allow public client flows");
        let fix = format!("{setting}; or put a secret into a client that can keep one");
        let expected = "a client that allows public client flows, or a client secret";
        checks.refuse(Check::ClientSecretPresent, expected, "neither", fix);
        return Err(EntraError::CredentialMissing);
    }
    party.authenticate(platform, records, redeemed, checks)
}
