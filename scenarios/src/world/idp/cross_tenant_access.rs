//! Which organisations exchange guests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Name;

/// A tenant's cross-tenant access settings (Organizational settings > B2B collaboration > External users and groups).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CrossTenantAccess {
    /// "Outbound access settings: Block access": tenants of this world in which this tenant's users may not be guests.
    /// Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outbound_blocked: Vec<Name>,
    /// "Inbound access settings: Block access": tenants of this world whose users may not be guests here. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inbound_blocked: Vec<Name>,
}

impl CrossTenantAccess {
    pub(super) fn is_open(&self) -> bool {
        *self == Self::default()
    }
}
