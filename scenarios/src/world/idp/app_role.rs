//! App roles, and who has them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::world::{Name, schema};

/// A role of "App roles": an application permission, a role of users and groups, or both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppRole {
    /// The value, which the `roles` claim shows, such as `Tasks.Read.All`.
    pub value: String,
    /// The display name. Default: the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// "Allowed member types". Default: users and applications.
    #[serde(default = "AllowedMemberType::both")]
    pub allowed_member_types: Vec<AllowedMemberType>,
    /// The role's id. Default: none that anybody sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Guid>")]
    pub id: Option<Uuid>,
    /// "Do you want to enable this app role?": one that is not enabled is in no token. Default: true.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
}

/// Who can have an app role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AllowedMemberType {
    /// Users and groups.
    Users,
    /// Applications: the role is an application permission.
    Applications,
}

impl AllowedMemberType {
    fn both() -> Vec<Self> {
        vec![Self::Users, Self::Applications]
    }
}

/// One line under "Users and groups" of the enterprise application. What applications may do stands in `consents`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleAssignment {
    /// The app role, by its name under `app_roles`. Default: "Default Access", which no token shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Name>,
    /// The user who has it, by name in this world; either this or `group`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Name>,
    /// The group whose direct members have it, by name in this world; either this or `user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Name>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_yes(value: &bool) -> bool {
    *value
}
