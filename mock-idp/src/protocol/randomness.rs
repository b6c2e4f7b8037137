//! Identifiers from the lab's own random source.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::CryptoRng;
use uuid::Uuid;

/// Random bytes.
pub fn bytes<const N: usize>(rng: &mut impl CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// A random GUID.
pub fn guid(rng: &mut impl CryptoRng) -> Uuid {
    uuid::Builder::from_random_bytes(bytes(rng)).into_uuid()
}

/// A trace id; Entra's end in a small number.
pub fn trace_id(rng: &mut impl CryptoRng) -> Uuid {
    let mut raw: [u8; 16] = bytes(rng);
    raw[15] %= 3;
    uuid::Builder::from_random_bytes(raw).into_uuid()
}

/// `N` random bytes as base64url.
pub fn text<const N: usize>(rng: &mut impl CryptoRng) -> String {
    URL_SAFE_NO_PAD.encode(bytes::<N>(rng))
}
