//! The world: how everything of one setup is configured, under the names that Entra, Easy Auth and the connector use.
//!
//! The JSON Schema of the file format is made from these types, so every member says what it is, its default and its
//! unit. Things that people have several of are maps keyed by `[a-z0-9-]` names.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The key of a thing in a world: `[a-z0-9-]`, starting with a letter or digit.
pub type Name = String;

/// What a [`Name`] looks like.
pub const NAME_PATTERN: &str = "^[a-z0-9][a-z0-9-]*$";

/// The name of Microsoft Graph, which every tenant has.
pub const GRAPH: &str = "microsoft-graph";

/// A whole setup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The instant at which the lab clock starts in `run`, RFC 3339. Default: 2026-01-15T09:00:00Z.
    #[serde(default = "default_clock")]
    #[schemars(with = "schema::Instant")]
    pub clock: Timestamp,
    /// Parties whose clock is wrong. Default: none.
    #[serde(default, skip_serializing_if = "ClockSkew::is_none")]
    pub clock_skew: ClockSkew,
    /// The identity provider.
    pub idp: Idp,
    /// The gate in front of the MCP server.
    pub gate: Gate,
    /// The MCP server.
    #[serde(default)]
    pub mcp: Mcp,
    /// The connector.
    pub connector: Connector,
}

fn default_clock() -> Timestamp {
    Timestamp::constant(1_768_467_600, 0)
}

/// How far the clocks of parties are ahead of the lab clock, such as `10m`, or behind, such as `-10m`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClockSkew {
    /// The identity provider's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "schema::Skew")]
    pub idp: Option<SignedDuration>,
    /// The gate's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "schema::Skew")]
    pub gate: Option<SignedDuration>,
    /// The MCP server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "schema::Skew")]
    pub mcp: Option<SignedDuration>,
    /// The connector's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "schema::Skew")]
    pub connector: Option<SignedDuration>,
}

impl ClockSkew {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a skew looks like: as people write it, and as it is written back.
pub(crate) const SKEW_PATTERN: &str = "^-?([0-9]{1,4}[hms] ?){1,3}$|^-?PT([0-9]{1,8}[HMS]){1,3}$";

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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

/// The gate: Container Apps "Authentication" with ingress CORS in front.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// The public URL of the container app, without a path.
    pub url: String,
    /// The client id of the app registration behind "Authentication"; always an allowed audience.
    #[schemars(with = "schema::Guid")]
    pub client_id: Uuid,
    /// `openIdIssuer`: `https://sts.windows.net/<tenant id>/` for v1 tokens, `…/<tenant id>/v2.0` for v2.
    pub issuer: String,
    /// `allowedAudiences`.
    #[serde(default)]
    pub allowed_audiences: Vec<String>,
    /// `defaultAuthorizationPolicy.allowedApplications`: client ids. Empty: any client.
    #[serde(default)]
    pub allowed_applications: Vec<String>,
    /// `unauthenticatedClientAction`. Default: Return401.
    #[serde(default)]
    pub unauthenticated_client_action: UnauthenticatedClientAction,
    /// `excludedPaths`: open without sign-in; exact, or a prefix ending in `/*`.
    #[serde(default)]
    pub excluded_paths: Vec<String>,
    /// Ingress `corsPolicy`. Default: none.
    #[serde(default)]
    pub cors: Option<Cors>,
    /// What becomes of a token that is not good, where `unauthenticated_client_action` is AllowAnonymous. Default: ignored.
    #[serde(default)]
    pub invalid_token: InvalidToken,
    /// Ingress `targetPort`: the port of the container that requests go to. Default: 8001.
    #[serde(default = "default_port")]
    pub target_port: u16,
    /// Scale `minReplicas`: with 0 nobody runs until somebody asks, nor after five minutes without a request. Default: 1.
    #[serde(default = "default_min_replicas")]
    pub min_replicas: u16,
}

/// The port that the article's container listens on.
fn default_port() -> u16 {
    8001
}

fn default_min_replicas() -> u16 {
    1
}

