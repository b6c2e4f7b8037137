//! What the identity provider knows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Name, schema};

/// What the identity provider knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Idp {
    /// The tenants.
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
    /// Whether users may consent for themselves to delegated permissions that need no admin. Default: allowed.
    #[serde(default)]
    pub user_consent: UserConsent,
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

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The tenant's name in this world.
    pub tenant: Name,
    /// The user principal name.
    pub username: String,
    /// The password.
    pub password: String,
    /// The object id.
    #[schemars(with = "schema::Guid")]
    pub object_id: Uuid,
    /// The display name.
    pub display_name: String,
    /// The given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// The family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// The mail address. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The directory roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<DirectoryRole>,
}

/// A directory role that matters to sign-in and consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryRole {
    /// May consent for the whole tenant.
    GlobalAdministrator,
}

/// An app registration, with its service principal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The tenant it is registered in, by its name in this world.
    pub tenant: Name,
    /// The application (client) id.
    #[schemars(with = "schema::Guid")]
    pub client_id: Uuid,
    /// The name that users see. Default: the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Supported account types. Default: AzureADMyOrg (this tenant only).
    #[serde(default)]
    pub audience: SignInAudience,
    /// The Application ID URIs of "Expose an API".
    #[serde(default)]
    pub identifier_uris: Vec<String>,
    /// The delegated scopes of "Expose an API".
    #[serde(default)]
    pub scopes: BTreeMap<Name, Scope>,
    /// The client secrets.
    #[serde(default)]
    pub secrets: BTreeMap<Name, Secret>,
    /// The redirect URIs of "Authentication", by platform.
    #[serde(default)]
    pub redirect_uris: RedirectUris,
    /// The delegated permissions of "API permissions".
    #[serde(default)]
    pub permissions: BTreeMap<Name, Permission>,
    /// `requestedAccessTokenVersion` of the manifest: null or 1 gives v1 access tokens, 2 gives v2. Default: null.
    #[serde(default)]
    #[schemars(with = "Option<schema::TokenVersion>")]
    pub access_token_version: Option<u8>,
    /// "Allow public client flows": the kind of client where one redirect URI stands under Web and under Mobile and
    /// desktop. Default: false (confidential).
    #[serde(default)]
    pub allow_public_client: bool,
    /// "Assignment required?" of the enterprise application: only `assigned` users get tokens. Default: false.
    #[serde(default)]
    pub assignment_required: bool,
    /// The users under "Users and groups" of the enterprise application, by their names in this world.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned: Vec<Name>,
    /// The tenants in which it has a service principal (an enterprise application), and so can be a resource.
    /// Default: its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_principals: Option<Vec<Name>>,
    /// Whether it is Microsoft's own: two such applications need pre-authorization instead of consent. Default: false.
    #[serde(default)]
    pub first_party: bool,
    /// "Authorized client applications" of "Expose an API", by their names in this world: clients that may have all
    /// scopes without consent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pre_authorized_clients: Vec<Name>,
}

/// `signInAudience` of the manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SignInAudience {
    /// Accounts in this tenant only.
    #[default]
    #[serde(rename = "AzureADMyOrg")]
    MyOrg,
    /// Accounts in any tenant.
    #[serde(rename = "AzureADMultipleOrgs")]
    MultipleOrgs,
    /// Accounts in any tenant, and personal Microsoft accounts.
    #[serde(rename = "AzureADandPersonalMicrosoftAccount")]
    MultipleOrgsAndPersonal,
    /// Personal Microsoft accounts only.
    #[serde(rename = "PersonalMicrosoftAccount")]
    Personal,
}

/// A delegated scope that an app exposes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The scope's value, such as `user_impersonation`.
    pub value: String,
    /// What the consent page says it allows. Default: made from the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Who can consent. Default: user.
    #[serde(default)]
    pub consent: WhoCanConsent,
}

/// "Who can consent?" of a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhoCanConsent {
    /// Admins and users.
    #[default]
    User,
    /// Admins only.
    Admin,
}

/// A client secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The secret's value (not its id).
    pub value: String,
    /// When it expires, RFC 3339.
    #[schemars(with = "schema::Instant")]
    pub expires: Timestamp,
}

/// Redirect URIs by platform.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedirectUris {
    /// Platform "Web": confidential clients.
    #[serde(default)]
    pub web: Vec<String>,
    /// Platform "Single-page application".
    #[serde(default)]
    pub spa: Vec<String>,
    /// Platform "Mobile and desktop applications".
    #[serde(default)]
    pub public: Vec<String>,
}

/// Delegated permissions that a client asks for at one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// The resource app's name in this world, or `microsoft-graph`.
    pub resource: Name,
    /// The scope values.
    pub scopes: Vec<String>,
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
