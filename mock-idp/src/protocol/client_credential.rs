//! How a client proves who it is (RFC 6749 §2.3).

mod assertion;
mod secret;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use wire::{Check, Checks};

use super::Family;
use super::parameters::{Parameters, decode};
use super::redeemed::RedeemedIds;
use super::redirect_uri::Platform;
use super::tenant::Segment;
use crate::directory::{Application, Directory};
use crate::error::EntraError;
use crate::keys::SigningKeys;
use crate::origins::Origins;
use crate::routes::Route;

/// How a client proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// Not at all: a public client, or an answer of the authorize endpoint.
    None,
    /// By a secret.
    Secret,
    /// By an assertion: a certificate, or a federated credential.
    Assertion,
}

impl ClientAuthentication {
    /// What `appidacr` and `azpacr` say of it.
    #[must_use]
    pub const fn acr(self) -> &'static str {
        match self {
            Self::None => "0",
            Self::Secret => "1",
            Self::Assertion => "2",
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
    /// The client assertion.
    assertion: Option<String>,
}

/// What a client's proof is judged by.
#[derive(Clone, Copy)]
pub struct Proof<'p> {
    /// Who exists.
    pub directory: &'p Directory,
    /// The keys that this identity provider signs with.
    pub keys: &'p SigningKeys,
    /// Where it lives.
    pub origins: &'p Origins,
    /// Whom the path addresses.
    pub segment: Segment<'p>,
    /// The instant.
    pub now: Timestamp,
}

impl Proof<'_> {
    /// The audiences that an assertion for this path may name: a token endpoint or the issuer, of the tenant by its id or
    /// one of its domains, or of `common` and `organizations`. At these two it may be any tenant's.
    fn audiences(&self) -> impl Iterator<Item = String> {
        let tenants = self
            .directory
            .tenants()
            .filter(|tenant| self.segment.tenant().is_none_or(|addressed| addressed.name == tenant.name));
        let ids = tenants.flat_map(|tenant| {
            let domains = tenant.thing().domains.iter().cloned();
            std::iter::once(tenant.id.to_string()).chain(domains)
        });
        ids.chain(["common", "organizations"].map(str::to_owned)).flat_map(|segment| {
            let login = &self.origins.login;
            let endpoint = |family| format!("{login}{}", Route::Token(family).path(&segment));
            [
                endpoint(Family::V2),
                endpoint(Family::V1),
                self.origins.issuer(Family::V2, &segment),
                self.origins.issuer(Family::V1, &segment),
                format!("{login}/{segment}"),
                format!("{login}/{segment}/"),
            ]
        })
    }
}

