//! The keys that an issuer publishes (RFC 7517).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::RS256;
use josekit::jws::alg::rsassa::RsassaJwsVerifier;
use serde_json::{Map, Value};

/// RFC 7518 §3.3 asks for 2048 bits or more; beyond the upper limit verifying becomes a load.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The RSA keys of an issuer that may verify RS256, by their id.
#[derive(Clone, Debug, Default)]
pub struct Keys(BTreeMap<String, RsassaJwsVerifier>);

/// What was read is not a JWK set.
#[derive(Debug, thiserror::Error)]
#[error("not a JSON Web Key Set")]
pub struct BadKeys;

impl Keys {
    /// The usable keys of a JWK set; others are left out, as RFC 7517 §5 asks: other types and uses, keys without an
    /// id, keys that are too short, private keys.
    ///
    /// # Errors
    /// When `document` is not a JWK set at all.
    pub fn from_jwks(document: &[u8]) -> Result<Self, BadKeys> {
        let document: Value = serde_json::from_slice(document).map_err(|_| BadKeys)?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or(BadKeys)?;
        Ok(Self(keys.iter().filter_map(Value::as_object).filter_map(usable).collect()))
    }

    /// Whether some key has this id.
    #[must_use]
    pub fn contains(&self, kid: &str) -> bool {
        self.0.contains_key(kid)
    }

    /// The ids of the keys, as a check shows them.
    #[must_use]
    pub fn kids(&self) -> String {
        self.0.keys().map(|kid| super::shown(kid)).collect::<Vec<_>>().join(", ")
    }

    /// Whether `signature` is that of the key `kid` over `message`; none where there is no such key.
    pub(super) fn verify(&self, kid: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
        self.0.get(kid).map(|key| key.verify(message, signature).is_ok())
    }
}

impl FromIterator<(String, RsassaJwsVerifier)> for Keys {
    /// Keys that are at hand, each with its id.
    fn from_iter<I: IntoIterator<Item = (String, RsassaJwsVerifier)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

fn usable(jwk: &Map<String, Value>) -> Option<(String, RsassaJwsVerifier)> {
    let text = |name| jwk.get(name).and_then(Value::as_str);
    let absent_or = |name, value| jwk.get(name).is_none_or(|found| found == value);
    if text("kty") != Some("RSA") || !absent_or("use", "sig") || !absent_or("alg", "RS256") || jwk.contains_key("d") {
        return None;
    }
    let (kid, n, e) = (text("kid")?, text("n")?, text("e")?);
    if !MODULUS_BITS.contains(&bits(n)?) || !is_sound_exponent(e)? {
        return None;
    }
    let mut public = Jwk::new("RSA");
    public.set_parameter("n", Some(n.into())).ok()?;
    public.set_parameter("e", Some(e.into())).ok()?;
    Some((kid.to_owned(), RS256.verifier_from_jwk(&public).ok()?))
}

fn bits(number: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(number).ok()?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    Some((bytes.len() - first) * 8 - bytes[first].leading_zeros() as usize)
}

/// Odd, more than 1, and small enough to be quick: 65537 in practice.
fn is_sound_exponent(number: &str) -> Option<bool> {
    let bytes = URL_SAFE_NO_PAD.decode(number).ok()?;
    let is_odd = bytes.last()? & 1 == 1;
    Some(is_odd && (2..=64).contains(&bits(number)?))
}
