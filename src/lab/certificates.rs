//! The two certificate authorities of a lab: the local one, kept in the data folder, and the cloud one, in memory.
//!
//! Both say in their subject that nobody should trust them, and both are name-constrained (RFC 5280 §4.2.1.10), so
//! that a certificate for any other name is refused even by a program that trusts them. Neither is ever installed.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The subject of everything that a lab certifies.
const COMMON_NAME: &str = "entralab emulator, do not trust";

/// A certificate authority with its key.
#[derive(Debug)]
pub struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
}

/// A certificate authority could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Making or reading a certificate failed.
    #[error("the certificate cannot be made or read: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The key file holds no private key.
    #[error("it holds no private key as PEM text")]
    NoKey,
    /// The TLS library refused what was made.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The text holds no certificate, or one that is damaged.
    #[error("it holds no certificate as PEM text")]
    Empty,
    /// The certificate was made for another key.
    #[error("the certificate was made for another key")]
    OtherKey,
}

impl CertificateError {
    /// Whether the key is at fault, and not the certificate.
    #[must_use]
    pub fn is_of_the_key(&self) -> bool {
        matches!(self, Self::NoKey)
    }
}

/// The certificates in a PEM text, at least one.
///
/// # Errors
/// When there is none, or one cannot be read.
pub fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    use rustls::pki_types::pem::PemObject;
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| CertificateError::Empty)?;
    let is_one =
        |der: &CertificateDer<'_>| x509_parser::parse_x509_certificate(der).is_ok_and(|(rest, _)| rest.is_empty());
    if !found.is_empty() && found.iter().all(is_one) { Ok(found) } else { Err(CertificateError::Empty) }
}

impl CertificateAuthority {
    /// A new authority that can certify `dns_names` (and what is below them) and, where asked, loopback addresses.
    ///
    /// # Errors
    /// When the key or the certificate cannot be made.
    pub fn generate(dns_names: &[String], loopback_addresses: bool) -> Result<Self, CertificateError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = subject("certificate authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2045, 1, 1));
        let mut permitted: Vec<_> = dns_names.iter().cloned().map(GeneralSubtree::DnsName).collect();
        if loopback_addresses {
            permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 1], 32)));
            permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
                std::net::Ipv6Addr::LOCALHOST.octets(),
                128,
            )));
        }
        params.name_constraints =
            Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// Reads an authority that [`Self::certificate_pem`] and [`Self::key_pem`] wrote.
    ///
    /// # Errors
    /// When either text is not what they wrote.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<Self, CertificateError> {
        let certificate = certificates(certificate_pem)?.into_iter().next().ok_or(CertificateError::Empty)?;
        let key = KeyPair::from_pem(key_pem).map_err(|_| CertificateError::NoKey)?;
        let public = key.public_key_raw();
        if !certificate.windows(public.len()).any(|window| window == public) {
            return Err(CertificateError::OtherKey);
        }
        let issuer = Issuer::from_ca_cert_pem(certificate_pem, key)?;
        Ok(Self { issuer, certificate, certificate_pem: certificate_pem.to_owned() })
    }

    /// The certificate, for those who choose to trust it.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A TLS server for `names`, which may be DNS names or addresses.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn server_config(&self, names: &[String]) -> Result<Arc<rustls::ServerConfig>, CertificateError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.to_vec())?;
        params.distinguished_name = subject("server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2044, 1, 1));
        let leaf = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone(), self.certificate.clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// A TLS client that trusts this authority, the certificates in `also` (PEM), and nobody else.
    ///
    /// # Errors
    /// When a text holds no certificate, or the TLS library refuses one.
    pub fn client_config(&self, also: &[String]) -> Result<Arc<rustls::ClientConfig>, CertificateError> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        for pem in also {
            for certificate in certificates(pem)? {
                roots.add(certificate)?;
            }
        }
        Ok(Arc::new(client_config(roots)?))
    }
}

/// A TLS client that trusts `roots` and nothing of the system.
///
/// # Errors
/// When the TLS library has no protocol version to offer.
pub fn client_config(roots: rustls::RootCertStore) -> Result<rustls::ClientConfig, CertificateError> {
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

/// The subject of an authority and of what it certifies must differ, or OpenSSL takes a server for self-signed.
fn subject(role: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, COMMON_NAME);
    subject.push(DnType::OrganizationalUnitName, role);
    subject
}
