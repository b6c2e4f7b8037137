//! "Conditions": what narrows a policy down.

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::is_false;
use crate::world::{Name, schema};

/// "Client apps".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAppType {
    /// Browser: clients with a redirect URI of a web or single-page application.
    Browser,
    /// Mobile apps and desktop clients: those with a redirect URI of that platform, or without any.
    MobileAppsAndDesktopClients,
}

/// Places that a policy includes and excludes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyLocations {
    /// `all`, `trusted`, or named locations of this world.
    pub include: Vec<Name>,
    /// `trusted`, or named locations of this world.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Name>,
}

/// A named location: what any of its lists holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NamedLocation {
    /// IP ranges, such as `203.0.113.0/24`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<schema::IpRange>")]
    pub ip_ranges: Vec<IpNet>,
    /// Countries or regions, as two letters of ISO 3166-1, such as `DE`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(regex(pattern = r"^[A-Z]{2}$")))]
    pub countries: Vec<String>,
    /// "Mark as trusted location". Default: false.
    #[serde(skip_serializing_if = "is_false")]
    pub trusted: bool,
}

/// Platforms that a policy includes and excludes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyPlatforms {
    /// The platforms, or all, also such as are not known.
    pub include: Vec<PolicyPlatform>,
    /// Those that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<PolicyPlatform>,
}

/// "Device platforms".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyPlatform {
    /// "Any device".
    All,
    /// Android.
    Android,
    /// iOS and iPadOS.
    Ios,
    /// Windows.
    Windows,
    /// macOS.
    Macos,
    /// Linux.
    Linux,
}

/// "Authentication flows".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationFlow {
    /// Device code flow: the sign-in, and every refresh that goes back to it.
    DeviceCodeFlow,
}
