//! Assertions that the client signs itself, with the private key of one of its certificates.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use josekit::JoseError;
use josekit::jws::{JwsVerifier, PS256, RS256, RS384, RS512};
use rsa::PublicKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use scenarios::certificate::ReadCertificate;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use wire::{Check, Checks};

use super::{Algorithm, Assertion, shown};
use crate::directory::Application;
use crate::error::EntraError;

/// A certificate of the application, with the names that headers call it by.
struct Known<'d> {
    /// Its key in the world.
    name: &'d str,
    certificate: ReadCertificate,
    sha1: Vec<u8>,
    sha256: Vec<u8>,
}

impl Known<'_> {
    /// Whether the header means it: by `x5t`, `x5t#S256`, `kid` (a thumbprint, or the key's id) or `x5c`.
    fn is_meant(&self, named: &KeyName) -> bool {
        let base64url = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match named {
            KeyName::Sha1(thumbprint) => base64url(&self.sha1) == thumbprint.trim_end_matches('='),
            KeyName::Sha256(thumbprint) => base64url(&self.sha256) == thumbprint.trim_end_matches('='),
            KeyName::Id(id) => {
                id == self.name || *id == base64url(&self.sha1) || id.eq_ignore_ascii_case(&hex(&self.sha1))
            }
            KeyName::Chain(first) => STANDARD.decode(first).is_ok_and(|der| der == self.certificate.der),
        }
    }
}

/// How a header names its key.
enum KeyName {
    Sha1(String),
    Sha256(String),
    Id(String),
    Chain(String),
}

impl KeyName {
    fn read(assertion: &Assertion<'_>) -> Option<Self> {
        let text = |name: &str| assertion.header.get(name).and_then(Value::as_str).map(str::to_owned);
        let first = || assertion.header.get("x5c")?.get(0)?.as_str().map(str::to_owned);
        text("x5t#S256")
            .map(Self::Sha256)
            .or_else(|| text("x5t").map(Self::Sha1))
            .or_else(|| text("kid").map(Self::Id))
            .or_else(|| first().map(Self::Chain))
    }

    /// The thumbprint as messages show it: hexadecimal, where it is one.
    fn shown(&self) -> String {
        match self {
            Self::Sha1(text) | Self::Sha256(text) => {
                let decoded = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
                decoded.map_or_else(|_| shown(text), |bytes| shown(&hex(&bytes)))
            }
            Self::Id(id) => shown(id),
            Self::Chain(first) => {
                STANDARD.decode(first).map_or_else(|_| "none".to_owned(), |der| hex(&Sha1::digest(der)))
            }
        }
    }
}

/// The signature must be that of one of the application's certificates, which must be valid now.
///
/// # Errors
/// 5002723 and 700027.
pub(super) fn verify_with_certificates(
    assertion: &Assertion<'_>,
    client: Application<'_>,
    now: Timestamp,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let setting = client.setting("certificates", "Certificates & secrets > Certificates");
    let Some(named) = KeyName::read(assertion) else {
        let expected = "a header that names the certificate: x5t, x5t#S256, kid or x5c";
        let fix = format!("the client: put the thumbprint of the certificate into the header, of one of {setting}");
        checks.refuse(Check::ClientAssertionReadable, expected, "none of them", fix);
        return Err(EntraError::AssertionWithoutKey);
    };
    let certificates = || client.thing().certificates.iter().filter_map(|(name, pem)| known(name, pem));
    let thumbprints: Vec<String> = certificates().map(|known| hex(&known.sha1)).collect();
    let expected = match thumbprints.as_slice() {
        [] => format!("a signature of a certificate of {}, which has none", client.shown_name()),
        some => format!("a signature of a certificate of {}: {}", client.shown_name(), some.join(", ")),
    };
    let mut refuse = |reason: &'static str, received: String, found: Option<&Known<'_>>, fix: String| {
        checks.refuse(Check::ClientAssertionSignature, expected.as_str(), received, fix);
        let found = found.map_or_else(String::new, |known| {
            let (start, end) = (known.certificate.not_before, known.certificate.not_after);
            format!(" Found key 'Start={start}, End={end}',")
        });
        Err(EntraError::AssertionSignature { reason, thumbprint: named.shown(), found, client_id: client.client_id })
    };
    let Some(known) = certificates().find(|known| known.is_meant(&named)) else {
        let fix =
            format!("add the client's public certificate to {setting}, or give the client a certificate from there");
        return refuse("The key was not found.", format!("the key {}", named.shown()), None, fix);
    };
    if !is_signed_with(assertion, &known.certificate.public_key) {
        let received = format!("another signature, by the name of {}", known.name);
        let fix = format!("sign with the private key that belongs to {} of {setting}", known.name);
        return refuse(
            "The provided signature value did not match the expected signature value.",
            received,
            Some(&known),
            fix,
        );
    }
    if now < known.certificate.not_before || known.certificate.not_after <= now {
        let received = format!("one of {}, which ended on {}", known.name, known.certificate.not_after);
        let fix = format!("make a new certificate, and add it to {setting}");
        return refuse("The key used is expired.", received, Some(&known), fix);
    }
    checks.pass(Check::ClientAssertionSignature, expected, format!("one of {}", known.name));
    Ok(())
}

/// Reads what the world holds; that it can be read is checked when the world is.
fn known<'d>(name: &'d str, pem: &str) -> Option<Known<'d>> {
    let certificate = ReadCertificate::from_pem(pem).ok()?;
    let (sha1, sha256) = (Sha1::digest(&certificate.der).to_vec(), Sha256::digest(&certificate.der).to_vec());
    Some(Known { name, certificate, sha1, sha256 })
}

