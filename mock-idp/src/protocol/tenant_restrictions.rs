//! Tenant restrictions: a proxy on the user's network says by a header which tenants may be signed in to.
//!
//! Source: Microsoft Entra "Restrict access to a tenant" (version 1, `Restrict-Access-To-Tenants`).

use wire::{Check, Checks};

use super::guid;
use crate::directory::{Directory, Tenant};
use crate::error::EntraError;

/// The header that the proxy adds: ids or verified domains of tenants, with commas between them.
pub const HEADER: &str = "restrict-access-to-tenants";

/// The tenant must be among those that the header names, where a proxy added it.
///
/// # Errors
/// 500021.
pub fn check(
    directory: &Directory,
    header: Option<&str>,
    tenant: Tenant<'_>,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let Some(permitted) = header else { return Ok(()) };
    let is_permitted = permitted.split(',').map(str::trim).any(|named| {
        let found = guid(named).and_then(|id| directory.tenant_by_id(id)).or_else(|| directory.tenant_by_domain(named));
        found.is_some_and(|found| found.name == tenant.name)
    });
    let shown: String = permitted.chars().take(200).collect();
    let expected = format!("one of the tenants that the network's proxy permits: {shown}");
    if is_permitted {
        checks.pass(Check::TenantPermitted, expected, tenant.display_name.as_str());
        return Ok(());
    }
    let fix = format!(
        "the proxy's header Restrict-Access-To-Tenants: add {} or {} (no setting of the tenant changes it)",
        tenant.domains.first().map_or("a domain of the tenant", String::as_str),
        tenant.id
    );
    checks.refuse(Check::TenantPermitted, expected, tenant.display_name.as_str(), fix);
    Err(EntraError::TenantRestricted { tenant: tenant.display_name.clone() })
}
