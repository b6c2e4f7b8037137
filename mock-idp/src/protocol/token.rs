//! The token request: from a code or refresh token to a grant of tokens.

mod redemption;
pub mod reply;

use std::collections::BTreeSet;

use jiff::Timestamp;
use redemption::{
    check_client, check_code_current, check_origin, check_redirect_uri, check_refresh_token_current, open,
};
use wire::{Check, Checks};

use super::admission::{Door, Principal, admit, check_family};
use super::assignment::check_assigned;
use super::authorize::check_once;
use super::client_credential::Credentials;
use super::consent::{GivenConsents, Granted, check_listed_on_v1, confirm};
use super::grants::redeemed::Redeemed;
use super::grants::{Aim, CODE_TYP, Code, REFRESH_TOKEN_TYP, RefreshToken, Subject};
use super::parameters::Parameters;
use super::pre_authorization::check_pre_authorized;
use super::redirect_uri::Platform;
use super::scope::OidcScope;
use super::sealed::Seal;
use super::target::{
    Target, Wanted, check_not_itself, check_resources_match, find_resource, parse_scope, read_resources,
};
use super::tenant::{self, Segment};
use super::{Family, client, pkce};
use crate::directory::{Application, Directory};
use crate::error::EntraError;

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
    /// The seals of codes and refresh tokens.
    pub seals: &'r Seals,
    /// The instant.
    pub now: Timestamp,
}

/// What a client is granted.
#[derive(Clone, Debug)]
pub struct Grant<'d> {
    /// The client.
    pub client: Application<'d>,
    /// The user.
    pub principal: Principal<'d>,
    /// Whose grant it is, by ids.
    pub subject: Subject,
    /// The resource of the access token.
    pub target: Target<'d>,
    /// The access token's scopes.
    pub scopes: BTreeSet<String>,
    /// The scopes of OpenID Connect.
    pub oidc: BTreeSet<OidcScope>,
    /// The id token's `nonce`.
    pub nonce: Option<String>,
    /// Whether a refresh token comes along.
    pub refreshable: bool,
    /// When that ends, where it is the end of the refresh token before it.
    pub refresh_until: Option<i64>,
    /// Whether `client_info` is wanted.
    pub client_info: bool,
    /// The origin that may read the answer: a single-page application's.
    pub readable_by: Option<String>,
}

/// Judges a token request.
///
/// # Errors
/// Where a check refuses.
pub fn decide<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    redeemed: &mut Redeemed,
    checks: &mut Checks,
) -> Result<Grant<'d>, EntraError> {
    let segment = tenant::find(records.directory, request.segment, checks)?;
    check_family(request.family, segment, checks)?;
    check_once(request.family, request.parameters, checks)?;
    let grant_type = require(request.parameters, "grant_type", checks)?;
    let expected = "authorization_code or refresh_token";
    if !matches!(grant_type, "authorization_code" | "refresh_token") {
        let fix = "the client's grant_type: no other grant is emulated";
        checks.refuse(Check::GrantType, expected, grant_type, fix);
        return Err(EntraError::UnsupportedGrantType { grant_type: grant_type.to_owned() });
    }
    checks.pass(Check::GrantType, expected, grant_type);
    let credentials = Credentials::read(request.parameters, request.authorization, checks)?;
    let client = client::find(records.directory, segment, credentials.client_id.as_deref(), checks)?;
    let party = Party { client, segment, credentials };
    if grant_type == "refresh_token" {
        refresh(request, records, redeemed, &party, checks)
    } else {
        redeem_code(request, records, redeemed, &party, checks)
    }
}

/// Who asks, and at which path.
struct Party<'d> {
    client: Application<'d>,
    segment: Segment<'d>,
    credentials: Credentials,
}

fn require<'r>(parameters: &'r Parameters, name: &'static str, checks: &mut Checks) -> Result<&'r str, EntraError> {
    if let Some(value) = parameters.text(name) {
        return Ok(value);
    }
    let fix = "the client: the parameter, in an application/x-www-form-urlencoded body (RFC 6749 §4.1.3)";
    checks.refuse(Check::RequestParameterPresent, format!("the parameter {name}"), "none, or an empty one", fix);
    Err(EntraError::MissingParameter { parameter: name })
}

