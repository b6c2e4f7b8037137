//! People.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::policy::{Device, Location, Mfa};
use crate::world::{Name, schema};

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
    /// Multifactor authentication. Default: nothing registered.
    #[serde(default, skip_serializing_if = "Mfa::is_unset")]
    pub mfa: Mfa,
    /// Where the user is. Default: nowhere in particular, at 127.0.0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The device of the user's browser. Default: none.
    #[serde(default, skip_serializing_if = "Device::is_none")]
    pub device: Device,
}

/// A directory role that matters to sign-in and consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryRole {
    /// May consent for the whole tenant.
    GlobalAdministrator,
}
