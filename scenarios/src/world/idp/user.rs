//! People.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use super::policy::{Device, DevicePlatform, Location, Mfa, Risk};
use crate::world::{Name, schema};

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The tenant's name in this world; `consumers` makes it a personal Microsoft account.
    pub tenant: Name,
    /// The user principal name. Of a personal account, its mail address.
    pub username: String,
    /// The password. Default: none in the directory, so that nobody can sign in with one (AADSTS50056).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
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
    /// The country or region, two letters (ISO 3166). Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The job title. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    /// The department. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// The office location. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office_location: Option<String>,
    /// The business phone. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_phone: Option<String>,
    /// The mobile phone. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<String>,
    /// The preferred language. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<String>,
    /// The preferred data location, three letters. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_data_location: Option<String>,
    /// The primary authoritative mail addresses. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verified_primary_email: Vec<String>,
    /// The secondary authoritative mail addresses. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verified_secondary_email: Vec<String>,
    /// "On-premises security identifier", of users who are synchronized. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_premises_sid: Option<String>,
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
    /// What the user's device runs on. Default: windows.
    #[serde(default, skip_serializing_if = "DevicePlatform::is_usual")]
    pub device_platform: DevicePlatform,
    /// The risk that ID Protection sees. Default: none.
    #[serde(default, skip_serializing_if = "Risk::is_none")]
    pub risk: Risk,
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

/// A user as another tenant has it (Users > New user > Invite external user).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guest {
    /// The object id in that tenant; it is another than at home.
    #[schemars(with = "schema::Guid")]
    pub object_id: Uuid,
    /// "Invitation state": whether the user has taken up the invitation. Default: accepted.
    #[serde(default, skip_serializing_if = "ExternalUserState::is_accepted")]
    pub external_user_state: ExternalUserState,
}

/// What has become of an invitation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExternalUserState {
    /// The user is a guest.
    #[default]
    Accepted,
    /// The user has not answered it, and cannot sign in there.
    PendingAcceptance,
}

impl ExternalUserState {
    fn is_accepted(&self) -> bool {
        *self == Self::Accepted
    }
}

/// A directory role, by its built-in template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are Entra's own")]
pub enum DirectoryRole {
    ApplicationAdministrator,
    ApplicationDeveloper,
    AuthenticationAdministrator,
    CloudApplicationAdministrator,
    ConditionalAccessAdministrator,
    DirectoryReaders,
    GlobalAdministrator,
    GlobalReader,
    GuestInviter,
    HelpdeskAdministrator,
    PowerPlatformAdministrator,
    PrivilegedRoleAdministrator,
    SecurityAdministrator,
    UserAdministrator,
}

impl DirectoryRole {
    /// The id of the role's template, which the `wids` claim shows ("Microsoft Entra built-in roles").
    #[must_use]
    pub const fn template_id(self) -> Uuid {
        match self {
            Self::ApplicationAdministrator => uuid!("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"),
            Self::ApplicationDeveloper => uuid!("cf1c38e5-3621-4004-a7cb-879624dced7c"),
            Self::AuthenticationAdministrator => uuid!("c4e39bd9-1100-46d3-8c65-fb160da0071f"),
            Self::CloudApplicationAdministrator => uuid!("158c047a-c907-4556-b7ef-446551a6b5f7"),
            Self::ConditionalAccessAdministrator => uuid!("b1be1c3e-b65d-4f19-8427-f6fa0d97feb9"),
            Self::DirectoryReaders => uuid!("88d8e3e3-8f55-4a1e-953a-9b9898b8876b"),
            Self::GlobalAdministrator => uuid!("62e90394-69f5-4237-9190-012177145e10"),
            Self::GlobalReader => uuid!("f2ef992c-3afb-46b9-b7cf-a126ee74c451"),
            Self::GuestInviter => uuid!("95e79109-95c0-4d8e-aee3-d01accf2d47b"),
            Self::HelpdeskAdministrator => uuid!("729827e3-9c14-49f7-bb1b-9608f156bbb8"),
            Self::PowerPlatformAdministrator => uuid!("11648597-926c-4cf3-9c36-bcebb0ba8dcc"),
            Self::PrivilegedRoleAdministrator => uuid!("e8611ab8-c189-46e8-94e1-60213ab1f814"),
            Self::SecurityAdministrator => uuid!("194ae4cb-b126-40b2-bd5b-6091b380977d"),
            Self::UserAdministrator => uuid!("fe930be7-5e62-47db-91af-98c3a49a38b1"),
        }
    }
}