/// RFC 6749 §4.1.3.
fn redeem_code<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    redeemed: &mut Redeemed,
    party: &Party<'d>,
    checks: &mut Checks,
) -> Result<Grant<'d>, EntraError> {
    let sealed = require(request.parameters, "code", checks)?;
    let code: Code = open(&records.seals.codes, sealed, Check::CodeAuthentic, "code", checks)?;
    check_client(party, &code.subject, Check::CodeClient, checks)?;
    if let Segment::Tenant(tenant) = party.segment
        && tenant.id != code.subject.tid
    {
        let fix = "the tenant segment of the token URL: the one of the authorize URL";
        checks.refuse(
            Check::CodeClient,
            format!("the tenant that issued it: {}", code.subject.tid),
            tenant.id.to_string(),
            fix,
        );
        return Err(EntraError::CodeOfOtherTenant);
    }
    check_origin(request.origin, code.subject.platform, party, checks)?;
    party.credentials.check(party.client, code.subject.platform, records.now, checks)?;
    check_code_current(&code, records.now, checks)?;
    check_redirect_uri(request.parameters, &code, checks)?;
    pkce::verify(code.pkce.as_ref(), request.parameters.text("code_verifier"), checks)?;
    let first = code.resources.first().ok_or(EntraError::InvalidGrant { parameter: "code" })?;
    let oidc = &code.oidc;
    let mut grant = grant(request, records, party, &code.subject, first, oidc, checks)?;
    grant.nonce = code.nonce.clone();
    // last, so that only a request in order uses the code up
    if !redeemed.codes.redeem(code.jti, code.exp, records.now.as_second()) {
        let fix = "the client: a code is good for one token request; sign in again";
        checks.refuse(Check::CodeUnused, "a code that was not redeemed before", "a code that was", fix);
        return Err(EntraError::CodeRedeemed);
    }
    checks.pass(Check::CodeUnused, "a code that was not redeemed before", "a code that was not");
    Ok(grant)
}

/// RFC 6749 §6. The old refresh token stays valid, as Entra has it.
fn refresh<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    redeemed: &mut Redeemed,
    party: &Party<'d>,
    checks: &mut Checks,
) -> Result<Grant<'d>, EntraError> {
    let sealed = require(request.parameters, "refresh_token", checks)?;
    let token: RefreshToken =
        open(&records.seals.refresh_tokens, sealed, Check::RefreshTokenAuthentic, "refresh_token", checks)?;
    check_client(party, &token.subject, Check::RefreshTokenClient, checks)?;
    check_origin(request.origin, token.subject.platform, party, checks)?;
    party.credentials.check(party.client, token.subject.platform, records.now, checks)?;
    let now = records.now.as_second();
    let was_used = !redeemed.refresh_tokens.redeem(token.jti, token.exp, now);
    check_refresh_token_current(&token, was_used, records.now, checks)?;
    let grant = grant(request, records, party, &token.subject, &token.resource, &token.oidc, checks)?;
    let refresh_until = (token.subject.platform == Platform::Spa).then_some(token.exp);
    Ok(Grant { refreshable: true, refresh_until, ..grant })
}

/// The grant of a code or refresh token, with consent checked anew.
fn grant<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    party: &Party<'d>,
    subject: &Subject,
    aim: &Aim,
    oidc: &BTreeSet<OidcScope>,
    checks: &mut Checks,
) -> Result<Grant<'d>, EntraError> {
    let principal = find_principal(request.family, records.directory, party, subject, checks)?;
    let (target, oidc) = find_target(request, records.directory, party, principal, aim, oidc, checks)?;
    let granted = Granted::gather(records.directory, records.given, party.client, principal);
    check_assigned(party.client, [target.resource], principal, checks)?;
    check_pre_authorized(party.client, &target, checks)?;
    if request.family == Family::V1 {
        check_listed_on_v1(records.directory, party.client, &target, &granted, checks)?;
    }
    let scopes = confirm(party.client, &target, &oidc, &granted, checks)?;
    let readable_by = request.origin.filter(|_| subject.platform == Platform::Spa).map(str::to_owned);
    Ok(Grant {
        client: party.client,
        principal,
        subject: Subject { tid: principal.tenant.id, oid: principal.object_id(), ..subject.clone() },
        target,
        scopes,
        refresh_until: None,
        refreshable: request.family == Family::V1 || oidc.contains(&OidcScope::OfflineAccess),
        oidc,
        nonce: None,
        client_info: request.parameters.text("client_info") == Some("1"),
        readable_by,
    })
}

