//! The token request: from what a client sends to a grant of tokens. Each `grant_type` has a file of its own.

mod authorization_code;
pub mod client_credentials;
mod device_code;
pub mod on_behalf_of;
mod password;
mod redemption;
mod refresh_token;
pub mod reply;
mod user_grant;

use jiff::Timestamp;
use rand_chacha::ChaCha20Rng;
use wire::{Check, Checks};

use super::admission::check_family;
use super::authorize::opening::check_once;
use super::client_credential::{Credentials, Proof};
use super::conditional_access::Enrolments;
use super::consent::GivenConsents;
use super::device_code::DeviceCodes;
use super::grants::{ApplicationGrant, CODE_TYP, Grant, REFRESH_TOKEN_TYP};
use super::parameters::Parameters;
use super::passwords::Passwords;
use super::redeemed::Redeemed;
use super::redirect_uri::Platform;
use super::sealed::Seal;
use super::tenant::{self, Segment};
use super::{Family, client};
use crate::directory::{Application, Directory};
use crate::error::EntraError;
use crate::keys::SigningKeys;
use crate::origins::Origins;

/// The seals of what clients redeem.
#[derive(Clone, Debug)]
pub struct Seals {
    /// Of codes.
    pub codes: Seal,
    /// Of refresh tokens.
    pub refresh_tokens: Seal,
}

impl Seals {
    /// The seals of the lab with this seed.
    ///
    /// # Errors
    /// As [`Seal::new`].
    pub fn new(seed: &[u8; 32]) -> Result<Self, josekit::JoseError> {
        Ok(Self { codes: Seal::new(seed, CODE_TYP)?, refresh_tokens: Seal::new(seed, REFRESH_TOKEN_TYP)? })
    }
}

/// A token request as it came.
#[derive(Clone, Copy)]
pub struct TokenRequest<'r> {
    /// Which endpoint it came to.
    pub family: Family,
    /// The tenant segment of its path.
    pub segment: &'r str,
    /// Its form.
    pub parameters: &'r Parameters,
    /// The `Authorization` header.
    pub authorization: Option<&'r str>,
    /// The `Origin` header.
    pub origin: Option<&'r str>,
}

/// What a token request is judged by.
#[derive(Clone, Copy)]
pub struct Records<'d, 'r> {
    /// Who exists.
    pub directory: &'d Directory,
    /// The consents of the consent page.
    pub given: &'r GivenConsents,
    /// What users did on the pages of policies.
    pub enrolments: &'r Enrolments,
    /// The seals of codes and refresh tokens.
    pub seals: &'r Seals,
    /// The keys that this identity provider signs with.
    pub keys: &'r SigningKeys,
    /// Where it lives.
    pub origins: &'r Origins,
    /// The instant.
    pub now: Timestamp,
}

/// What a token request is judged by and changes.
pub struct Memory<'m> {
    /// What was redeemed before.
    pub redeemed: &'m mut Redeemed,
    /// The passwords that users have now, and the tries with others.
    pub passwords: &'m mut Passwords,
    /// The devices that wait.
    pub device_codes: &'m mut DeviceCodes,
    /// Where new sessions get their ids from.
    pub rng: &'m mut ChaCha20Rng,
}

/// What a token request comes to.
#[derive(Clone, Debug)]
pub enum Decision<'d> {
    /// Tokens for a user.
    ForUser(Box<Grant<'d>>),
    /// A token for the application itself.
    ForApplication(Box<ApplicationGrant<'d>>),
}

/// Judges a token request.
///
/// # Errors
/// Where a check refuses.
pub fn decide<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    memory: Memory<'_>,
    checks: &mut Checks,
) -> Result<Decision<'d>, EntraError> {
    let segment = tenant::find(records.directory, request.segment, checks)?;
    check_family(request.family, segment, checks)?;
    check_once(request.family, request.parameters, checks)?;
    let grant_type = GrantType::read(request.parameters, checks)?;
    grant_type.check_segment(segment, checks)?;
    let credentials = Credentials::read(request.parameters, request.authorization, checks)?;
    let client = client::find(records.directory, segment, credentials.client_id.as_deref(), checks)?;
    let party = Party { client, segment, credentials };
    let grant = match grant_type {
        GrantType::AuthorizationCode => authorization_code::redeem(request, records, memory, &party, checks)?,
        GrantType::DeviceCode => device_code::redeem(request, records, memory, &party, checks)?,
        GrantType::OnBehalfOf => on_behalf_of::exchange(request, records, memory, &party, checks)?,
        GrantType::Password => password::sign_in(request, records, memory, &party, checks)?,
        GrantType::RefreshToken => refresh_token::refresh(request, records, memory, &party, checks)?,
        GrantType::ClientCredentials => {
            let grant = client_credentials::decide(request, records, memory.redeemed, &party, checks)?;
            return Ok(Decision::ForApplication(Box::new(grant)));
        }
    };
    Ok(Decision::ForUser(Box::new(grant)))
}

