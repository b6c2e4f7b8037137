//! A token for the application itself (RFC 6749 §4.4).
//!
//! Rules: Microsoft identity platform "OAuth 2.0 client credentials flow".

use wire::{Check, Checks};

use super::{Party, Records, TokenRequest, require};
use crate::directory::{Application, Directory, Tenant};
use crate::error::EntraError;
use crate::protocol::Family;
use crate::protocol::assignment::check_application_assigned;
use crate::protocol::client_credential::ClientAuthentication;
use crate::protocol::consent::GivenConsents;
use crate::protocol::grants::ApplicationGrant;
use crate::protocol::redeemed::Redeemed;
use crate::protocol::redirect_uri::Platform;
use crate::protocol::scope::DEFAULT;
use crate::protocol::signing::check_key_for;
use crate::protocol::target::{Target, Wants, check_resources_match, find_resource, parse_scope, read_resources};

/// Judges the request: the client's credential, its service principal, and the one resource.
///
/// An application may ask for a token for itself here, by its Application ID URI too.
pub(super) fn decide<'d>(
    request: TokenRequest<'_>,
    records: Records<'d, '_>,
    redeemed: &mut Redeemed,
    party: &Party<'d>,
    checks: &mut Checks,
) -> Result<ApplicationGrant<'d>, EntraError> {
    let client = party.client;
    let tenant = party.segment.tenant().ok_or(EntraError::NoTenantInformation)?;
    let authentication = party.credentials.authentication();
    if authentication == ClientAuthentication::None {
        let setting = client.setting("secrets", "Certificates & secrets");
        let fix = format!("put a secret or a certificate into the client: one of {setting}");
        checks.refuse(Check::ClientSecretPresent, "a client secret or a client assertion", "neither", fix);
        return Err(EntraError::AppCredentialMissing);
    }
    // without a redirect URI there is no platform that would make it a public client
    party.authenticate(Platform::Web, records, redeemed, checks)?;
    check_service_principal(client, tenant, records.directory, records.given, checks)?;
    let target = find_target(request, records.directory, client, tenant, checks)?;
    check_application_assigned(records.directory, client, target.resource, tenant, checks)?;
    check_key_for(&target, tenant, records.now, checks)?;
    Ok(ApplicationGrant { client, authentication, tenant, target })
}

fn check_service_principal(
    client: Application<'_>,
    tenant: Tenant<'_>,
    directory: &Directory,
    given: &GivenConsents,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let expected = format!("a service principal of {} in {}", client.shown_name(), tenant.display_name);
    if client.has_service_principal(tenant) || given.any_in(client, tenant, directory) {
        checks.pass(Check::ClientServicePrincipal, expected, client.service_principal_id(tenant).to_string());
        return Ok(());
    }
    let fix = format!(
        "idp.apps.{}.service_principals: add {} (portal: Enterprise applications > New application, or `az ad sp create \
         --id {}` in that tenant)",
        client.name, tenant.name, client.client_id
    );
    checks.refuse(Check::ClientServicePrincipal, expected, "none", fix);
    Err(EntraError::ClientServicePrincipalMissing { client_id: client.client_id, tenant: tenant.id })
}

/// The one resource: `<resource>/.default` on v2, `resource` on v1.
fn find_target<'d>(
    request: TokenRequest<'_>,
    directory: &'d Directory,
    client: Application<'_>,
    tenant: Tenant<'_>,
    checks: &mut Checks,
) -> Result<Target<'d>, EntraError> {
    let find = |identifier: &str, checks: &mut Checks| {
        let resource = find_resource(directory, tenant, identifier, client, checks)?;
        Ok(Target { resource, requested_as: identifier.to_owned(), wants: Wants::Default })
    };
    if request.family == Family::V1 {
        return find(require(request.parameters, "resource", checks)?, checks);
    }
    let resources = read_resources(request.parameters, directory.resource_parameter(), checks)?;
    let text = require(request.parameters, "scope", checks)?;
    let is_default = |scope: &str| scope == DEFAULT || scope.ends_with("/.default");
    let mut named = text.split(' ').filter(|scope| !scope.is_empty()).peekable();
    if named.peek().is_none() || !named.all(is_default) {
        let fix = "the client's scope: <Application ID URI>/.default, such as https://graph.microsoft.com/.default";
        checks.refuse(Check::ScopeWellFormed, "<resource>/.default alone", text, fix);
        return Err(EntraError::ScopeNotDefault { scope: text.to_owned() });
    }
    let scopes = parse_scope(text, checks)?;
    let identifier = scopes.of_resources.into_iter().next().and_then(|scope| scope.resource);
    let target = find(identifier.as_deref().unwrap_or(crate::directory::GRAPH_URI), checks)?;
    check_resources_match(&resources, std::slice::from_ref(&target), checks)?;
    Ok(target)
}
