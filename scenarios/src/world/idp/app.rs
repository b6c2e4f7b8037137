//! App registrations, with their service principals.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::world::{Name, schema};

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
    /// "Implicit grant and hybrid flows": which tokens the authorize endpoint may give it. Default: none.
    #[serde(default, skip_serializing_if = "Implicit::is_default")]
    pub implicit: Implicit,
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
    /// The object ids of its service principals by the tenant's name in this world: the `oid` and `sub` of tokens for the
    /// application itself. Default: made from client id and tenant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<Name, schema::Guid>")]
    pub service_principal_ids: BTreeMap<Name, Uuid>,
    /// Whether the application is disabled: nobody signs in to it, and it gets no token (AADSTS7000112). Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Whether it is Microsoft's own: two such applications need pre-authorization instead of consent. Default: false.
    #[serde(default)]
    pub first_party: bool,
    /// `knownClientApplications` of the manifest, by their names in this world: clients whose first consent to this API
    /// also covers the permissions that this API itself needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_client_applications: Vec<Name>,
    /// Whether it was deleted, and stands under "Deleted applications". Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
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

/// "Implicit grant and hybrid flows" of "Authentication": `web.implicitGrantSettings` of the manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Implicit {
    /// "Access tokens (used for implicit flows)". Default: false.
    pub access_tokens: bool,
    /// "ID tokens (used for implicit and hybrid flows)". Default: false.
    pub id_tokens: bool,
}

impl Implicit {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
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
