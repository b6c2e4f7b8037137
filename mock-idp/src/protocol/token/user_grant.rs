//! What a client is granted for a user: the checks that stand between whatever it redeems and the tokens.

use std::collections::BTreeSet;

use wire::{Check, Checks};

use super::{Party, Records, TokenRequest};
use crate::directory::Directory;
use crate::error::EntraError;
use crate::protocol::Family;
use crate::protocol::admission::{Door, Principal, admit};
use crate::protocol::assignment::check_assigned;
use crate::protocol::authorize::claims_request::ClaimsRequest;
use crate::protocol::conditional_access::{self, Facts};
use crate::protocol::consent::{Granted, check_listed_on_v1, confirm};
use crate::protocol::cross_tenant_access;
use crate::protocol::grants::{Aim, Grant, Subject};
use crate::protocol::pre_authorization::check_pre_authorized;
use crate::protocol::redirect_uri::Platform;
use crate::protocol::scope::OidcScope;
use crate::protocol::sign_in::check_enabled;
use crate::protocol::signing::check_keys_for_user;
use crate::protocol::target::{
    Target, Wanted, check_not_itself, check_resources_match, find_resource, parse_scope, read_resources,
};

/// The grant of a code or refresh token, with consent checked anew.
pub(super) fn grant<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    party: &Party<'d>,
    subject: &Subject,
    aim: &Aim,
    oidc: &BTreeSet<OidcScope>,
    checks: &mut Checks,
) -> Result<Grant<'d>, EntraError> {
    let claims = ClaimsRequest::read(request.parameters, checks)?;
    let subject = Subject { contexts: &subject.contexts | &claims.contexts(), ..subject.clone() };
    let principal = find_principal(request.family, records.directory, party, &subject, checks)?;
    let (target, oidc) = find_target(request, records.directory, party, principal, aim, oidc, checks)?;
    let granted = Granted::gather(records.directory, records.given, party.client, principal);
    check_assigned(records.directory, party.client, [target.resource], principal, checks)?;
    check_pre_authorized(party.client, &target, checks)?;
    if request.family == Family::V1 {
        check_listed_on_v1(records.directory, party.client, &target, &granted, checks)?;
    }
    let scopes = confirm(party.client, &target, &oidc, &granted, checks)?;
    let gets_id_token = request.family == Family::V1 || oidc.contains(&OidcScope::OpenId);
    let facts = Facts::of_grant(
        party.client,
        principal,
        &subject,
        target.resource,
        gets_id_token,
        records.enrolments,
        records.now,
    );
    conditional_access::check_grant(records.directory, &facts, checks)?;
    let readable_by = request.origin.filter(|_| subject.platform == Platform::Spa).map(str::to_owned);
    let subject = Subject { tid: principal.tenant.id, oid: principal.object_id(), ..subject };
    let grant = Grant {
        refreshable: request.family == Family::V1 || oidc.contains(&OidcScope::OfflineAccess),
        oidc,
        understands_challenges: claims.understands_challenges(),
        client_info: request.parameters.text("client_info") == Some("1"),
        readable_by,
        ..Grant::new(party.client, party.credentials.authentication(), principal, subject, target, scopes)
    };
    check_keys_for_user(&grant, request.family, records.now, checks)?;
    Ok(grant)
}

/// The user must still exist, be enabled, and come in where the path leads: a guest may change the tenant with a refresh token.
pub(super) fn find_principal<'d>(
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
    let admitted = admit(directory, door, principal.account, checks)?;
    check_enabled(principal.account, checks)?;
    // a path without a tenant changes none
    let principal = if party.segment.tenant().is_some() { admitted } else { principal };
    cross_tenant_access::check(principal, checks)?;
    Ok(principal)
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
        Some(Wanted::Resource(_) | Wanted::Registered) => false,
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
