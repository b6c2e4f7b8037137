//! The tenant segment of a path.

use scenarios::world::CONSUMERS;
use wire::{Check, Checks};

use super::guid;
use crate::directory::{Directory, Tenant};
use crate::error::EntraError;

/// Whom a path addresses.
#[derive(Clone, Copy, Debug)]
pub enum Segment<'d> {
    /// One tenant, by id or verified domain; personal accounts also as `consumers`.
    Tenant(Tenant<'d>),
    /// Any organisation, and personal accounts.
    Common,
    /// Any organisation.
    Organizations,
}

impl<'d> Segment<'d> {
    /// The one tenant, where the path names one.
    #[must_use]
    pub fn tenant(self) -> Option<Tenant<'d>> {
        match self {
            Self::Tenant(tenant) => Some(tenant),
            Self::Common | Self::Organizations => None,
        }
    }

    /// The segment as URLs of this identity provider spell it.
    #[must_use]
    pub fn in_urls(self) -> String {
        match self {
            Self::Tenant(tenant) if tenant.is_consumers() => tenant.name.to_owned(),
            Self::Tenant(tenant) => tenant.id.to_string(),
            Self::Common => "common".to_owned(),
            Self::Organizations => "organizations".to_owned(),
        }
    }

    /// Whether a path with it leads to the tenant.
    #[must_use]
    pub fn includes(self, tenant: Tenant<'_>) -> bool {
        match self {
            Self::Tenant(only) => only.name == tenant.name,
            Self::Common => true,
            Self::Organizations => !tenant.is_consumers(),
        }
    }

    /// The tenant's id, or the placeholder that issuers carry where there is none.
    #[must_use]
    pub fn in_issuers(self) -> String {
        self.tenant().map_or_else(|| "{tenantid}".to_owned(), |tenant| tenant.id.to_string())
    }
}

/// Finds whom `segment` addresses.
///
/// # Errors
/// 90002 where there is no such tenant, 900023 where there cannot be one.
pub fn find<'d>(directory: &'d Directory, segment: &str, checks: &mut Checks) -> Result<Segment<'d>, EntraError> {
    let expected = "common, organizations, consumers, or the id or a verified domain of a tenant";
    let found = match segment.to_ascii_lowercase().as_str() {
        "common" => Some(Segment::Common),
        "organizations" => Some(Segment::Organizations),
        CONSUMERS => directory.tenant(CONSUMERS).map(Segment::Tenant),
        name => guid(name)
            .and_then(|id| directory.tenant_by_id(id))
            .or_else(|| directory.tenant_by_domain(name))
            .map(Segment::Tenant),
    };
    if let Some(found) = found {
        checks.pass(Check::TenantExists, expected, segment);
        return Ok(found);
    }
    let tenant = segment.to_owned();
    let fix = "correct the tenant segment of the URL, or add the tenant: idp.tenants (portal: Microsoft Entra ID > Overview > Tenant ID, Primary domain)";
    checks.refuse(Check::TenantExists, expected, segment, fix);
    if is_domain(segment) {
        Err(EntraError::TenantNotFound { tenant })
    } else {
        Err(EntraError::TenantMalformed { tenant })
    }
}

/// Whether the text could be a domain or an id.
fn is_domain(text: &str) -> bool {
    text.split('.')
        .all(|label| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}