/// What a client asks for tokens with (`grant_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GrantType {
    AuthorizationCode,
    ClientCredentials,
    /// RFC 8628; the v1 endpoint and some libraries use the short name.
    DeviceCode,
    OnBehalfOf,
    Password,
    RefreshToken,
}

impl GrantType {
    /// Every grant type, with its names.
    const NAMES: [(&'static str, Self); 7] = [
        ("authorization_code", Self::AuthorizationCode),
        ("client_credentials", Self::ClientCredentials),
        ("urn:ietf:params:oauth:grant-type:device_code", Self::DeviceCode),
        ("device_code", Self::DeviceCode),
        (on_behalf_of::JWT_BEARER, Self::OnBehalfOf),
        ("password", Self::Password),
        ("refresh_token", Self::RefreshToken),
    ];

    /// Reads the parameter.
    fn read(parameters: &Parameters, checks: &mut Checks) -> Result<Self, EntraError> {
        let given = require(parameters, "grant_type", checks)?;
        let expected = Self::NAMES.map(|(name, _)| name).join(", ");
        if let Some((_, grant_type)) = Self::NAMES.into_iter().find(|(name, _)| *name == given) {
            checks.pass(Check::GrantType, expected, given);
            return Ok(grant_type);
        }
        let fix = "the client's grant_type: no other grant is emulated";
        checks.refuse(Check::GrantType, expected, given, fix);
        Err(EntraError::UnsupportedGrantType { grant_type: given.to_owned() })
    }

    /// Whether the grant can do with the tenant segment: without a user, only the path says which tenant is meant.
    fn check_segment(self, segment: Segment<'_>, checks: &mut Checks) -> Result<(), EntraError> {
        let error = match (self, segment) {
            (Self::ClientCredentials | Self::Password, Segment::Common) => EntraError::GrantNeedsTenant,
            (Self::ClientCredentials, Segment::Organizations) => EntraError::NoTenantInformation,
            (Self::ClientCredentials, Segment::Tenant(tenant)) if tenant.is_consumers() => EntraError::GrantNeedsTenant,
            (Self::ClientCredentials, Segment::Tenant(_)) => {
                checks.pass(Check::GrantTypeTenant, "one tenant", segment.in_urls());
                return Ok(());
            }
            // the user name says which tenant is meant
            (Self::Password, Segment::Tenant(_) | Segment::Organizations) => return Ok(()),
            (Self::AuthorizationCode | Self::DeviceCode | Self::OnBehalfOf | Self::RefreshToken, _) => return Ok(()),
        };
        let fix = "the tenant segment of the token URL: the tenant's id or domain (portal: Microsoft Entra ID > \
                   Overview > Tenant ID)";
        checks.refuse(Check::GrantTypeTenant, "one tenant", segment.in_urls(), fix);
        Err(error)
    }
}

/// Who asks, and at which path.
struct Party<'d> {
    client: Application<'d>,
    segment: Segment<'d>,
    credentials: Credentials,
}

impl Party<'_> {
    /// The client must prove who it is, as one whose grant came to a redirect URI of `platform` does.
    fn authenticate(
        &self,
        platform: Platform,
        records: Records<'_, '_>,
        redeemed: &mut Redeemed,
        checks: &mut Checks,
    ) -> Result<(), EntraError> {
        let Records { directory, keys, origins, now, .. } = records;
        let proof = Proof { directory, keys, origins, segment: self.segment, now };
        self.credentials.check(self.client, platform, &proof, &mut redeemed.assertions, checks)
    }
}

fn require<'r>(parameters: &'r Parameters, name: &'static str, checks: &mut Checks) -> Result<&'r str, EntraError> {
    if let Some(value) = parameters.text(name) {
        return Ok(value);
    }
    let fix = "the client: the parameter, in an application/x-www-form-urlencoded body (RFC 6749 §4.1.3)";
    checks.refuse(Check::RequestParameterPresent, format!("the parameter {name}"), "none, or an empty one", fix);
    Err(EntraError::MissingParameter { parameter: name })
}
