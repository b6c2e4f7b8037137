//! "Token configuration" of an app registration: what its tokens say beyond what every token says, and with which key.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::world::schema;

/// `optionalClaims` of the manifest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OptionalClaims {
    /// Of the id tokens that the app gets as a client.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_token: Vec<OptionalClaim>,
    /// Of the access tokens that others get for the app.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_token: Vec<OptionalClaim>,
}

impl OptionalClaims {
    pub(super) fn is_none(&self) -> bool {
        self.id_token.is_empty() && self.access_token.is_empty()
    }
}

/// One optional claim: its name, or its name and more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OptionalClaim {
    /// The name alone.
    Named(OptionalClaimName),
    /// As the manifest writes it.
    Detailed(DetailedClaim),
}

/// One optional claim as the manifest writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetailedClaim {
    /// The claim's name.
    pub name: OptionalClaimName,
    /// Whether the app cannot do without it; Entra refuses nothing for it. Default: false.
    #[serde(default)]
    pub essential: bool,
    /// What the claim is to hold, for the few that leave a choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_properties: Vec<AdditionalProperty>,
}

impl OptionalClaim {
    /// The claim's name.
    #[must_use]
    pub fn name(&self) -> OptionalClaimName {
        match self {
            Self::Named(name) | Self::Detailed(DetailedClaim { name, .. }) => *name,
        }
    }

    /// Whether it has this additional property.
    #[must_use]
    pub fn has(&self, property: AdditionalProperty) -> bool {
        matches!(self, Self::Detailed(claim) if claim.additional_properties.contains(&property))
    }
}

/// The optional claims of "Optional claims reference" that are emulated, by the names that tokens show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptionalClaimName {
    /// 0 for a member of the tenant, 1 for a guest.
    Acct,
    /// With `use_guid`: the audience of a v1 access token is the client id, whatever the request called the API.
    Aud,
    /// When the user signed in.
    AuthTime,
    /// The user's country or region (`users.<user>.country`).
    Ctry,
    /// The mail address.
    Email,
    /// The last name.
    FamilyName,
    /// The first name.
    GivenName,
    /// The groups that `group_membership_claims` names, in another form.
    Groups,
    /// Whether the token is an app's or, with `include_user_token`, a user's.
    Idtyp,
    /// Where the request came from.
    Ipaddr,
    /// What leads the authorize endpoint to the same account again.
    LoginHint,
    /// The security identifier of the directory on premises (`users.<user>.on_premises_sid`).
    OnpremSid,
    /// The name that the user signs in with, in v1 tokens.
    PreferredUsername,
    /// The session.
    Sid,
    /// The tenant's country or region (`tenants.<tenant>.country`).
    TenantCtry,
    /// Where the tenant's data is (`tenants.<tenant>.region`).
    TenantRegionScope,
    /// The user principal name.
    Upn,
    /// `users.<user>.verified_primary_email`.
    VerifiedPrimaryEmail,
    /// `users.<user>.verified_secondary_email`.
    VerifiedSecondaryEmail,
    /// The client capabilities, such as `cp1`, where the client declared some.
    XmsCc,
    /// Whether the domain of the mail address is one that the tenant has verified.
    XmsEdov,
    /// The user's preferred data location (`users.<user>.preferred_data_location`).
    XmsPdl,
    /// The user's preferred language (`users.<user>.preferred_language`).
    XmsPl,
    /// The tenant's preferred language (`tenants.<tenant>.preferred_language`).
    XmsTpl,
}

/// What an optional claim is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdditionalProperty {
    /// `aud`: the client id.
    UseGuid,
    /// `idtyp`: in users' tokens too.
    IncludeUserToken,
    /// `groups`: in the `roles` claim, in the place of app roles.
    EmitAsRoles,
    /// `groups`: display names, in the place of ids.
    CloudDisplayname,
}

/// `groupMembershipClaims` of the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum GroupMembershipClaim {
    /// Security groups, directly or through other groups, and directory roles.
    SecurityGroup,
    /// Groups that are assigned to the app, direct membership only.
    ApplicationGroup,
    /// Directory roles.
    DirectoryRole,
    /// Groups of every kind, and directory roles.
    All,
}

/// A claim of the app's own under "Attributes & Claims": a constant, or an attribute of the user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MappedClaim {
    /// The name of the claim (JwtClaimType).
    pub claim: String,
    /// The attribute of the user that it shows; either this or `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<UserAttribute>,
    /// The constant that it shows; either this or `attribute`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// An attribute of a user that a claim can show, as the claims mapping policy names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are those of the claims mapping policy")]
pub enum UserAttribute {
    Country,
    Department,
    DisplayName,
    GivenName,
    JobTitle,
    Mail,
    ObjectId,
    Surname,
    UserPrincipalName,
}

/// The claims that no app can map, because tokens rest on them ("JSON Web Token (JWT) restricted claim set", in part).
pub const RESTRICTED_CLAIMS: [&str; 44] = [
    "_claim_names",
    "_claim_sources",
    "aai",
    "access_token",
    "acr",
    "acrs",
    "aio",
    "altsecid",
    "amr",
    "app_displayname",
    "appid",
    "appidacr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "azpacr",
    "c_hash",
    "client_info",
    "cnf",
    "exp",
    "groups",
    "hasgroups",
    "iat",
    "idp",
    "idtyp",
    "ipaddr",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "oid",
    "puid",
    "rh",
    "roles",
    "scp",
    "sid",
    "sub",
    "tid",
    "uti",
    "ver",
    "wids",
    "xms_cc",
    "xms_ftd",
];

/// A signing key of the app's own (single sign-on > "Token signing certificate"); the lab makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// When it becomes good, RFC 3339. Default: always was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Instant>")]
    pub starts: Option<Timestamp>,
    /// When it expires, RFC 3339.
    #[schemars(with = "schema::Instant")]
    pub expires: Timestamp,
}

/// Mapped claims by what the world calls them.
pub type MappedClaims = BTreeMap<crate::world::Name, MappedClaim>;
