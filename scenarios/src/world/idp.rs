//! What the identity provider knows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Name, schema};

mod app;
mod app_role;
mod cross_tenant;
mod group;
pub mod policy;
mod token_configuration;
mod user;

pub use app::{
    App, FederatedCredential, Implicit, Permission, RedirectUris, Scope, Secret, SignInAudience, SingleSignOnMode,
    WhoCanConsent,
};
pub use app_role::{AllowedMemberType, AppRole, RoleAssignment};
pub use cross_tenant::{CrossTenantAccess, CrossTenantChoice, CrossTenantSettings};
pub use group::{Group, GroupKind, GroupMembers};
pub use token_configuration::{
    AdditionalProperty, DetailedClaim, GroupMembershipClaim, MappedClaim, MappedClaims, OptionalClaim,
    OptionalClaimName, OptionalClaims, RESTRICTED_CLAIMS, SigningKey, UserAttribute,
};
pub use user::{DirectoryRole, ExternalUserState, Guest, User};

/// What the identity provider knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Idp {
    /// The tenants. `consumers`, that of personal Microsoft accounts, is always there.
    pub tenants: BTreeMap<Name, Tenant>,
    /// The users of all tenants.
    #[serde(default)]
    pub users: BTreeMap<Name, User>,
    /// The groups of all tenants.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<Name, Group>,
    /// The app registrations, each with its service principal in its own tenant. `microsoft-graph` is always there.
    #[serde(default)]
    pub apps: BTreeMap<Name, App>,
    /// Who agreed to what.
    #[serde(default)]
    pub consents: BTreeMap<Name, Consent>,
    /// How long what is issued lasts.
    #[serde(default)]
    pub lifetimes: Lifetimes,
    /// What the v2 endpoints make of a `resource` parameter (RFC 8707). Default: enforced.
    #[serde(default)]
    pub resource_parameter: ResourceParameter,
    /// What a token URL without a tenant segment, such as `/oauth2/v2.0/token`, leads to. What Entra answers is not
    /// established. Default: not_found.
    #[serde(default)]
    pub tenantless_token_endpoint: TenantlessTokenEndpoint,
    /// What the discovery documents say besides.
    #[serde(default, skip_serializing_if = "Discovery::is_plain")]
    pub discovery: Discovery,
    /// How error descriptions are laid out. Default: one_line.
    #[serde(default)]
    pub error_description: ErrorDescription,
    /// Whether access tokens for Microsoft Graph are signed over a hashed `nonce` of their header, as Entra does it: only
    /// Graph itself can then verify them. Default: true.
    #[serde(default = "yes")]
    pub graph_nonce: bool,
    /// What is made of a client assertion whose `jti` was used before (RFC 7523 §3). Default: accepted, as by Entra; client
    /// libraries rely on it.
    #[serde(default)]
    pub replayed_assertions: ReplayedAssertions,
    /// How many equal token requests, of one client for one user, resource and grant type, are answered within five
    /// minutes. Entra has such a bound and does not publish it. Default: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub client_request_loop: Option<u16>,
    /// Whether a browser stays signed in, by a session cookie, for 24 hours. Default: false.
    #[serde(default)]
    pub single_sign_on: bool,
    /// Conditional Access, and the places that it knows. Default: no policies.
    #[serde(default, skip_serializing_if = "policy::Policies::are_none")]
    pub policies: policy::Policies,
    /// Whether users are asked after the sign-in to stay signed in, which makes their session last for 90 days after its
    /// last use; only with `single_sign_on` (portal: Company branding > Show option to remain signed in). Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_me_signed_in: bool,
}

/// What the v2 endpoints make of a `resource` parameter (RFC 8707).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResourceParameter {
    /// As since 2026: it must be, byte for byte, an Application ID URI of the scopes' application; else AADSTS9010010.
    #[default]
    Enforced,
    /// As until 2025: AADSTS901002.
    Rejected,
    /// It changes nothing.
    Ignored,
}

/// What is made of a client assertion that was used before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayedAssertions {
    /// It is good until it ends, as Entra has it.
    #[default]
    Accepted,
    /// AADSTS50012.
    Refused,
}

/// What a token URL without a tenant segment leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantlessTokenEndpoint {
    /// 404.
    #[default]
    NotFound,
    /// The same as `/common`.
    Common,
}

