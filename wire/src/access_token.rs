//! Reading and validating access tokens: JSON Web Tokens (RFC 7519) as compact, signed objects (RFC 7515).
//!
//! A token goes through three states, and only the last one says anything that may be believed:
//! [`Signed::read`] looks at its form, [`Signed::verify`] at its signature, [`Claims::judge`] at what it says.
//! The rules are those of RFC 8725: one algorithm, keys from nowhere but the issuer, every part read strictly.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

mod claims;
mod keys;
mod signed;
mod strict_json;

pub use claims::{Claims, Rules, TENANT_PLACEHOLDER};
pub use keys::{BadKeys, Keys};
pub use signed::Signed;

/// The longest token that is read; Entra's largest, with 200 groups, is about half of it.
pub const TOKEN_LIMIT_BYTES: usize = 16 * 1024;

/// What mends a token for Microsoft Graph in the place of one for the API.
const NAME_THE_API: &str = "connector.scopes, or connector.resource_url with profile aad-v1 (Power Apps: Custom \
                            connectors > Security): the token is for Microsoft Graph, so name the API";

/// How far the clocks of issuer and receiver may be apart, in seconds.
pub const CLOCK_SKEW_S: i64 = 300;

/// The token was refused; the last of the checks says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// A token's header and claims, of which nothing has been verified: for showing, never for deciding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// The JOSE header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
}

/// Reads the three parts of a compact JWS without verifying anything; none where it is not one.
#[must_use]
pub fn read_unverified(token: &str) -> Option<Unverified> {
    let mut parts = token.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let object = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    Some(Unverified { header: object(header)?, claims: object(claims)? })
}

/// What stands in the place of the header's `nonce` when an access token for Microsoft Graph is signed and verified: the
/// base64url of its SHA-256.
#[must_use]
pub fn hashed_nonce(nonce: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(nonce))
}

/// The same, and none either where a member is given twice, or where objects are nested deeply (RFC 8725 §2.6, §3.7).
#[must_use]
pub fn read_strictly(token: &str) -> Option<Unverified> {
    let mut parts = token.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let object = |part: &str| strict_json::object(&URL_SAFE_NO_PAD.decode(part).ok()?);
    Some(Unverified { header: object(header)?, claims: object(claims)? })
}

/// A value from a token as a check shows it: on one line, and cut.
fn shown(value: &str) -> String {
    const LIMIT_CHARS: usize = 120;
    let mut text: String = value.chars().take(LIMIT_CHARS).flat_map(char::escape_debug).collect();
    if value.chars().nth(LIMIT_CHARS).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
