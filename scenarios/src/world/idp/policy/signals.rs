//! What policies look at of a user, beside who it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Multifactor authentication, as the user has set it up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mfa {
    /// Whether a second factor is registered ("Authentication methods" of the user); if not, the user is led through
    /// the registration (the scripted browser registers one at once), which lasts as long as the lab. Default: false.
    pub registered: bool,
}

impl Mfa {
    pub(in crate::world) fn is_unset(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a user is. Everything of a lab comes from this machine, so that requests themselves cannot tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// The address that requests seem to come from, such as `203.0.113.9`. It is the `ipaddr` of tokens too.
    pub ip_address: std::net::IpAddr,
    /// The country or region, as two letters of ISO 3166-1. Default: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[A-Z]{2}$"))]
    pub country: Option<String>,
}

/// The device from which a user signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// None that the directory knows.
    #[default]
    None,
    /// Registered, and neither managed nor joined.
    Registered,
    /// Registered, and marked as compliant.
    Compliant,
    /// Joined to the on-premises domain and to the directory.
    HybridJoined,
    /// It presents a device id that was deleted from the directory.
    Deleted,
    /// It presents the id of a device that is disabled in the directory (Devices > All devices > Disable).
    Disabled,
}

impl Device {
    pub(in crate::world) fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// What a user's browsers and programs say that they run on; Entra reads it from the `User-Agent` header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DevicePlatform {
    /// Windows.
    #[default]
    Windows,
    /// Android.
    Android,
    /// iOS and iPadOS.
    Ios,
    /// macOS.
    Macos,
    /// Linux.
    Linux,
    /// Nothing that is known, as a program in a container may.
    Unknown,
}

impl DevicePlatform {
    pub(in crate::world) fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// What Microsoft Entra ID Protection thinks of a user and of the user's sign-ins. Nothing is watched in a lab: the world
/// says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Risk {
    /// "User risk": that the account is in other hands. A guest's is that of the home tenant. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<RiskLevel>,
    /// "Sign-in risk": that a sign-in is not the user's. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<RiskLevel>,
}

impl Risk {
    pub(in crate::world) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// How great a risk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}
