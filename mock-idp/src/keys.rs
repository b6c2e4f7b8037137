//! The keys that tokens are signed with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use josekit::JoseError;
use josekit::jws::alg::rsassa::{RsassaJwsSigner, RsassaJwsVerifier};
use josekit::jws::{JwsHeader, RS256, deserialize_compact, serialize_compact};
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, SerialNumber, date_time_ymd};
use rsa::PrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::traits::PublicKeyParts;
use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use uuid::Uuid;
use wire::access_token::{Keys, hashed_nonce};

use crate::directory::Application;
use crate::protocol::{Family, randomness};

/// The keys of `run`, of tests and of `--deterministic`. Everybody has them.
const BUNDLED: &str = include_str!("../keys/public-test-keys.pem");

/// The size of every key.
const BITS: usize = 2048;

/// How many keys there are; clients must cope with more than one.
const COUNT: usize = 2;

/// How long a certificate is valid.
const CERTIFICATE_YEARS: i16 = 5;

/// Two RSA keys, each with a self-signed certificate; the first signs.
#[derive(Clone, Debug)]
pub struct SigningKeys(Vec<SigningKey>);

/// One key.
#[derive(Clone)]
pub struct SigningKey {
    /// `kid` and `x5t`: base64url of the certificate's SHA-1.
    pub kid: String,
    /// `n`.
    pub modulus: String,
    /// `e`.
    pub exponent: String,
    certificate: Vec<u8>,
    private_pem: String,
    signer: RsassaJwsSigner,
    verifier: RsassaJwsVerifier,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text does not hold what [`SigningKeys::to_pem`] writes.
    #[error("not a text of {COUNT} private keys, each followed by its certificate: {0}")]
    Unreadable(&'static str),
    /// A private key that cannot be read or written.
    #[error("a private key cannot be used")]
    PrivateKey(#[source] rsa::pkcs8::Error),
    /// A public half that cannot be written.
    #[error("a public key cannot be written")]
    PublicKey(#[source] rsa::pkcs8::spki::Error),
    /// A key that cannot be made.
    #[error("no key could be made")]
    Generation(#[source] rsa::Error),
    /// A certificate that cannot be made.
    #[error("no certificate could be made")]
    Certificate(#[source] rcgen::Error),
    /// A key that cannot sign.
    #[error("a key cannot sign")]
    Signer(#[source] JoseError),
}

impl SigningKeys {
    /// The keys that are part of this program, and therefore no secret.
    ///
    /// # Errors
    /// Never in a build that passes its tests.
    pub fn bundled() -> Result<Self, KeyError> {
        Self::from_pem(BUNDLED)
    }

    /// Makes new keys; certificates start at `now`.
    ///
    /// # Errors
    /// When no key or certificate could be made.
    pub fn generate(rng: &mut impl CryptoRng, now: Timestamp) -> Result<Self, KeyError> {
        (0..COUNT).map(|_| SigningKey::generate(rng, now)).collect::<Result<_, _>>().map(Self)
    }

    /// Keys and certificates as one text.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.0.iter().map(|key| format!("{}{}", key.private_pem, pem_block("CERTIFICATE", &key.certificate))).collect()
    }

    /// Reads what [`Self::to_pem`] wrote; text between the blocks is skipped.
    ///
    /// # Errors
    /// When it is something else, or a key is too small.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let mut blocks = pem_blocks(text)?.into_iter();
        let mut keys = Vec::new();
        while let Some((label, private)) = blocks.next() {
            match (label, blocks.next()) {
                ("PRIVATE KEY", Some(("CERTIFICATE", certificate))) => {
                    let private = PrivateKey::from_pkcs8_der(&private).map_err(KeyError::PrivateKey)?;
                    keys.push(SigningKey::new(&private, certificate)?);
                }
                _ => return Err(KeyError::Unreadable("a private key and its certificate come in turn")),
            }
        }
        if keys.len() == COUNT { Ok(Self(keys)) } else { Err(KeyError::Unreadable("the number of keys is another")) }
    }

    /// The same with a new key that signs; the one that signed until now stays published only with an overlap.
    ///
    /// # Errors
    /// When no key or certificate could be made.
    pub fn rotated(&self, rng: &mut impl CryptoRng, now: Timestamp, with_overlap: bool) -> Result<Self, KeyError> {
        let new = SigningKey::generate(rng, now)?;
        let kept = self.0.iter().skip(usize::from(!with_overlap)).cloned();
        Ok(Self(std::iter::once(new).chain(kept).take(COUNT + 1).collect()))
    }

    /// The public halves, the signing one first.
    pub fn public_keys(&self) -> impl Iterator<Item = &SigningKey> {
        self.0.iter()
    }

    /// What verifies tokens that one of these keys signed.
    #[must_use]
    pub fn verifying_keys(&self) -> Keys {
        self.0.iter().map(|key| (key.kid.clone(), key.verifier.clone())).collect()
    }

    /// The claims of a token that one of these keys signed; none of any other text.
    pub(crate) fn verify(&self, token: &str) -> Option<Map<String, Value>> {
        let kid = wire::access_token::read_strictly(token)?.header.get("kid")?.as_str()?.to_owned();
        let key = self.0.iter().find(|key| key.kid == kid)?;
        let (payload, _) = deserialize_compact(token, &key.verifier).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    /// Signs the claims of a token of `version`. With a `nonce`, the header shows it, and what is signed has its hash in
    /// its place, as Microsoft Graph's tokens have it.
    pub(crate) fn sign(
        &self,
        version: Family,
        claims: &Map<String, Value>,
        nonce: Option<&str>,
    ) -> Result<String, JoseError> {
        let key = self.0.first().ok_or_else(|| JoseError::InvalidKeyFormat(KeyError::Unreadable("no key").into()))?;
        let mut header = JwsHeader::new();
        header.set_token_type("JWT");
        if let Some(nonce) = nonce {
            header.set_claim("nonce", Some(Value::String(hashed_nonce(nonce))))?;
        }
        header.set_algorithm("RS256");
        if version == Family::V1 {
            // v1 tokens name their key twice
            header.set_claim("x5t", Some(Value::String(key.kid.clone())))?;
        }
        header.set_key_id(&key.kid);
        let payload = serde_json::to_vec(claims).map_err(|error| JoseError::InvalidJson(error.into()))?;
        let token = serialize_compact(&payload, &header, &key.signer)?;
        let Some(nonce) = nonce else { return Ok(token) };
        header.set_claim("nonce", Some(Value::String(nonce.to_owned())))?;
        let shown = URL_SAFE_NO_PAD.encode(Value::Object(header.claims_set().clone()).to_string());
        let (_, signed) = token.split_once('.').unwrap_or_default();
        Ok(format!("{shown}.{signed}"))
    }
}

/// How a signature is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgery {
    /// Another published key made it than the one that the header names.
    OtherKey,
    /// The header names a key that is not published.
    UnknownKey,
    /// A claim was changed after it was made.
    Tampered,
    /// There is none: `alg` is `none`.
    None,
    /// The public key was taken for a shared secret: `alg` is `HS256`.
    Hs256WithPublicKey,
}

impl SigningKeys {
    /// A token whose signature is wrong.
    pub(crate) fn forge(
        &self,
        version: Family,
        claims: &Map<String, Value>,
        forgery: Forgery,
    ) -> Result<String, JoseError> {
        let good = self.sign(version, claims, None)?;
        let mut parts = good.split('.');
        let (header, signature) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        let mut header: Map<String, Value> =
            URL_SAFE_NO_PAD.decode(header).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        let encode = |claims: &Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(claims.clone()).to_string());
        match forgery {
            Forgery::OtherKey => {
                let other = Self(self.0.iter().rev().cloned().collect());
                let foreign = other.sign(version, claims, None)?;
                let (input, _) = good.rsplit_once('.').unwrap_or_default();
                let (_, signature) = foreign.rsplit_once('.').unwrap_or_default();
                Ok(format!("{input}.{signature}"))
            }
            Forgery::UnknownKey => {
                let name = Value::from(URL_SAFE_NO_PAD.encode(Sha1::digest(&good)));
                header.insert("kid".to_owned(), name.clone());
                if header.contains_key("x5t") {
                    header.insert("x5t".to_owned(), name);
                }
                Ok(format!("{}.{}.{signature}", encode(&header), encode(claims)))
            }
            Forgery::Tampered => {
                let mut claims = claims.clone();
                claims.insert("name".to_owned(), "Somebody Else".into());
                Ok(format!("{}.{}.{signature}", encode(&header), encode(&claims)))
            }
            Forgery::None => {
                header.insert("alg".to_owned(), "none".into());
                Ok(format!("{}.{}.", encode(&header), encode(claims)))
            }
            Forgery::Hs256WithPublicKey => {
                header.insert("alg".to_owned(), "HS256".into());
                let secret = self.0.first().map(|key| key.certificate.clone()).unwrap_or_default();
                let input = format!("{}.{}", encode(&header), encode(claims));
                let signer = josekit::jws::HS256.signer_from_bytes(&secret)?;
                let signature = josekit::jws::JwsSigner::sign(&signer, input.as_bytes())?;
                Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
            }
        }
    }
}

/// The keys of a lab: those that all applications share, and those that applications have of their own.
#[derive(Debug)]
pub struct Keyring {
    shared: RwLock<Arc<SigningKeys>>,
    own: Mutex<HashMap<(Uuid, Timestamp), Arc<SigningKeys>>>,
    seed: [u8; 32],
}

impl Keyring {
    /// The most keys of applications that are kept; the seed makes the same ones again.
    const CAPACITY: usize = 64;

    /// The keys of the lab with this seed.
    #[must_use]
    pub fn new(shared: Arc<SigningKeys>, seed: [u8; 32]) -> Self {
        Self { shared: RwLock::new(shared), own: Mutex::default(), seed }
    }

    /// The keys that all applications share.
    #[must_use]
    pub fn shared(&self) -> Arc<SigningKeys> {
        self.shared.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts others in the place of the keys that all applications share.
    pub fn share(&self, keys: SigningKeys) {
        *self.shared.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// The keys of the application: its own, where the world says that it has one. A key with another end is another
    /// key.
    ///
    /// # Errors
    /// When its key could not be made.
    pub fn of(&self, application: Application<'_>) -> Result<Arc<SigningKeys>, KeyError> {
        let Some(own) = &application.signing_key else { return Ok(self.shared()) };
        let name = (application.client_id, own.expires);
        let mut kept = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = kept.get(&name) {
            return Ok(keys.clone());
        }
        let seed = Sha256::new()
            .chain_update(self.seed)
            .chain_update("an application's signing key")
            .chain_update(application.client_id)
            .chain_update(own.expires.as_second().to_be_bytes());
        let mut rng = ChaCha20Rng::from_seed(seed.finalize().into());
        let start = own.expires.saturating_sub(SignedDuration::from_hours(i64::from(CERTIFICATE_YEARS) * 365 * 24));
        let start = own.starts.or(start.ok()).unwrap_or(own.expires);
        let keys = Arc::new(SigningKeys(vec![SigningKey::generate(&mut rng, start)?]));
        if kept.len() >= Self::CAPACITY {
            kept.clear();
        }
        kept.insert(name, keys.clone());
        Ok(keys)
    }
}

impl std::fmt::Debug for SigningKey {
    /// Without the private half.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    fn generate(rng: &mut impl CryptoRng, now: Timestamp) -> Result<Self, KeyError> {
        let private = PrivateKey::new(rng, BITS).map_err(KeyError::Generation)?;
        let pem = private.to_pkcs8_pem(LineEnding::LF).map_err(KeyError::PrivateKey)?;
        let key_pair = KeyPair::from_pkcs8_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256).map_err(KeyError::Certificate)?;
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "accounts.accesscontrol.windows.net");
        name.push(DnType::OrganizationName, "entralab emulator, do not trust");
        params.distinguished_name = name;
        let today = TimeZone::UTC.to_datetime(now).date();
        let year = today.year().clamp(1950, 9_990);
        let day =
            |year: i16| date_time_ymd(year.into(), today.month().unsigned_abs(), today.day().unsigned_abs().min(28));
        params.not_before = day(year);
        params.not_after = day(year + CERTIFICATE_YEARS);
        params.serial_number = Some(SerialNumber::from_slice(&randomness::bytes::<16>(rng)));
        let certificate = params.self_signed(&key_pair).map_err(KeyError::Certificate)?;
        Self::new(&private, certificate.der().to_vec())
    }

    fn new(private: &PrivateKey, certificate: Vec<u8>) -> Result<Self, KeyError> {
        let modulus = private.n_bytes();
        if modulus.len() * 8 < BITS {
            return Err(KeyError::Unreadable("a key is smaller than 2048 bits"));
        }
        if !certificate.windows(modulus.len()).any(|window| window == &*modulus) {
            return Err(KeyError::Unreadable("a certificate belongs to another key"));
        }
        let pem = private.to_pkcs8_pem(LineEnding::LF).map_err(KeyError::PrivateKey)?;
        let public = private.to_public_key().to_public_key_pem(LineEnding::LF).map_err(KeyError::PublicKey)?;
        Ok(Self {
            kid: URL_SAFE_NO_PAD.encode(Sha1::digest(&certificate)),
            exponent: URL_SAFE_NO_PAD.encode(private.e_bytes()),
            modulus: URL_SAFE_NO_PAD.encode(&modulus),
            certificate,
            verifier: RS256.verifier_from_pem(public.as_bytes()).map_err(KeyError::Signer)?,
            signer: RS256.signer_from_pem(pem.as_bytes()).map_err(KeyError::Signer)?,
            private_pem: pem.to_string(),
        })
    }

    /// The certificate, as `x5c` has it.
    #[must_use]
    pub fn certificate_base64(&self) -> String {
        STANDARD.encode(&self.certificate)
    }
}

fn pem_block(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Label and content of every block (RFC 7468).
fn pem_blocks(text: &str) -> Result<Vec<(&str, Vec<u8>)>, KeyError> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, start)) = rest.split_once("-----BEGIN ") {
        let (label, body) = start.split_once("-----").ok_or(KeyError::Unreadable("a block has no head"))?;
        let (encoded, after) =
            body.split_once(&format!("-----END {label}-----")).ok_or(KeyError::Unreadable("a block has no end"))?;
        let packed: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        blocks.push((label, STANDARD.decode(packed).map_err(|_| KeyError::Unreadable("a block is not base64"))?));
        rest = after;
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "These keys are public: they come with the program, and everybody has them.\n\
        They sign in `run`, in tests and with `--deterministic`, where every run must be the same. Trust nothing that they signed.\n\n";

    fn seeded(seed: u64) -> SigningKeys {
        SigningKeys::generate(&mut ChaCha20Rng::seed_from_u64(seed), "2026-01-01T00:00:00Z".parse().unwrap()).unwrap()
    }

    /// The bundled file is what this seed gives, so that anybody can make it again.
    #[test]
    fn the_bundled_keys_are_those_of_their_seed() {
        let made = seeded(1).to_pem();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/keys/public-test-keys.pem");
            std::fs::write(path, format!("{HEADING}{made}")).unwrap();
        }
        assert!(SigningKeys::bundled().unwrap().to_pem() == made, "UPDATE_GOLDEN=1 writes the file anew");
        assert!(BUNDLED.lines().next().unwrap().contains("public"));
    }