/// The user must still exist, and have access where the path leads: a guest may change the tenant with a refresh token.
fn find_principal<'d>(
    family: Family,
    directory: &'d Directory,
    party: &Party<'d>,
    subject: &Subject,
    checks: &mut Checks,
) -> Result<Principal<'d>, EntraError> {
    let found = Principal::find(directory, subject.oid).filter(|principal| principal.tenant.id == subject.tid);
    let Some(principal) = found else {
        let tenant = directory.tenant_by_id(subject.tid);
        let tenant = tenant.map_or_else(|| subject.tid.to_string(), |tenant| tenant.display_name.clone());
        let fix = "idp.users (portal: Microsoft Entra ID > Users)";
        checks.refuse(
            Check::UserExists,
            format!("the user of the grant, {}", subject.oid),
            "no such user any more",
            fix,
        );
        return Err(EntraError::UserNotFound { tenant });
    };
    let door = Door { family, segment: party.segment, client: party.client };
    match party.segment {
        Segment::Tenant(_) => admit(directory, door, principal.account, checks),
        // nobody changes the tenant here
        Segment::Common | Segment::Organizations => {
            admit(directory, door, principal.account, checks).map(|_| principal)
        }
    }
}

/// The resource that the request names, or else the one of the grant.
fn find_target<'d>(
    request: TokenRequest<'_>,
    directory: &'d Directory,
    party: &Party<'_>,
    principal: Principal<'d>,
    aim: &Aim,
    oidc: &BTreeSet<OidcScope>,
    checks: &mut Checks,
) -> Result<(Target<'d>, BTreeSet<OidcScope>), EntraError> {
    let parameters = request.parameters;
    let resources = match request.family {
        Family::V1 => Vec::new(),
        Family::V2 => read_resources(parameters, directory.resource_parameter(), checks)?,
    };
    let wanted = match request.family {
        Family::V1 => parameters.text("resource").map(|resource| Wanted::Resource(resource.to_owned())),
        Family::V2 => {
            if parameters.has("scope") && parameters.text("scope").is_none_or(|text| text.trim().is_empty()) {
                let fix = "the client's scope parameter: leave it out, or name scopes";
                checks.refuse(Check::ScopeWellFormed, "scopes, or no scope parameter", "an empty one", fix);
                return Err(EntraError::EmptyScope);
            }
            match parameters.text("scope") {
                Some(text) => Some(Wanted::Scopes { scopes: parse_scope(text, checks)?, resources: resources.clone() }),
                None => None,
            }
        }
    };
    let mut oidc = oidc.clone();
    let is_refresh = parameters.text("grant_type") == Some("refresh_token");
    let keeps_resource = match &wanted {
        None => true,
        // with a code, the scopes of OpenID Connect alone leave the resource as it is
        Some(Wanted::Scopes { scopes, .. }) => scopes.of_resources.is_empty() && !is_refresh,
        Some(Wanted::Resource(_)) => false,
    };
    let Some(wanted) = wanted.filter(|_| !keeps_resource) else {
        let resource = find_resource(directory, principal.tenant, &aim.resource.to_string(), party.client, checks)?;
        let target = aim.target(resource);
        check_resources_match(&resources, std::slice::from_ref(&target), checks)?;
        if is_refresh {
            check_not_itself(party.client, &target, checks)?;
        }
        return Ok((target, oidc));
    };
    let mut requested = wanted.resolve(directory, principal.tenant, party.client, checks)?;
    if let (1, Some(target)) = (requested.targets.len(), requested.targets.pop()) {
        oidc.extend(requested.oidc);
        return Ok((target, oidc));
    }
    let scope = parameters.text("scope").unwrap_or_default().to_owned();
    let fix = "the client's scope: one resource for each token request";
    checks.refuse(Check::ScopeWellFormed, "scopes of one resource", scope.as_str(), fix);
    Err(EntraError::SeveralResources { scope })
}