/// What the discovery documents say besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Discovery {
    /// `code_challenge_methods_supported`, by which strict clients tell whether PKCE is spoken. Entra speaks it and does
    /// not say so. Default: absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_methods_supported: Option<Vec<CodeChallengeMethod>>,
    /// Whether the v2 documents have what 2026 added: the aliases for mutual TLS, which name a host that the lab does not
    /// have. Default: false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mtls_endpoint_aliases: bool,
}

impl Discovery {
    fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// How a code challenge is made of its verifier (RFC 7636 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CodeChallengeMethod {
    /// The verifier itself.
    #[serde(rename = "plain")]
    Plain,
    /// Its SHA-256.
    S256,
}

/// How the parts of an error description stand: message, trace id, correlation id and timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorDescription {
    /// On one line, as since November 2023.
    #[default]
    OneLine,
    /// On four, separated by CR LF, as before.
    FourLines,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// The tenant (directory) id.
    #[schemars(with = "schema::Guid")]
    pub id: Uuid,
    /// The organisation's name, as consent and error pages show it.
    pub display_name: String,
    /// The verified domains, the primary one first.
    pub domains: Vec<String>,
    /// `tenant_region_scope` of the discovery document. Default: NA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The country or region, two letters (ISO 3166). Default: US.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The preferred language. Default: en.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<String>,
    /// Whether users may consent for themselves to delegated permissions that need no admin. Default: allowed.
    #[serde(default)]
    pub user_consent: UserConsent,
    /// "Users can request admin consent to apps they are unable to consent to" (Consent and permissions > Admin consent
    /// settings): they then see a form instead of a dead end. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub admin_consent_requests: bool,
    /// Security defaults (Overview > Properties): everybody registers for multifactor authentication, and
    /// administrators do it at each sign-in. Not together with Conditional Access policies. Default: false.
    #[serde(default, skip_serializing_if = "policy::is_false")]
    pub security_defaults: bool,
    /// Cross-tenant access settings (External Identities). Default: everybody may come and go, and no device of another
    /// tenant is trusted.
    #[serde(default, skip_serializing_if = "CrossTenantAccess::is_usual")]
    pub cross_tenant_access: CrossTenantAccess,
    /// "Lockout threshold" of Authentication methods > Password protection: how many different wrong passwords lock an
    /// account, for 60 seconds. Default: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 50))]
    pub lockout_threshold: Option<u8>,
}

/// Where a tenant's data lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Region {
    /// North America.
    #[default]
    #[serde(rename = "NA")]
    NorthAmerica,
    /// Europe.
    #[serde(rename = "EU")]
    Europe,
    /// Asia.
    #[serde(rename = "AS")]
    Asia,
    /// Australia and New Zealand.
    #[serde(rename = "OC")]
    Oceania,
    /// Elsewhere.
    #[serde(rename = "WW")]
    World,
}

/// Enterprise applications > Consent and permissions > User consent settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserConsent {
    /// Users may consent.
    #[default]
    Allowed,
    /// Only an administrator may.
    Disabled,
}

/// A grant of permissions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The client app's name in this world.
    pub client: Name,
    /// The resource app's name in this world, or `microsoft-graph`.
    pub resource: Name,
    /// The delegated permissions that were agreed to: scope values.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The tenant it was given in, by its name in this world. Default: the user's, or else the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Name>,
    /// The application permissions that were agreed to: values of app roles, which the client has without a user. Only an
    /// administrator can agree to them, so leave out `user`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The user it holds for, by name in this world. Default: everyone in the tenant (admin consent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Name>,
}

/// How long what is issued lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lifetimes {
    /// Access and id tokens, in minutes. Default: 60.
    #[schemars(range(min = 10, max = 1440))]
    pub access_token_minutes: u16,
    /// Whether users' access tokens last up to half as long again, at random, as Entra's do: 60 to 90 minutes.
    /// Default: false, so that every run is the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub access_token_spread: bool,
    /// Authorization codes, in minutes. Default: 10.
    #[schemars(range(min = 1, max = 60))]
    pub code_minutes: u16,
    /// Refresh tokens, in days without use. Default: 90.
    #[schemars(range(min = 1, max = 365))]
    pub refresh_token_days: u16,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { access_token_minutes: 60, access_token_spread: false, code_minutes: 10, refresh_token_days: 90 }
    }
}

fn yes() -> bool {
    true
}
