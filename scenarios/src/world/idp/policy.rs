//! Protection: Conditional Access and what it looks at.

use std::collections::BTreeMap;

mod conditions;
mod signals;

pub use conditions::{
    AuthenticationFlow, ClientAppType, NamedLocation, PolicyLocations, PolicyPlatform, PolicyPlatforms,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use signals::{Device, DevicePlatform, Location, Mfa, Risk, RiskLevel};
use uuid::Uuid;

use super::DirectoryRole;
use crate::world::{Name, schema};

/// What stands between a right password and a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policies {
    /// The policies under Protection > Conditional Access > Policies. All that apply to a sign-in must be satisfied.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub conditional_access: BTreeMap<Name, ConditionalAccessPolicy>,
    /// The places under Protection > Conditional Access > Named locations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub named_locations: BTreeMap<Name, NamedLocation>,
}

impl Policies {
    pub(super) fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A Conditional Access policy: to whom and what it applies, and what it then demands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionalAccessPolicy {
    /// The tenant whose policy it is, by its name in this world.
    pub tenant: Name,
    /// The policy's id, as `capolids` of a claims challenge names it. Default: made from tenant and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Guid>")]
    pub id: Option<Uuid>,
    /// "Enable policy". Default: enabled.
    #[serde(default)]
    pub state: PolicyState,
    /// "Assignments > Users".
    pub users: PolicyUsers,
    /// "Assignments > Target resources".
    pub target_resources: TargetResources,
    /// "Conditions > Client apps". Default: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_app_types: Vec<ClientAppType>,
    /// "Conditions > Locations". Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locations: Option<PolicyLocations>,
    /// "Conditions > Device platforms". Default: any device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_platforms: Option<PolicyPlatforms>,
    /// "Conditions > Authentication flows". Default: whatever flow led to the sign-in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authentication_flows: Vec<AuthenticationFlow>,
    /// "Conditions > User risk". Default: whatever the risk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_risk_levels: Vec<RiskLevel>,
    /// "Conditions > Sign-in risk". Default: whatever the risk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sign_in_risk_levels: Vec<RiskLevel>,
    /// "Access controls > Grant". Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantControls>,
    /// "Access controls > Session". Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionControls>,
}

/// "Enable policy".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyState {
    /// On.
    #[default]
    Enabled,
    /// Off.
    Disabled,
    /// Report-only: what it would have done shows in the trace, and nothing is refused.
    ReportOnly,
}

/// Users that a policy includes and excludes; who is excluded by one list stays out, whatever includes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyUsers {
    /// `all`, `guests`, or users by their names in this world.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<Name>,
    /// Users by their names in this world, `guests` or `all`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Name>,
    /// Everybody who is in one of these groups, directly or through another, by their names in this world.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include_groups: Vec<Name>,
    /// Nobody who is in one of these groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_groups: Vec<Name>,
    /// Everybody who has one of these directory roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include_roles: Vec<DirectoryRole>,
    /// Nobody who has one of these directory roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_roles: Vec<DirectoryRole>,
}

/// What a policy protects: resources, or what applications mark with an authentication context.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetResources {
    /// "Resources": `all`, apps by their names in this world, or `microsoft-graph`. A request counts by the resources
    /// that it asks tokens for, and by the client itself where it asks for an id token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<Name>,
    /// Apps that are left out, by their names in this world, or `microsoft-graph`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Name>,
    /// "Authentication context": `c1` to `c99`. The policy applies where an application asks for one (`acrs`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(regex(pattern = r"^c[1-9][0-9]?$")))]
    pub authentication_contexts: Vec<String>,
    /// "User actions". The policy then stands before these actions, and before no resource.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_actions: Vec<UserAction>,
}

/// "User actions".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserAction {
    /// "Register security information": the registration of a second factor.
    RegisterSecurityInformation,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

/// "Grant".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantControls {
    /// "For multiple controls": whether all are demanded, or one. Default: and.
    #[serde(default)]
    pub operator: ControlOperator,
    /// What is demanded; `block` grants nothing.
    #[schemars(length(min = 1))]
    pub controls: Vec<GrantControl>,
}

/// "For multiple controls".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlOperator {
    /// Require all the selected controls.
    #[default]
    And,
    /// Require one of the selected controls.
    Or,
}

/// A control of "Grant".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantControl {
    /// "Block access".
    Block,
    /// "Require device to be marked as compliant".
    CompliantDevice,
    /// "Require Microsoft Entra hybrid joined device".
    HybridJoinedDevice,
    /// "Require approved client app": one of Microsoft's own (`first_party`).
    ApprovedApp,
    /// "Require app protection policy": an app that enforces one of Intune's (`app_protection` of the app).
    AppProtectionPolicy,
    /// "Require multifactor authentication".
    Mfa,
    /// "Terms of use", to be accepted once.
    TermsOfUse,
}

/// "Session".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionControls {
    /// "Sign-in frequency". Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in_frequency: Option<SignInFrequency>,
}

/// "Sign-in frequency": how long a sign-in is good for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInFrequency {
    /// The period, in hours.
    #[schemars(range(min = 1, max = 8760))]
    pub hours: u16,
    /// What has to be done anew when it has passed. Default: primary_and_secondary.
    #[serde(default)]
    pub authentication: AuthenticationType,
}

/// `authenticationType` of the sign-in frequency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationType {
    /// The whole sign-in.
    #[default]
    PrimaryAndSecondary,
    /// The second factor only.
    Secondary,
}
