//! What tells the MCP server that a request came through the gate.
//!
//! The real container cannot be reached but through its gate. Here its port is open to every program of this machine, so
//! the two share a secret, made anew with every lab. Without it the identity headers could be anybody's word.

use http::{HeaderMap, HeaderName, HeaderValue};
use subtle::ConstantTimeEq;

/// Carries the secret. The gate removes all `x-entralab-` headers that come from outside.
const HEADER: HeaderName = HeaderName::from_static("x-entralab-gate-secret");

/// The secret of one gate and one MCP server; it is never shown.
#[derive(Clone)]
pub struct GateSecret(HeaderValue);

impl GateSecret {
    /// The secret made of these bytes, which nobody else must know.
    #[must_use]
    pub fn of(bytes: [u8; 32]) -> Self {
        // Two letters for each byte: the range of a header's value is never left.
        let text: Vec<u8> = bytes.iter().flat_map(|byte| [b'a' + (byte >> 4), b'a' + (byte & 15)]).collect();
        let mut value = HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static("none"));
        value.set_sensitive(true);
        Self(value)
    }

    /// Writes the secret, over whatever stands in its place.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(HEADER, self.0.clone());
    }

    /// Takes the secret off the headers; whether it was this one, and there once.
    pub(crate) fn take(&self, headers: &mut HeaderMap) -> bool {
        let brought: Vec<_> = headers.get_all(HEADER).iter().cloned().collect();
        headers.remove(HEADER);
        matches!(brought.as_slice(), [one] if bool::from(one.as_bytes().ct_eq(self.0.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_itself_given_once_is_good_and_it_goes_no_further() {
        let (secret, other) = (GateSecret::of([7; 32]), GateSecret::of([8; 32]));
        let mut headers = HeaderMap::new();
        assert!(!secret.take(&mut headers));
        other.write(&mut headers);
        assert!(!secret.take(&mut headers));
        secret.write(&mut headers);
        headers.append(HEADER, secret.0.clone());
        assert!(!secret.take(&mut headers));
        secret.write(&mut headers);
        assert!(secret.take(&mut headers) && headers.is_empty());
        headers.insert(HEADER, HeaderValue::from_static(""));
        assert!(!secret.take(&mut headers));
    }
}