impl Credentials {
    /// Reads body and `Authorization` header.
    ///
    /// # Errors
    /// 90013 where more than one credential comes, where they name different clients, where the header cannot be read, or
    /// where the assertion is of another type; 900144 where it is of none. What Entra answers to these is not established.
    pub fn read(parameters: &Parameters, authorization: Option<&str>, checks: &mut Checks) -> Result<Self, EntraError> {
        let text = |name| parameters.text(name).map(str::to_owned);
        let in_body =
            Self { client_id: text("client_id"), secret: text("client_secret"), assertion: text("client_assertion") };
        let basic = authorization.and_then(|value| {
            let (scheme, rest) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("basic").then(|| rest.trim())
        });
        if in_body.assertion.is_some() {
            read_assertion_type(parameters, checks)?;
        }
        let mut refuse = |received: &str, reason| {
            let fix = "the client: send one credential, once: a secret in the body or as HTTP Basic, or an assertion (RFC 6749 \
                       §2.3)";
            checks.refuse(Check::ClientSecretPresent, "one readable client credential", received, fix);
            Err(EntraError::InvalidInput { reason })
        };
        if in_body.secret.is_some() && in_body.assertion.is_some() {
            return refuse("two: a secret and an assertion", "both 'client_secret' and 'client_assertion' were sent.");
        }
        let Some(basic) = basic else { return Ok(in_body) };
        let Some(in_header) = Self::from_basic(basic) else {
            return refuse("an unreadable Basic header", "the Authorization header is not readable.");
        };
        if in_body.authentication() != ClientAuthentication::None {
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
        Some(Self { client_id: filled(id), secret: filled(secret), assertion: None })
    }

    /// How the client proves who it is, or tries to.
    #[must_use]
    pub fn authentication(&self) -> ClientAuthentication {
        match (&self.assertion, &self.secret) {
            (Some(_), _) => ClientAuthentication::Assertion,
            (None, Some(_)) => ClientAuthentication::Secret,
            (None, None) => ClientAuthentication::None,
        }
    }

    /// Checks the secret or the assertion of the client whose grant came to a redirect URI of `platform`. `used` are the
    /// assertions that came before.
    ///
    /// # Errors
    /// 7000218 and 700025; of a secret 7000215 and 7000222, of an assertion see the module `assertion`.
    pub fn check(
        &self,
        client: Application<'_>,
        platform: Platform,
        proof: &Proof<'_>,
        used: &mut RedeemedIds,
        checks: &mut Checks,
    ) -> Result<(), EntraError> {
        let present = Check::ClientSecretPresent;
        let (confidential, public) = ("a client secret or a client assertion", "no credential from a public client");
        let setting = client.setting("secrets", "Certificates & secrets > Client secrets");
        match (platform, &self.assertion, &self.secret) {
            (Platform::Web, Some(text), _) => {
                checks.pass(present, confidential, "an assertion");
                assertion::check(text, client, proof, used, checks)
            }
            (Platform::Web, None, Some(secret)) => secret::check_secret(client, secret, proof.now, &setting, checks),
            (Platform::Web, None, None) => {
                let fix = format!("put a secret into the client, such as connector.client_secret: one of {setting}");
                checks.refuse(present, confidential, "neither", fix);
                Err(EntraError::CredentialMissing)
            }
            (Platform::Spa | Platform::Public, None, None) => {
                checks.pass(present, public, "none");
                Ok(())
            }
            (Platform::Spa | Platform::Public, given, _) => {
                let fix = format!(
                    "register the redirect URI under Web alone: {}; or send neither secret nor assertion for {}",
                    client.setting("redirect_uris.web", "Authentication > Web > Redirect URIs"),
                    client.client_id
                );
                let received = if given.is_some() { "an assertion" } else { "a secret" };
                checks.refuse(present, public, received, fix);
                Err(EntraError::PublicClientCredential)
            }
        }
    }
}

/// An assertion says of what type it is.
fn read_assertion_type(parameters: &Parameters, checks: &mut Checks) -> Result<(), EntraError> {
    let name = "client_assertion_type";
    let fix = "the client: client_assertion_type beside client_assertion (RFC 7523 §2.2)";
    let expected = format!("{name}: {}", assertion::JWT_BEARER);
    match parameters.text(name) {
        Some(assertion::JWT_BEARER) => Ok(()),
        Some(_) => {
            checks.refuse(Check::ClientAssertionReadable, expected, "another type", fix);
            Err(EntraError::InvalidInput { reason: "the value of 'client_assertion_type' is not supported." })
        }
        None => {
            checks.refuse(Check::RequestParameterPresent, expected, "none, or an empty one", fix);
            Err(EntraError::MissingParameter { parameter: name })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn basic(id: &str, secret: &str) -> Result<Credentials, EntraError> {
        let mut halves = [String::new(), String::new()];
        for (half, text) in halves.iter_mut().zip([id, secret]) {
            half.extend(url::form_urlencoded::byte_serialize(text.as_bytes()));
        }
        let header = format!("Basic {}", STANDARD.encode(halves.join(":")));
        Credentials::read(&Parameters::default(), Some(&header), &mut Checks::default())
    }

    proptest! {
        #[test]
        fn whatever_was_form_encoded_into_basic_comes_out(id in "[!-~]{1,40}", secret in any::<String>()) {
            let read = basic(&id, &secret).unwrap();
            prop_assert_eq!(read.client_id.as_deref(), Some(id.as_str()));
            prop_assert_eq!(read.secret.unwrap_or_default(), secret);
        }

        #[test]
        fn no_authorization_header_panics(header in any::<String>(), content in any::<Vec<u8>>()) {
            for header in [header, format!("Basic {}", STANDARD.encode(content))] {
                let _ = Credentials::read(&Parameters::default(), Some(&header), &mut Checks::default());
            }
        }
    }
}
