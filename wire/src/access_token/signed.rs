//! The form of a token: a compact JWS that is signed in the one way that is accepted.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Claims, Keys, NAME_THE_API, Refused, TOKEN_LIMIT_BYTES, hashed_nonce, shown, strict_json};
use crate::{Check, Checks};

/// A token of the right form, of which nothing has been verified yet.
#[derive(Clone, Debug)]
pub struct Signed {
    kid: String,
    signing_input: String,
    /// The signing input with the hash of the header's `nonce` in its place, where there is one.
    signing_input_of_graph: Option<String>,
    signature: Vec<u8>,
    claims: Map<String, Value>,
}

/// Why a token is not of the right form.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("a token of more than {TOKEN_LIMIT_BYTES} bytes")]
    TooLong,
    #[error("an encrypted token (five parts); a refresh token looks so")]
    Encrypted,
    #[error("a text of {0} parts where a signed token has three, separated by dots")]
    Parts(usize),
    #[error("a {0} that is not base64url without padding")]
    Encoding(&'static str),
    #[error("a {0} that is not one JSON object with unique members")]
    Json(&'static str),
    #[error("the algorithm {0}")]
    Algorithm(String),
    #[error("a header with the member '{0}', which changes how the token is to be read")]
    Member(&'static str),
    #[error("a header with the type '{0}'")]
    Type(String),
    #[error("a header without 'kid'")]
    NoKid,
    #[error("a token that names no client in 'appid' or 'azp', as an ID token")]
    NotAnAccessToken,
}

impl Signed {
    /// Reads a token's form; `alg` must be RS256, `kid` must be there, keys inside the token are not looked at.
    ///
    /// # Errors
    /// When it has another form; the check `token.readable` says which.
    pub fn read(token: &str, checks: &mut Checks) -> Result<Self, Refused> {
        const EXPECTED: &str = "an access token: a JWT signed with RS256, with a key id";
        match read(token) {
            Ok(signed) => {
                checks.pass(Check::TokenReadable, EXPECTED, format!("RS256, kid {}", shown(&signed.kid)));
                Ok(signed)
            }
            Err(reason) => {
                checks.refuse(
                    Check::TokenReadable,
                    EXPECTED,
                    reason.to_string(),
                    "send the `access_token` of the token answer as it came, not the `id_token`, the `refresh_token` or a key",
                );
                Err(Refused)
            }
        }
    }

    /// The id of the key that the token says it is signed with.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The token as Microsoft Graph verifies it: with the hash of the `nonce` in the place of the `nonce`.
    #[must_use]
    pub fn as_graph_verifies_it(self) -> Self {
        match self.signing_input_of_graph {
            Some(signing_input) => Self { signing_input, signing_input_of_graph: None, ..self },
            None => self,
        }
    }

    /// Verifies the signature with the issuer's keys.
    ///
    /// # Errors
    /// When no key has the token's `kid`, or the signature is not that key's; see the check `token.signature`.
    pub fn verify(self, keys: &Keys, checks: &mut Checks) -> Result<Claims, Refused> {
        let expected = || format!("the signature of one of the issuer's keys: {}", keys.kids());
        let kid = shown(&self.kid);
        let mut fix = "sign in again; or gate.issuer (portal: Container App > Authentication > Edit > Issuer URL): its \
                       keys verify the token";
        let received = match keys.verify(&self.kid, self.signing_input.as_bytes(), &self.signature) {
            Some(true) => {
                checks.pass(Check::TokenSignature, expected(), format!("that of {kid}"));
                return Ok(Claims(self.claims));
            }
            Some(false) if self.signing_input_of_graph.is_some() => {
                fix = NAME_THE_API;
                "that of an access token for Microsoft Graph: it has a nonce, and nobody but Graph can verify it"
                    .to_owned()
            }
            Some(false) => format!("not the signature of {kid} over this token"),
            None => format!("one said to be of {kid}, which the issuer does not publish"),
        };
        checks.refuse(Check::TokenSignature, expected(), received, fix);
        Err(Refused)
    }
}

fn read(token: &str) -> Result<Signed, Unreadable> {
    if token.len() > TOKEN_LIMIT_BYTES {
        return Err(Unreadable::TooLong);
    }
    let parts: Vec<&str> = token.split('.').collect();
    let &[header, claims, signature] = parts.as_slice() else {
        return Err(if parts.len() == 5 { Unreadable::Encrypted } else { Unreadable::Parts(parts.len()) });
    };
    let decode = |name, part| URL_SAFE_NO_PAD.decode(part).map_err(|_| Unreadable::Encoding(name));
    let object = |name, part| strict_json::object(&decode(name, part)?).ok_or(Unreadable::Json(name));
    let header_members = object("header", header)?;
    let kid = read_header(&header_members)?;
    let claims = object("payload", claims)?;
    let signature = decode("signature", signature)?;
    // RFC 8725 §3.12: tokens of other kinds, signed by the same issuer, must not pass for access tokens.
    if !["appid", "azp"].into_iter().any(|name| claims.get(name).is_some_and(Value::is_string)) {
        return Err(Unreadable::NotAnAccessToken);
    }
    let signing_input = format!("{}.{}", parts[0], parts[1]);
    let nonce = header_members.get("nonce").and_then(Value::as_str);
    let header_of_graph = nonce.map(|nonce| with_hashed_nonce(&decode("header", header)?, nonce)).transpose()?;
    let signing_input_of_graph = header_of_graph.map(|header| format!("{header}.{}", parts[1]));
    Ok(Signed { kid, signing_input, signing_input_of_graph, signature, claims })
}

/// The header with the hash of its `nonce`, every other byte as it came.
fn with_hashed_nonce(header: &[u8], nonce: &str) -> Result<String, Unreadable> {
    let text = std::str::from_utf8(header).map_err(|_| Unreadable::Json("header"))?;
    let hashed = text.replacen(&format!("\"{nonce}\""), &format!("\"{}\"", hashed_nonce(nonce)), 1);
    Ok(URL_SAFE_NO_PAD.encode(hashed))
}

/// Judges the JOSE header and gives its `kid`; `jwk`, `jku`, `x5u` and `x5c` are never looked at (RFC 8725 §3.10).
fn read_header(header: &Map<String, Value>) -> Result<String, Unreadable> {
    let text = |name| header.get(name).and_then(Value::as_str);
    match header.get("alg") {
        Some(Value::String(alg)) if alg == "RS256" => {}
        Some(other) => return Err(Unreadable::Algorithm(shown(&other.to_string()))),
        None => return Err(Unreadable::Algorithm("none, for the header names none".to_owned())),
    }
    if let Some(member) = ["crit", "b64", "zip"].into_iter().find(|name| header.contains_key(*name)) {
        return Err(Unreadable::Member(member));
    }
    if let Some(typ) = header.get("typ") {
        let known = typ.as_str().is_some_and(|typ| ["jwt", "at+jwt"].contains(&typ.to_ascii_lowercase().as_str()));
        if !known {
            return Err(Unreadable::Type(shown(typ.as_str().unwrap_or_default())));
        }
    }
    match text("kid") {
        Some(kid) if !kid.is_empty() => Ok(kid.to_owned()),
        _ => Err(Unreadable::NoKid),
    }
}
