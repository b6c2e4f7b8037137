//! The gate: Container Apps "Authentication" with ingress CORS in front.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::schema;

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
/// Where the container listens.
pub(super) fn default_port() -> u16 {
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
