//! Certificates and public keys as a world holds them: PEM text (RFC 7468).

use jiff::Timestamp;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate};

/// The label of certificates.
const CERTIFICATE: &str = "CERTIFICATE";

/// The label of public keys.
const PUBLIC_KEY: &str = "PUBLIC KEY";

/// Why a text is no certificate or public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPem {
    /// It is no PEM text.
    #[error("it is no PEM text, which starts with -----BEGIN CERTIFICATE----- and ends with -----END CERTIFICATE-----")]
    NotPem,
    /// It is a private key.
    #[error("it is a private key, which nobody but its owner should have")]
    Private,
    /// It is something else.
    #[error("it is PEM, but of something else")]
    OtherLabel,
    /// Its content cannot be read.
    #[error("its content cannot be read")]
    Unreadable,
    /// Its key is none of RSA with 2048 bits or more.
    #[error("its key is not an RSA key of 2048 bits or more")]
    NotRsa,
}

/// A public certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadCertificate {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Its public key: SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
}

impl ReadCertificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// When `pem` is none.
    pub fn from_pem(pem: &str) -> Result<Self, BadPem> {
        match block(pem)? {
            (label, der) if label == CERTIFICATE => Self::from_der(der),
            _ => Err(BadPem::OtherLabel),
        }
    }

    fn from_der(der: Vec<u8>) -> Result<Self, BadPem> {
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| BadPem::Unreadable)?;
        let instant = |seconds| Timestamp::from_second(seconds).map_err(|_| BadPem::Unreadable);
        let validity = certificate.validity();
        let (not_before, not_after) =
            (instant(validity.not_before.timestamp())?, instant(validity.not_after.timestamp())?);
        let public_key = certificate.public_key().raw.to_vec();
        check_rsa(certificate.public_key())?;
        Ok(Self { public_key, not_before, not_after, der })
    }
}

/// Reads a public key, or that of a certificate: SubjectPublicKeyInfo, DER.
///
/// # Errors
/// When `pem` is neither.
pub fn public_key_from_pem(pem: &str) -> Result<Vec<u8>, BadPem> {
    match block(pem)? {
        (label, der) if label == CERTIFICATE => Ok(ReadCertificate::from_der(der)?.public_key),
        (label, der) if label == PUBLIC_KEY => {
            let (_, key) = SubjectPublicKeyInfo::from_der(&der).map_err(|_| BadPem::Unreadable)?;
            check_rsa(&key)?;
            Ok(der)
        }
        _ => Err(BadPem::OtherLabel),
    }
}

/// The first block: its label and content.
fn block(pem: &str) -> Result<(String, Vec<u8>), BadPem> {
    let (_, block) = parse_x509_pem(pem.trim().as_bytes()).map_err(|_| BadPem::NotPem)?;
    if block.label.ends_with("PRIVATE KEY") {
        return Err(BadPem::Private);
    }
    Ok((block.label, block.contents))
}

fn check_rsa(key: &SubjectPublicKeyInfo<'_>) -> Result<(), BadPem> {
    match key.parsed() {
        Ok(x509_parser::public_key::PublicKey::RSA(rsa)) if rsa.key_size() >= 2048 => Ok(()),
        _ => Err(BadPem::NotRsa),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_certificate_says_why() {
        let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let request = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
        for (pem, why) in [
            ("", BadPem::NotPem),
            ("MIIC", BadPem::NotPem),
            (private, BadPem::Private),
            (empty, BadPem::Unreadable),
            (request, BadPem::OtherLabel),
        ] {
            assert_eq!(ReadCertificate::from_pem(pem), Err(why), "{pem}");
            assert_eq!(public_key_from_pem(pem), Err(why), "{pem}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), content in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = ReadCertificate::from_pem(&text);
            let encoded = content.iter().map(|byte| char::from(b'A' + byte % 26)).collect::<String>();
            let _ = public_key_from_pem(&format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----"));
        }
    }
}
