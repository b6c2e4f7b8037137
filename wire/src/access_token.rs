//! Reading and validating JSON Web Tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

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