/// What happens to a request without a usable token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UnauthenticatedClientAction {
    /// 401 with a challenge.
    #[default]
    Return401,
    /// 403.
    Return403,
    /// It passes, without anything that says who is asking.
    AllowAnonymous,
    /// A browser is sent to `/.auth/login/aad`; anybody else gets 401.
    RedirectToLoginPage,
}

/// What becomes of a token that is not good, where nobody has to bring one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvalidToken {
    /// The request passes as if it had brought none. Not established for the real gate.
    #[default]
    Ignored,
    /// 401.
    Refused,
}

/// Ingress `corsPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Origins, or `*`.
    pub allowed_origins: Vec<String>,
    /// Methods. Default: none listed.
    #[serde(default)]
    pub allowed_methods: Vec<String>,
    /// Request headers, or `*` (which by the Fetch standard does not cover Authorization).
    #[serde(default)]
    pub allowed_headers: Vec<String>,
    /// Response headers that pages may read.
    #[serde(default)]
    pub expose_headers: Vec<String>,
    /// How long a browser may remember a preflight, in seconds.
    #[serde(default)]
    pub max_age_seconds: Option<u32>,
    /// Whether cookies are allowed. Default: false.
    #[serde(default)]
    pub allow_credentials: bool,
}

/// The MCP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mcp {
    /// The path of the endpoint. Default: /mcp.
    pub path: String,
    /// Host names that the server answers for besides localhost. Default: the host of `gate.url`.
    pub allowed_hosts: Option<Vec<String>>,
    /// Origins that the server answers; a request without Origin is always answered. Default: those of `gate.cors`, or
    /// any where there is no such policy or it allows `*`; without a gate, those of this machine.
    pub allowed_origins: Option<Vec<String>>,
    /// The port that the server listens on in its container; `gate.target_port` must be the same. Default: 8001.
    pub port: u16,
    /// How long a replica takes to start where `gate.min_replicas` is 0, in seconds. Default: 20.
    pub cold_start_seconds: u16,
    /// What answers to `path` with a slash more or less at its end. Default: not_found.
    pub trailing_slash: TrailingSlash,
    /// In what form the server's own refusals come. Default: json.
    pub errors: ErrorBodies,
    /// Whether a notification may carry `"id": null`, as Copilot Studio's does. Default: accepted.
    pub null_notification_id: NullNotificationId,
    /// What a notification is answered with. Default: empty.
    pub notification_answer: NotificationAnswer,
}

impl Default for Mcp {
    fn default() -> Self {
        Self {
            path: "/mcp".to_owned(),
            allowed_hosts: None,
            allowed_origins: None,
            port: default_port(),
            cold_start_seconds: 20,
            trailing_slash: TrailingSlash::default(),
            errors: ErrorBodies::default(),
            null_notification_id: NullNotificationId::default(),
            notification_answer: NotificationAnswer::default(),
        }
    }
}

/// What answers to the endpoint's path with a slash more or less at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrailingSlash {
    /// Nothing: 404.
    #[default]
    NotFound,
    /// 307 to the endpoint, as Python's frameworks do.
    Redirected,
    /// The endpoint itself.
    Served,
}

/// In what form the MCP server's refusals come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorBodies {
    /// A JSON-RPC error.
    #[default]
    Json,
    /// Plain text, as rmcp writes it.
    Plain,
}

/// Whether a notification may carry `"id": null`, which JSON-RPC does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NullNotificationId {
    /// It is taken off before rmcp reads the message.
    #[default]
    Accepted,
    /// rmcp reads it and refuses the message: 415.
    Refused,
}

/// What an accepted notification is answered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationAnswer {
    /// 202 without a body, as the protocol says.
    #[default]
    Empty,
    /// 200 with an empty result.
    Result,
    /// 200 with an error, as servers do that take it for an unknown request.
    Error,
}

