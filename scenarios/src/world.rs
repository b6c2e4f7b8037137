//! The world: how everything of one setup is configured, under the names that Entra, Easy Auth and the connector use.
//!
//! The JSON Schema of the file format is made from these types, so every member says what it is, its default and its
//! unit. Things that people have several of are maps keyed by `[a-z0-9-]` names.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod connector;
mod gate;
mod idp;
mod mcp;

pub use connector::{CONSENT_HOST, Connector, Handshake, ProviderProfile, RedirectMode, TestConsole, TestMethod};
pub use gate::{Cors, Gate, InvalidToken, UnauthenticatedClientAction};
pub use idp::policy;
pub use idp::{
    AdditionalProperty, AllowedMemberType, App, AppRole, CodeChallengeMethod, Consent, CrossTenantAccess,
    CrossTenantChoice, CrossTenantSettings, DetailedClaim, DirectoryRole, Discovery, ErrorDescription,
    ExternalUserState, FederatedCredential, Group, GroupKind, GroupMembers, GroupMembershipClaim, Guest, Idp, Implicit,
    Lifetimes, MappedClaim, MappedClaims, OptionalClaim, OptionalClaimName, OptionalClaims, Permission,
    RESTRICTED_CLAIMS, RedirectUris, Region, ReplayedAssertions, ResourceParameter, RoleAssignment, Scope, Secret,
    SignInAudience, SigningKey, SingleSignOnMode, Tenant, TenantlessTokenEndpoint, User, UserAttribute, UserConsent,
    WhoCanConsent,
};
pub use mcp::{ErrorBodies, Mcp, NotificationAnswer, NullNotificationId, TrailingSlash};

/// The key of a thing in a world: `[a-z0-9-]`, starting with a letter or digit.
pub type Name = String;

/// What a [`Name`] looks like.
pub const NAME_PATTERN: &str = "^[a-z0-9][a-z0-9-]*$";

/// The name of Microsoft Graph, which every tenant has.
pub const GRAPH: &str = "microsoft-graph";

/// The name of the tenant of personal Microsoft accounts, which is always there.
pub const CONSUMERS: &str = "consumers";

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

    /// A range of IP addresses (RFC 4632 §3.1).
    #[derive(JsonSchema)]
    #[schemars(inline)]
    #[expect(dead_code, reason = "only its schema is used")]
    pub struct IpRange(
        #[schemars(regex(
            pattern = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}/([12]?[0-9]|3[0-2])|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*/([1-9]?[0-9]|1[01][0-9]|12[0-8]))$"
        ))]
        String,
    );

    /// 1 or 2.
    #[derive(JsonSchema)]
    #[schemars(inline)]
    #[expect(dead_code, reason = "only its schema is used")]
    pub struct TokenVersion(#[schemars(range(min = 1, max = 2))] u8);
}
