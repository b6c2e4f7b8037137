//! Client secrets (RFC 6749 §2.3.1).

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use wire::{Check, Checks};

use crate::directory::Application;
use crate::error::EntraError;

/// The secret must be one of the application's, and not expired.
///
/// # Errors
/// 7000215 and 7000222.
pub(super) fn check_secret(
    client: Application<'_>,
    secret: &str,
    now: Timestamp,
    setting: &str,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let client_id = client.client_id;
    checks.pass(Check::ClientSecretPresent, "a client secret or a client assertion", "a secret");
    let digest = Sha256::digest(secret);
    // every secret is compared, so that the time says nothing about which one came close
    let mut expiries = Vec::new();
    for known in client.thing().secrets.values() {
        if bool::from(Sha256::digest(&known.value).as_slice().ct_eq(digest.as_slice())) {
            expiries.push(known.expires);
        }
    }
    let Some(expires) = expiries.into_iter().max() else {
        let fix = format!(
            "put into the client, such as connector.client_secret, the Value (not the Secret ID) of one of {setting}"
        );
        let expected = format!("a secret of {}", client.shown_name());
        checks.refuse(Check::ClientSecretValid, expected, "a value that is none of the app's secrets", fix);
        return Err(EntraError::InvalidClientSecret { client_id });
    };
    checks.pass(Check::ClientSecretValid, format!("a secret of {}", client.shown_name()), "one of its secrets");
    let expected = format!("a secret that is good on {now}");
    if expires <= now {
        let fix = format!("make a new one in {setting}, and put it into the client, such as connector.client_secret");
        checks.refuse(Check::ClientSecretCurrent, expected, format!("one that ended on {expires}"), fix);
        return Err(EntraError::ClientSecretExpired { client_id });
    }
    checks.pass(Check::ClientSecretCurrent, expected, format!("one that ends on {expires}"));
    Ok(())
}