/// The connector that Copilot Studio's wizard makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// The display name typed in the wizard.
    pub name: String,
    /// The prefix of the solution's publisher, part of the redirect URL.
    pub publisher_prefix: String,
    /// The hash of the environment, part of the redirect URL.
    pub environment_hash: String,
    /// Server URL: the full path of the MCP endpoint.
    pub server_url: String,
    /// The identity provider of the Security page.
    pub profile: ProviderProfile,
    /// Client ID.
    pub client_id: String,
    /// Client secret; empty where it was not typed again at the last update.
    pub client_secret: String,
    /// Authorization URL. Used by `generic-v2` only.
    pub authorization_url: String,
    /// Token URL template. Used by `generic-v2` only.
    pub token_url: String,
    /// Refresh URL. Used by `generic-v2` only.
    pub refresh_url: String,
    /// Scopes, as typed. Used by `generic-v2` only.
    #[serde(default)]
    pub scopes: String,
    /// `authorizationUrlQueryStringTemplate`: the whole query of the authorize request, with `{ClientId}`,
    /// `{RedirectUrl}`, `{Scopes}` and `{State}` for what is filled in; URLs in it are written plain. Used by `generic-v2`
    /// only. Default: `client_id={ClientId}&response_type=code&redirect_uri={RedirectUrl}&scope={Scopes}&state={State}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_url_query_string_template: Option<String>,
    /// `tokenBodyTemplate`: the whole form that redeems a code, with `{Code}` and `{ClientSecret}` too. Used by
    /// `generic-v2` only. Default: id, code, redirect URL, grant type and secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_body_template: Option<String>,
    /// `refreshBodyTemplate`: the whole form that redeems a refresh token, with `{RefreshToken}` too. Used by
    /// `generic-v2` only. Default: id, refresh token, grant type and secret; no scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_body_template: Option<String>,
    /// Login URL. Used by `aad-v1` only. Default: `https://login.microsoftonline.com`.
    #[serde(default = "default_login_uri")]
    pub login_uri: String,
    /// Tenant ID. Used by `aad-v1` only. Default: common.
    #[serde(default = "default_tenant_id")]
    pub tenant_id: String,
    /// Resource URL. Exists on `aad-v1` only.
    #[serde(default)]
    pub resource_url: Option<String>,
    /// `redirectMode`. Default: GlobalPerConnector.
    #[serde(default)]
    pub redirect_mode: RedirectMode,
    /// The origin of the redirect URL. Default: `https://global.consent.azure-apim.net` (regional variants exist).
    #[serde(default = "default_consent_host")]
    pub consent_host: String,
    /// How the Test tab sends its request.
    #[serde(default)]
    pub test_console: TestConsole,
    /// How the agent's runtime talks to the MCP server.
    #[serde(default)]
    pub handshake: Handshake,
}

fn default_login_uri() -> String {
    "https://login.microsoftonline.com".to_owned()
}

fn default_consent_host() -> String {
    CONSENT_HOST.to_owned()
}

fn default_tenant_id() -> String {
    "common".to_owned()
}

/// The `identityProvider` of a connector, with what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderProfile {
    /// `aad`: the v1 endpoints under Login URL and Tenant ID, with `resource` and `prompt=select_account`, no scope.
    AadV1,
    /// `oauth2generic`: the typed URLs and scopes, the secret in the body, refresh without scope.
    GenericV2,
}

/// `redirectMode` of a connector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RedirectMode {
    /// One redirect URL for all connectors, as before.
    Global,
    /// A redirect URL with the connector's own slug.
    #[default]
    GlobalPerConnector,
}

/// What the Test tab's "Test operation" sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TestConsole {
    /// The page's origin. Default: `https://make.powerapps.com`.
    pub page_origin: String,
    /// The method. Default: POST.
    pub method: TestMethod,
    /// The Accept header. Default: none is sent.
    pub accept: Option<String>,
    /// The body. Default: empty.
    pub body: String,
}

impl Default for TestConsole {
    fn default() -> Self {
        Self {
            page_origin: "https://make.powerapps.com".to_owned(),
            method: TestMethod::default(),
            accept: None,
            body: String::new(),
        }
    }
}

