//! Proof Key for Code Exchange (RFC 7636).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use wire::{Check, Checks};

use super::parameters::Parameters;
use crate::error::EntraError;

/// How the challenge was made from the verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// The challenge is the verifier.
    #[serde(rename = "plain")]
    Plain,
    /// The challenge is the verifier's SHA-256.
    S256,
}

/// What a code was asked for with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeChallenge {
    /// `code_challenge`.
    #[serde(rename = "code_challenge")]
    pub value: String,
    /// `code_challenge_method`.
    #[serde(rename = "code_challenge_method")]
    pub method: Method,
}

impl CodeChallenge {
    /// Reads the challenge of an authorize request, where it has one.
    ///
    /// # Errors
    /// 501491 for a wrong size or alphabet, 50147 for an unknown method or a method alone.
    pub fn read(parameters: &Parameters, checks: &mut Checks) -> Result<Option<Self>, EntraError> {
        let fix = "let the client make its challenge as RFC 7636 §4.2 and §4.3 say";
        let (value, method) = (parameters.text("code_challenge"), parameters.text("code_challenge_method"));
        let method = match method {
            None | Some("plain") => Method::Plain,
            Some("S256") => Method::S256,
            Some(other) => {
                checks.refuse(Check::CodeChallenge, "code_challenge_method S256 or plain", other, fix);
                return Err(EntraError::CodeChallengeParameter { parameter: "code_challenge_method" });
            }
        };
        let Some(value) = value else {
            if parameters.has("code_challenge_method") {
                checks.refuse(
                    Check::CodeChallenge,
                    "a code_challenge beside code_challenge_method",
                    "code_challenge_method alone",
                    fix,
                );
                return Err(EntraError::CodeChallengeParameter { parameter: "code_challenge" });
            }
            checks.pass(
                Check::CodeChallenge,
                "a code_challenge, or none",
                "none, which RFC 9700 §2.1.1 advises against",
            );
            return Ok(None);
        };
        let (well_formed, expected) = match method {
            Method::S256 => (value.len() == 43 && is_verifier(value), "43 characters of base64url"),
            Method::Plain => (is_verifier(value), "43 to 128 unreserved characters"),
        };
        if !well_formed {
            let others = if value.bytes().all(is_unreserved) { "" } else { ", some of another kind" };
            let received = format!("{} characters{others}", value.chars().count());
            checks.refuse(Check::CodeChallenge, expected, received, fix);
            return Err(EntraError::CodeChallengeMalformed);
        }
        let received = match method {
            Method::S256 => "such a challenge",
            Method::Plain => "such a challenge; plain shows the verifier, which RFC 9700 §2.1.1 advises against",
        };
        checks.pass(Check::CodeChallenge, expected, received);
        Ok(Some(Self { value: value.to_owned(), method }))
    }

    fn is_met_by(&self, verifier: &str) -> bool {
        let derived = match self.method {
            Method::Plain => verifier.to_owned(),
            Method::S256 => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
        };
        is_verifier(verifier) && bool::from(derived.as_bytes().ct_eq(self.value.as_bytes()))
    }
}

/// Checks the verifier of a token request against the challenge of its code; neither comes without the other.
///
/// # Errors
/// 501481.
pub fn verify(
    challenge: Option<&CodeChallenge>,
    verifier: Option<&str>,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let (passed, expected, received) = match (challenge, verifier) {
        (None, None) => (true, "no code_verifier, as the sign-in had no code_challenge", "none"),
        (None, Some(_)) => (false, "no code_verifier, as the sign-in had no code_challenge", "a code_verifier"),
        (Some(_), None) => (false, "the code_verifier that the sign-in's code_challenge was made from", "none"),
        (Some(challenge), Some(verifier)) if challenge.is_met_by(verifier) => {
            (true, "the code_verifier that the sign-in's code_challenge was made from", "that one")
        }
        (Some(_), Some(_)) => {
            (false, "the code_verifier that the sign-in's code_challenge was made from", "another value")
        }
    };
    if passed {
        checks.pass(Check::CodeVerifier, expected, received);
        return Ok(());
    }
    checks.refuse(
        Check::CodeVerifier,
        expected,
        received,
        "let the client send the code_verifier of the same sign-in (RFC 7636 §4.5)",
    );
    Err(EntraError::VerifierMismatch)
}

fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(query: &str) -> Result<Option<CodeChallenge>, EntraError> {
        CodeChallenge::read(&Parameters::parse(query.as_bytes()), &mut Checks::default())
    }

    #[test]
    fn the_vector_of_the_standard_verifies() {
        let challenge = read(&format!("code_challenge={CHALLENGE}&code_challenge_method=S256")).unwrap().unwrap();
        assert!(verify(Some(&challenge), Some(VERIFIER), &mut Checks::default()).is_ok());
        let one_less = &VERIFIER[..42];
        for verifier in [None, Some(CHALLENGE), Some(one_less), Some(&*VERIFIER.repeat(3))] {
            assert_eq!(verify(Some(&challenge), verifier, &mut Checks::default()), Err(EntraError::VerifierMismatch));
        }
        assert_eq!(verify(None, Some(VERIFIER), &mut Checks::default()), Err(EntraError::VerifierMismatch));
        assert!(verify(None, None, &mut Checks::default()).is_ok());
    }

    #[test]
    fn a_plain_challenge_is_its_own_verifier() {
        let challenge = read(&format!("code_challenge={VERIFIER}")).unwrap().unwrap();
        assert_eq!(challenge.method, Method::Plain);
        assert!(verify(Some(&challenge), Some(VERIFIER), &mut Checks::default()).is_ok());
    }

    #[test]
    fn malformed_challenges_are_refused() {
        let number = |query: &str| read(query).unwrap_err().number();
        assert_eq!(number(&format!("code_challenge={}&code_challenge_method=S256", &CHALLENGE[1..])), 501_491);
        assert_eq!(number(&format!("code_challenge={}", "a".repeat(129))), 501_491);
        assert_eq!(number(&format!("code_challenge={}!", &CHALLENGE[1..])), 501_491);
        assert_eq!(number(&format!("code_challenge={CHALLENGE}&code_challenge_method=s256")), 50_147);
        assert_eq!(number("code_challenge_method=S256"), 50_147);
        assert_eq!(read(""), Ok(None));
    }
}
