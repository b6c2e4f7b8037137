//! People.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::world::{Name, schema};

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The tenant's name in this world.
    pub tenant: Name,
    /// The user principal name.
    pub username: String,
    /// The password. Default: none in the directory, so that nobody can sign in with one (AADSTS50056).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
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
    /// "Block sign in": the account is disabled (AADSTS50057). Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Whether the account is locked, as after too many wrong passwords, until this is false again (AADSTS50053).
    /// Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// Whether the password has expired (AADSTS50055; AADSTS50144 for an `on_premises` user). Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub password_expired: bool,
    /// "Require this user to change their password when they first sign in" (AADSTS50055). Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_change_password: bool,
    /// When the password was last changed, RFC 3339. Sessions from before it end, and so do the refresh tokens of public
    /// clients. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Instant>")]
    pub password_changed: Option<Timestamp>,
    /// "Revoke sessions" (`signInSessionsValidFromDateTime`), RFC 3339: sessions and refresh tokens from before it are
    /// good for nothing more. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Instant>")]
    pub sessions_valid_from: Option<Timestamp>,
    /// "On-premises sync enabled": the password is that of an Active Directory, and cannot be changed here.
    /// Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_premises: bool,
}

/// A directory role that matters to sign-in and consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryRole {
    /// May consent for the whole tenant.
    GlobalAdministrator,
}
