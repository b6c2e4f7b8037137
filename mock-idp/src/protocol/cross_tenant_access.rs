//! Cross-tenant access settings: whether guests may leave their own tenant, and come into another.
//!
//! Source: Microsoft Entra "Overview: Cross-tenant access with Microsoft Entra External ID".

use scenarios::world::CrossTenantChoice;
use wire::{Check, Checks};

use super::admission::Principal;
use crate::directory::Tenant;
use crate::error::EntraError;

/// Both tenants must allow that the guest comes in: the own one that it leaves, and the other that it enters. Of personal
/// accounts nothing is asked.
///
/// # Errors
/// 500212 or 500213.
pub fn check(principal: Principal<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    let Principal { account, tenant, home } = principal;
    if !principal.is_guest() || home.is_consumers() {
        return Ok(());
    }
    let expected = format!("a guest whom {} lets out and {} lets in", home.display_name, tenant.display_name);
    let mut refuse = |side: &str, of: Tenant<'_>, other: Tenant<'_>, error| {
        let settings = match of.cross_tenant_access.organizations.contains_key(other.name) {
            true => format!("organizations.{}", other.name),
            false => "default_settings".to_owned(),
        };
        let fix = format!(
            "idp.tenants.{}.cross_tenant_access.{settings}.{side}: allowed (portal of {}: External Identities > Cross-tenant \
             access settings)",
            of.name, of.display_name
        );
        let received = format!("{}, whom {} does not", account.username, of.display_name);
        checks.refuse(Check::CrossTenantAccess, expected.as_str(), received, fix);
        Err(error)
    };
    if home.cross_tenant_access.with(tenant.name).outbound == CrossTenantChoice::Blocked {
        return refuse("outbound", home, tenant, EntraError::OutboundBlocked);
    }
    if tenant.cross_tenant_access.with(home.name).inbound == CrossTenantChoice::Blocked {
        return refuse("inbound", tenant, home, EntraError::InboundBlocked);
    }
    checks.pass(Check::CrossTenantAccess, expected, account.username.as_str());
    Ok(())
}
