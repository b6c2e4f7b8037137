//! What the identity provider knows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Name, schema};

mod app;
mod user;

pub use app::{App, Permission, RedirectUris, Scope, Secret, SignInAudience, WhoCanConsent};
pub use user::{DirectoryRole, Guest, User};

/// What the identity provider knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Idp {
    /// The tenants. `consumers`, that of personal Microsoft accounts, is always there.
    pub tenants: BTreeMap<Name, Tenant>,
    /// The users of all tenants.
    #[serde(default)]
    pub users: BTreeMap<Name, User>,
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
    /// Whether a browser stays signed in, by a session cookie, for 24 hours. Default: false.
    #[serde(default)]
    pub single_sign_on: bool,
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
    /// Whether users may consent for themselves to delegated permissions that need no admin. Default: allowed.
    #[serde(default)]
    pub user_consent: UserConsent,
    /// "Users can request admin consent to apps they are unable to consent to" (Consent and permissions > Admin consent
    /// settings): they then see a form instead of a dead end. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub admin_consent_requests: bool,
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

/// A grant of delegated permissions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The client app's name in this world.
    pub client: Name,
    /// The resource app's name in this world, or `microsoft-graph`.
    pub resource: Name,
    /// The scope values that were agreed to.
    pub scopes: Vec<String>,
    /// The tenant it was given in, by its name in this world. Default: the user's, or else the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Name>,
    /// The user it holds for, by name in this world. Default: everyone in the tenant (admin consent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Name>,
}

/// How long what is issued lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lifetimes {
    /// Access and id tokens, in minutes. Default: 60 (Entra: 60 to 90, at random).
    #[schemars(range(min = 10, max = 1440))]
    pub access_token_minutes: u16,
    /// Authorization codes, in minutes. Default: 10.
    #[schemars(range(min = 1, max = 60))]
    pub code_minutes: u16,
    /// Refresh tokens, in days without use. Default: 90.
    #[schemars(range(min = 1, max = 365))]
    pub refresh_token_days: u16,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { access_token_minutes: 60, code_minutes: 10, refresh_token_days: 90 }
    }
}