    #[test]
    fn a_key_is_named_by_its_certificate() {
        for key in SigningKeys::bundled().unwrap().public_keys() {
            assert_eq!(key.kid.len(), 27);
            assert_eq!(key.exponent, "AQAB");
            assert_eq!(key.modulus.len(), 342);
            let der = STANDARD.decode(key.certificate_base64()).unwrap();
            assert!(der.windows(15).any(|window| window == b"entralab emulat"));
        }
    }

    #[test]
    fn a_new_key_signs_and_the_old_one_stays_with_an_overlap_only() {
        let kids = |keys: &SigningKeys| keys.public_keys().map(|key| key.kid.clone()).collect::<Vec<_>>();
        let before = SigningKeys::bundled().unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let with = kids(&before.rotated(&mut rng, Timestamp::UNIX_EPOCH, true).unwrap());
        assert_eq!(with[1..], kids(&before)[..]);
        let without = kids(&before.rotated(&mut rng, Timestamp::UNIX_EPOCH, false).unwrap());
        assert_eq!(without[1..], kids(&before)[1..]);
        assert!(!kids(&before).contains(&without[0]) && with[0] != without[0]);
    }

    #[test]
    fn a_text_with_other_keys_is_refused() {
        let pem = seeded(1).to_pem();
        let one = &pem[..pem.len() / 2];
        let crossed = {
            let other = seeded(2).to_pem();
            let end = pem.find("-----BEGIN CERTIFICATE").unwrap();
            let other_end = other.find("-----BEGIN CERTIFICATE").unwrap();
            format!("{}{}", &pem[..end], &other[other_end..])
        };
        for text in ["", "nonsense", one, &pem.replace("PRIVATE", "PUBLIC"), &crossed, "-----BEGIN X-----"] {
            assert!(SigningKeys::from_pem(text).is_err());
        }
        assert_eq!(SigningKeys::from_pem(&format!("a comment\n{pem}")).unwrap().to_pem(), pem);
    }
}
