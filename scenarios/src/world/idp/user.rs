//! People.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::world::{Name, schema};

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The tenant's name in this world; `consumers` makes it a personal Microsoft account.
    pub tenant: Name,
    /// The user principal name. Of a personal account, its mail address.
    pub username: String,
    /// The password.
    pub password: String,
    /// The object id. That of a personal account starts with 00000000-0000-0000-.
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
    /// The tenants that have the user as a guest, by their names in this world.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub guest_of: BTreeMap<Name, Guest>,
    /// The directory roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<DirectoryRole>,
}

/// A user as another tenant has it (Users > New user > Invite external user).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guest {
    /// The object id in that tenant; it is another than at home.
    #[schemars(with = "schema::Guid")]
    pub object_id: Uuid,
}

/// A directory role that matters to sign-in and consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryRole {
    /// May consent for the whole tenant.
    GlobalAdministrator,
}
