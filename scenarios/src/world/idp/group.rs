//! Groups.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::world::{Name, schema};

/// A group of users, and of other groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The tenant's name in this world.
    pub tenant: Name,
    /// The object id, which the `groups` claim shows.
    #[schemars(with = "schema::Guid")]
    pub object_id: Uuid,
    /// The display name.
    pub display_name: String,
    /// "Group type". Default: security.
    #[serde(default)]
    pub kind: GroupKind,
    /// Who is in it.
    #[serde(default)]
    pub members: GroupMembers,
}

/// "Group type" of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// Security.
    #[default]
    Security,
    /// Microsoft 365, which tokens show only where an app asks for all groups.
    Microsoft365,
    /// A distribution list, which tokens show only where an app asks for all groups.
    Distribution,
}

/// Who is in a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupMembers {
    /// Users, by their names in this world.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<Name>,
    /// Groups, by their names in this world; their members are in this one too, for the `groups` claim, not for what is
    /// assigned to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Name>,
}
