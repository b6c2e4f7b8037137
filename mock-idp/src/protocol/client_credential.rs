//! How a client proves who it is (RFC 6749 §2.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use wire::{Check, Checks};

use super::parameters::{Parameters, decode};
use super::redirect_uri::Platform;
use crate::directory::Application;
use crate::error::EntraError;

/// How a client proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// Not at all: a public client, or an answer of the authorize endpoint.
    None,
    /// By a secret.
    Secret,
}

impl ClientAuthentication {
    /// What `appidacr` and `azpacr` say of it.
    #[must_use]
    pub const fn acr(self) -> &'static str {
        match self {
            Self::None => "0",
            Self::Secret => "1",
        }
    }
}

/// What a token request says about its client.
#[derive(Clone, Default)]
pub struct Credentials {
    /// The client id, from the body or the header.
    pub client_id: Option<String>,
    /// The secret, from the body or the header.
    secret: Option<String>,
}

impl Credentials {
    /// Reads body and `Authorization` header.
    ///
    /// # Errors
    /// 90013 where both carry a secret, where they name different clients, or where the header cannot be read.
    pub fn read(parameters: &Parameters, authorization: Option<&str>, checks: &mut Checks) -> Result<Self, EntraError> {
        let in_body = Self {
            client_id: parameters.text("client_id").map(str::to_owned),
            secret: parameters.text("client_secret").map(str::to_owned),
        };
        let basic = authorization.and_then(|value| {
            let (scheme, rest) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("basic").then(|| rest.trim())
        });
        let Some(basic) = basic else { return Ok(in_body) };
        let mut refuse = |received: &str, reason| {
            let fix = "the client: send its id and secret once, in the body or as HTTP Basic (RFC 6749 §2.3.1)";
            checks.refuse(Check::ClientSecretPresent, "one readable client credential", received, fix);
            Err(EntraError::InvalidInput { reason })
        };
        let Some(in_header) = Self::from_basic(basic) else {
            return refuse("an unreadable Basic header", "the Authorization header is not readable.");
        };
        if in_body.secret.is_some() {
            return refuse(
                "two: one in the body, one in the Authorization header",
                "client credentials were sent in the body and in the Authorization header.",
            );
        }
        if in_body.client_id.is_some() && in_body.client_id != in_header.client_id {
            return refuse(
                "two client ids that differ, in the body and in the Authorization header",
                "body and Authorization header name different clients.",
            );
        }
        Ok(in_header)
    }

    /// Both halves are form-encoded (RFC 6749 §2.3.1).
    fn from_basic(encoded: &str) -> Option<Self> {
        let decoded = STANDARD.decode(encoded).ok()?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let half = |bytes: &[u8]| String::from_utf8(decode(bytes)).ok();
        let (id, secret) = (half(&decoded[..colon])?, half(&decoded[colon + 1..])?);
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        Some(Self { client_id: filled(id), secret: filled(secret) })
    }

    /// Whether a secret came along.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// How the client proves who it is, or tries to.
    #[must_use]
    pub fn authentication(&self) -> ClientAuthentication {
        match self.secret {
            Some(_) => ClientAuthentication::Secret,
            None => ClientAuthentication::None,
        }
    }

    /// Checks the secret against those of the client whose grant came to a redirect URI of `platform`.
    ///
    /// # Errors
    /// 7000218, 7000215, 7000222 or 700025.
    pub fn check(
        &self,
        client: Application<'_>,
        platform: Platform,
        now: Timestamp,
        checks: &mut Checks,
    ) -> Result<(), EntraError> {
        let client_id = client.client_id;
        let setting = client.setting("secrets", "Certificates & secrets > Client secrets");
        match (platform, &self.secret) {
            (Platform::Web, Some(secret)) => check_secret(client, secret, now, &setting, checks),
            (Platform::Web, None) => {
                let fix = format!("put a secret into the client, such as connector.client_secret: one of {setting}");
                checks.refuse(Check::ClientSecretPresent, "a client secret", "no secret", fix);
                Err(EntraError::CredentialMissing)
            }
            (Platform::Spa | Platform::Public, None) => {
                checks.pass(Check::ClientSecretPresent, "no secret from a public client", "no secret");
                Ok(())
            }
            (Platform::Spa | Platform::Public, Some(_)) => {
                let fix = format!(
                    "register the redirect URI under Web alone: {}; or send no secret for {client_id}",
                    client.setting("redirect_uris.web", "Authentication > Web > Redirect URIs")
                );
                checks.refuse(Check::ClientSecretPresent, "no secret from a public client", "a secret", fix);
                Err(EntraError::PublicClientCredential)
            }
        }
    }
}

fn check_secret(
    client: Application<'_>,
    secret: &str,
    now: Timestamp,
    setting: &str,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let client_id = client.client_id;
    checks.pass(Check::ClientSecretPresent, "a client secret", "a secret");
    let digest = Sha256::digest(secret);
    // every secret is compared, so that the time says nothing about which one came close
    let mut expiries = Vec::new();
    for known in client.thing().secrets.values() {
        if bool::from(Sha256::digest(&known.value).as_slice().ct_eq(digest.as_slice())) {
            expiries.push(known.expires);
        }
    }
    let Some(expires) = expiries.into_iter().max() else {
        let fix = format!(
            "put into the client, such as connector.client_secret, the Value (not the Secret ID) of one of {setting}"
        );
        let expected = format!("a secret of {}", client.shown_name());
        checks.refuse(Check::ClientSecretValid, expected, "a value that is none of the app's secrets", fix);
        return Err(EntraError::InvalidClientSecret { client_id });
    };
    checks.pass(Check::ClientSecretValid, format!("a secret of {}", client.shown_name()), "one of its secrets");
    let expected = format!("a secret that is good on {now}");
    if expires <= now {
        let fix = format!("make a new one in {setting}, and put it into the client, such as connector.client_secret");
        checks.refuse(Check::ClientSecretCurrent, expected, format!("one that ended on {expires}"), fix);
        return Err(EntraError::ClientSecretExpired { client_id });
    }
    checks.pass(Check::ClientSecretCurrent, expected, format!("one that ends on {expires}"));
    Ok(())
}