/// Whether the private key of `public_key` signed the assertion. Of the header only algorithm and `crit` count here: MSAL
/// for Python pads `x5t` and breaks the lines of `x5c`, which Entra takes and a strict reader of headers does not.
pub(super) fn is_signed_with(assertion: &Assertion<'_>, public_key: &[u8]) -> bool {
    let Some((message, signature)) = assertion.text.rsplit_once('.') else { return false };
    let (Ok(signature), Ok(verifier)) = (URL_SAFE_NO_PAD.decode(signature), verifier(assertion.algorithm, public_key))
    else {
        return false;
    };
    !assertion.header.contains_key("crit") && verifier.verify(message.as_bytes(), &signature).is_ok()
}

/// What verifies signatures of a public key (SubjectPublicKeyInfo, DER).
///
/// # Errors
/// When the key is no RSA key.
fn verifier(algorithm: Algorithm, public_key: &[u8]) -> Result<Box<dyn JwsVerifier>, JoseError> {
    Ok(match algorithm {
        Algorithm::Rs256 => Box::new(RS256.verifier_from_der(public_key)?),
        Algorithm::Rs384 => Box::new(RS384.verifier_from_der(public_key)?),
        Algorithm::Rs512 => Box::new(RS512.verifier_from_der(public_key)?),
        Algorithm::Ps256 => {
            // of a SubjectPublicKeyInfo that does not say PSS itself, josekit would verify the older padding
            let key = PublicKey::from_public_key_der(public_key);
            let key = key.map_err(|error| JoseError::InvalidKeyFormat(error.into()))?;
            let pkcs1 = key.to_pkcs1_der().map_err(|error| JoseError::InvalidKeyFormat(error.into()))?;
            Box::new(PS256.verifier_from_der(pkcs1.as_bytes())?)
        }
    })
}

/// Upper-case hexadecimal, as Entra's messages and portal show thumbprints.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use josekit::jws::deserialize_compact;

    use super::*;

    const PUBLIC_KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA6to/0ZagPtUoQ30IjYvTAL761pfFQ8Sdl5O4OgF9myZomiYY7NgDPO0/\
        vPX+fW91SJ5WiyTSt5lHb9w5P1WCmwJ4DeSIxwK3LE2Uj8davwrJn13rY4Bq5PQIIxrq7+WJf/ZvX0lDRzdB+TXBo5yG+nt0B4Xq\
        1ww9id/ztmujzZtca2tnvimfzQ0V/j+X5Mb4THTAVOkWJifqROLLur89rANR6kkxn1SRudWE/iaPQeyCNzqrzjA5AtWq5dD+XP0x\
        Y5Ra+NWZ9+SAntCKWJHacghVGrIqaVsuOCvCKy4f1w0tB8q3x4iyj+lHbHX6f3D8+yBqdsNvSi8HNSy58y/C+wIDAQAB";

    /// Signed by PyJWT with PS256, and with RS256.
    const PS256_TOKEN: &str = "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJtYWRlIGJ5IFB5SldUIn0.Yl1Hii20QvPlUYqdj0NDQ-5ttvMx78Y\
        GyPK10xHsa4_Pmtqw7RE6hEP_DvddHrwjuffQuymRjyPmnIQhRhjIRmNo1Quw26zi5gczKiH9i5dUZHvd31ZGR2e6jvqYFjetTIV\
        EhptB83DGzjza2SB48FkIzt-N-GUKmGVhEpTMsjMpzvuUkeoNHIWYja8SLtaoEOtA-IXhm4nQ8K4xIGfFDIBCOceUE_JQe0_M6Sf\
        lpOLQeuW8RfqjVUAXWGnBFGUtWtV3ThbFrAfloM7C1q3v7eja26_PkorM4zy64Zfyn9fLXuHr9eGVHKps0Bxt0g86WI9cfsZDl6_\
        X1MGNzhJUaQ";
    const RS256_TOKEN: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJtYWRlIGJ5IFB5SldUIn0.2aOAAIB0uIfs6HlmPsV272OFuo3CN1T\
        _CLRKxUGDbhIKdGliE78gD7eUnrZ2GhAeEhqCNFKz3fe81un1nPZcqa4-_n_SyQwlffBo9e4gpq5KwvQ_EXv003o7HrGfauYmbbR\
        dAiy-JRRchfg4qi1bbqbt-7xVWJwq8mD9mHWISWZrVseTgrnKkal6o4DF4qgKGxd2mkINCh-h9-k72bi1QdrYigHgi1GAngrksCf\
        KkTLFppGJ9H1C_76zDChJAt6zay7owUOvnOS_--cFcqcRFZf5SWECT1Jm_50XkOYpiGW8Ou7v2GlmyJz_W9RFc9naOh1ma-TLxtZ\
        LVeTsmhL6jw";

    #[test]
    fn signatures_of_another_library_verify_with_their_own_algorithm_alone() {
        let key = STANDARD.decode(PUBLIC_KEY).unwrap();
        let verifies = |algorithm, token| deserialize_compact(token, &*verifier(algorithm, &key).unwrap()).is_ok();
        assert!(verifies(Algorithm::Ps256, PS256_TOKEN));
        assert!(verifies(Algorithm::Rs256, RS256_TOKEN));
        assert!(!verifies(Algorithm::Ps256, RS256_TOKEN) && !verifies(Algorithm::Rs256, PS256_TOKEN));
    }
}
