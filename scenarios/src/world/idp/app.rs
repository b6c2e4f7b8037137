//! App registrations, with their service principals.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::app_role::{AppRole, RoleAssignment};
use super::token_configuration::{GroupMembershipClaim, MappedClaims, OptionalClaims, SigningKey};
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
    /// The roles of "App roles".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub app_roles: BTreeMap<Name, AppRole>,
    /// The client secrets.
    #[serde(default)]
    pub secrets: BTreeMap<Name, Secret>,
    /// The public certificates of "Certificates & secrets", each as PEM text: the client signs assertions with their
    /// private keys. Thumbprint and validity are read from them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub certificates: BTreeMap<Name, String>,
    /// The federated credentials of "Certificates & secrets": tokens of other issuers that the client may prove itself by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub federated_credentials: BTreeMap<Name, FederatedCredential>,
    /// The redirect URIs of "Authentication", by platform.
    #[serde(default)]
    pub redirect_uris: RedirectUris,
    /// "Single sign-on" of the enterprise application (`preferredSingleSignOnMode`). Default: oidc.
    #[serde(default, skip_serializing_if = "SingleSignOnMode::is_default")]
    pub preferred_single_sign_on_mode: SingleSignOnMode,
    /// "Front-channel logout URL": a page that a hidden frame opens when the user signs out, with the session id behind it;
    /// `https`, or on this machine. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logout_url: Option<String>,
    /// "Implicit grant and hybrid flows": which tokens the authorize endpoint may give it. Default: none.
    #[serde(default, skip_serializing_if = "Implicit::is_default")]
    pub implicit: Implicit,
    /// The permissions of "API permissions".
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
    /// "Assignment required?" of the enterprise application: only users who are assigned get tokens, and applications
    /// that were granted a role. Default: false.
    #[serde(default)]
    pub assignment_required: bool,
    /// The users under "Users and groups" of the enterprise application, by their names in this world.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned: Vec<Name>,
    /// The same with their roles, and for groups.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub role_assignments: BTreeMap<Name, RoleAssignment>,
    /// Optional claims of "Token configuration".
    #[serde(default, skip_serializing_if = "OptionalClaims::is_none")]
    pub optional_claims: OptionalClaims,
    /// Which groups and directory roles its tokens show (Token configuration > Add groups claim). Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group_membership_claims: Vec<GroupMembershipClaim>,
    /// Claims of its own under "Attributes & Claims" of the enterprise application. They ask for a `signing_key`, or for
    /// `accept_mapped_claims`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mapped_claims: MappedClaims,
    /// `acceptMappedClaims` of the manifest: claims of its own without a key of its own, where the audience is its
    /// client id or a URI in a verified domain of the tenant. Default: false.
    #[serde(default)]
    pub accept_mapped_claims: bool,
    /// The key that signs its tokens, in the place of the tenant's. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<SigningKey>,
    /// The token lifetime policy of the app: how long access tokens for it and id tokens to it last, in minutes.
    /// Default: `idp.lifetimes.access_token_minutes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 1440))]
    pub token_lifetime_minutes: Option<u16>,
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
    /// Whether it enforces an app protection policy of Intune's for its users, as apps with the Intune SDK do.
    /// Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub app_protection: bool,
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

/// "Single sign-on" of an enterprise application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SingleSignOnMode {
    /// OpenID Connect and OAuth.
    #[default]
    Oidc,
    /// SAML: then the OAuth endpoints refuse the application.
    Saml,
}

impl SingleSignOnMode {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
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

/// A federated identity credential: a token of another issuer by which the client proves who it is. The three are
/// compared letter by letter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FederatedCredential {
    /// The issuer, `iss` of the token, such as `https://token.actions.githubusercontent.com`; or the issuer of a tenant of
    /// this world.
    pub issuer: String,
    /// The subject identifier, `sub` of the token.
    pub subject: String,
    /// The audiences, `aud` of the token. Default: api://AzureADTokenExchange.
    #[serde(default = "token_exchange")]
    pub audiences: Vec<String>,
    /// The issuer's public keys, each as PEM text (a public key or a certificate), because nothing is fetched from outside.
    /// A tenant of this world needs none. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
}

fn token_exchange() -> Vec<String> {
    vec!["api://AzureADTokenExchange".to_owned()]
}

/// Redirect URIs by platform: those that the portal would save. `https`, or `http` on localhost and 127.0.0.1; "public" takes
/// schemes of an app's own, too. 256 characters at most; no fragment, wildcard, blank nor any of `! $ ' ( ) , ;`.
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

/// Permissions that a client asks for at one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// The resource app's name in this world, or `microsoft-graph`.
    pub resource: Name,
    /// The delegated permissions: scope values.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The application permissions: values of app roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}
