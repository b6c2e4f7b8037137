//! Codes, refresh tokens and flow tokens: compact JWS objects (RFC 7515) that only this lab can make.

use josekit::JoseError;
use josekit::jws::alg::hmac::{HmacJwsSigner, HmacJwsVerifier};
use josekit::jws::{HS256, JwsHeader, deserialize_compact, serialize_compact};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// The seal of one kind of object, with a key of its own.
#[derive(Clone, Debug)]
pub struct Seal {
    typ: &'static str,
    signer: HmacJwsSigner,
    verifier: HmacJwsVerifier,
}

/// Why something cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// It is no compact JWS at all.
    #[error("not a token of this identity provider")]
    Malformed,
    /// It is one, but not of this lab, not of this kind, or changed.
    #[error("not sealed by this identity provider for this use")]
    Foreign,
}

impl Seal {
    /// The seal for objects of `typ`, with a key made from the lab's seed.
    ///
    /// # Errors
    /// When the key is refused, which its size rules out.
    pub fn new(seed: &[u8; 32], typ: &'static str) -> Result<Self, JoseError> {
        let key = Sha256::new().chain_update(seed).chain_update(typ).finalize();
        Ok(Self { typ, signer: HS256.signer_from_bytes(key)?, verifier: HS256.verifier_from_bytes(key)? })
    }

    /// Seals `content`.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn seal(&self, content: &impl Serialize) -> Result<String, JoseError> {
        let payload = serde_json::to_vec(content).map_err(|error| JoseError::InvalidJson(error.into()))?;
        let mut header = JwsHeader::new();
        header.set_token_type(self.typ);
        serialize_compact(&payload, &header, &self.signer)
    }

    /// Opens what [`Self::seal`] made.
    ///
    /// # Errors
    /// When it was not made there.
    pub fn open<T: DeserializeOwned>(&self, sealed: &str) -> Result<T, NotOpened> {
        if wire::access_token::read_unverified(sealed).is_none() {
            return Err(NotOpened::Malformed);
        }
        let (payload, header) = deserialize_compact(sealed, &self.verifier).map_err(|_| NotOpened::Foreign)?;
        if header.token_type() != Some(self.typ) {
            return Err(NotOpened::Foreign);
        }
        serde_json::from_slice(&payload).map_err(|_| NotOpened::Foreign)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_object_opens_only_unchanged_in_its_own_lab_for_its_own_use() {
        let seal = Seal::new(&[1; 32], "a+jwt").unwrap();
        let sealed = seal.seal(&"content").unwrap();
        // the payload is no JSON object, as every real one is
        assert_eq!(seal.open::<String>(&sealed), Err(NotOpened::Malformed));
        let sealed = seal.seal(&serde_json::json!({"x": 1})).unwrap();
        assert_eq!(seal.open::<serde_json::Value>(&sealed).unwrap()["x"], 1);
        let other_lab = Seal::new(&[2; 32], "a+jwt").unwrap();
        let other_use = Seal::new(&[1; 32], "b+jwt").unwrap();
        for seal in [other_lab, other_use] {
            assert_eq!(seal.open::<serde_json::Value>(&sealed), Err(NotOpened::Foreign));
        }
    }

    proptest! {
        #[test]
        fn no_single_changed_character_is_accepted(place in 0_usize..200, letter in "[A-Za-z0-9_.-]") {
            let seal = Seal::new(&[1; 32], "a+jwt").unwrap();
            let sealed = seal.seal(&serde_json::json!({"code": "abc", "n": 12345})).unwrap();
            let place = place % sealed.len();
            let mut changed = sealed.clone();
            changed.replace_range(place..=place, &letter);
            if changed != sealed {
                prop_assert!(seal.open::<serde_json::Value>(&changed).is_err());
            }
        }
    }
}
