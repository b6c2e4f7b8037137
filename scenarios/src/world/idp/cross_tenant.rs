//! External Identities > Cross-tenant access settings.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::world::Name;

/// What a tenant makes of the users of other tenants, and of its own users elsewhere (B2B collaboration).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CrossTenantAccess {
    /// "Default settings".
    pub default_settings: CrossTenantSettings,
    /// "Organizational settings", by the other tenants' names in this world; they take the place of the default.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub organizations: BTreeMap<Name, CrossTenantSettings>,
}

impl CrossTenantAccess {
    pub(super) fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// What holds between this tenant and the other of this name.
    #[must_use]
    pub fn with(&self, other: &str) -> &CrossTenantSettings {
        self.organizations.get(other).unwrap_or(&self.default_settings)
    }
}

/// What holds between two tenants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CrossTenantSettings {
    /// "Inbound access settings": whether users of the other tenant come in as guests. Default: allowed.
    pub inbound: CrossTenantChoice,
    /// "Outbound access settings": whether users of this tenant may be guests in the other. Default: allowed.
    pub outbound: CrossTenantChoice,
    /// "Trust settings > Trust compliant devices", as the home tenant manages them. Default: false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub trust_compliant_devices: bool,
    /// "Trust settings > Trust Microsoft Entra hybrid joined devices". Default: false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub trust_hybrid_joined_devices: bool,
}

/// "Access status".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CrossTenantChoice {
    /// "Allow access".
    #[default]
    Allowed,
    /// "Block access".
    Blocked,
}