/// The method of "Test operation".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TestMethod {
    /// As the connector's definition says.
    #[default]
    Post,
    /// As one report saw it.
    Get,
}

/// What the agent's runtime sends on every turn; see the recorded handshake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Handshake {
    /// The agent's name. Default: Copilot.
    pub agent_name: String,
    /// Whether `notifications/initialized` carries `"id": null`, as captured. Default: true.
    pub null_notification_id: bool,
    /// Whether `Mcp-Session-Id` and `MCP-Protocol-Version` are sent back; in no capture. Default: false.
    pub session_and_version_headers: bool,
    /// The Accept header as it reaches the server, where something on the way rewrites it; empty: none is left. Default:
    /// as captured, `application/json,text/event-stream`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
}

impl Default for Handshake {
    fn default() -> Self {
        Self {
            agent_name: "Copilot".to_owned(),
            null_notification_id: true,
            session_and_version_headers: false,
            accept: None,
        }
    }
}

impl Connector {
    /// The connector's internal name: prefix, display name and environment hash, escaped as the gateway does.
    #[must_use]
    pub fn slug(&self) -> String {
        let escaped: String = self
            .name
            .to_lowercase()
            .chars()
            .flat_map(|c| match c {
                'a'..='z' | '0'..='9' => vec![c],
                _ => {
                    let mut buffer = [0; 4];
                    c.encode_utf8(&mut buffer)
                        .bytes()
                        .flat_map(|byte| format!("-{byte:02x}").into_bytes())
                        .map(char::from)
                        .collect()
                }
            })
            .collect();
        format!("{}-5f{escaped}-5f{}", self.publisher_prefix, self.environment_hash)
    }

    /// The redirect URL that the connector's page shows after saving.
    #[must_use]
    pub fn redirect_url(&self) -> String {
        match self.redirect_mode {
            RedirectMode::Global => format!("{}/redirect", self.consent_host),
            RedirectMode::GlobalPerConnector => format!("{}/redirect/{}", self.consent_host, self.slug()),
        }
    }
}

/// The origin of the connector's redirect URLs, in cloud names.
pub const CONSENT_HOST: &str = "https://global.consent.azure-apim.net";

/// Shapes of values that the schema can check.
mod schema {
    use super::JsonSchema;

    /// A GUID.
    #[derive(JsonSchema)]
    #[schemars(inline)]
    #[expect(dead_code, reason = "only its schema is used")]
    pub struct Guid(
        #[schemars(regex(pattern = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"))]
        String,
    );

    /// An instant, RFC 3339.
    #[derive(JsonSchema)]
    #[schemars(inline)]
    #[expect(dead_code, reason = "only its schema is used")]
    pub struct Instant(#[schemars(extend("format" = "date-time"))] String);

    /// How far a clock is ahead.
    #[derive(JsonSchema)]
    #[schemars(inline)]
    #[expect(dead_code, reason = "only its schema is used")]
    pub struct Skew(#[schemars(regex(pattern = super::SKEW_PATTERN))] String);

    /// 1 or 2.
    #[derive(JsonSchema)]
    #[schemars(inline)]
    #[expect(dead_code, reason = "only its schema is used")]
    pub struct TokenVersion(#[schemars(range(min = 1, max = 2))] u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slug_is_escaped_as_observed() {
        let mut connector: Connector = serde_json::from_value(serde_json::json!({
            "name": "Zephyr MCP", "publisher_prefix": "cr938", "environment_hash": "43bcb8573bc3e84",
            "server_url": "", "profile": "aad-v1", "client_id": "", "client_secret": "",
            "authorization_url": "", "token_url": "", "refresh_url": ""
        }))
        .unwrap();
        assert_eq!(connector.slug(), "cr938-5fzephyr-20mcp-5f43bcb8573bc3e84");
        connector.redirect_mode = RedirectMode::Global;
        assert_eq!(connector.redirect_url(), "https://global.consent.azure-apim.net/redirect");
    }
}
