//! Microsoft Graph, the resource that every tenant has.

use scenarios::world::{AllowedMemberType, App, AppRole, Scope, SignInAudience, WhoCanConsent};
use uuid::{Uuid, uuid};

/// The name by which a world refers to Microsoft Graph.
pub const GRAPH: &str = "microsoft-graph";

/// The client id of Microsoft Graph, the same in every tenant.
pub const GRAPH_ID: Uuid = uuid!("00000003-0000-0000-c000-000000000000");

/// Its Application ID URI.
pub const GRAPH_URI: &str = "https://graph.microsoft.com";

/// The delegated scopes that users may consent to: value, and what the consent page says.
const USER_SCOPES: &[(&str, &str)] = &[
    ("openid", "Sign you in"),
    ("profile", "View your basic profile"),
    ("email", "View your email address"),
    ("offline_access", "Maintain access to data you have given it access to"),
    ("User.Read", "Sign you in and read your profile"),
    ("User.ReadWrite", "Read and update your profile"),
    ("User.ReadBasic.All", "Read all users' basic profiles"),
    ("Calendars.Read", "Read your calendars"),
    ("Calendars.ReadWrite", "Have full access to your calendars"),
    ("Contacts.Read", "Read your contacts"),
    ("Files.Read", "Read your files"),
    ("Files.Read.All", "Read all files that you have access to"),
    ("Files.ReadWrite", "Have full access to your files"),
    ("Files.ReadWrite.All", "Have full access to all files you have access to"),
    ("Mail.Read", "Read your mail"),
    ("Mail.ReadWrite", "Read and write access to your mail"),
    ("Mail.Send", "Send mail as you"),
    ("Notes.Read", "Read your OneNote notebooks"),
    ("People.Read", "Read your relevant people list"),
    ("Presence.Read", "Read your presence information"),
    ("Sites.Read.All", "Read items in all site collections"),
    ("Tasks.Read", "Read your tasks"),
    ("Tasks.ReadWrite", "Create, read, update and delete your tasks and projects"),
    ("Team.ReadBasic.All", "Read the names and descriptions of teams"),
];

/// The delegated scopes that only an administrator may consent to.
const ADMIN_SCOPES: &[(&str, &str)] = &[
    ("User.Read.All", "Read all users' full profiles"),
    ("User.ReadWrite.All", "Read and write all users' full profiles"),
    ("Group.Read.All", "Read all groups"),
    ("Group.ReadWrite.All", "Read and write all groups"),
    ("GroupMember.Read.All", "Read group memberships"),
    ("Directory.Read.All", "Read directory data"),
    ("Directory.ReadWrite.All", "Read and write directory data"),
    ("Application.Read.All", "Read applications"),
    ("Application.ReadWrite.All", "Read and write all applications"),
    ("AuditLog.Read.All", "Read audit log data"),
    ("Sites.FullControl.All", "Have full control of all site collections"),
];

/// The application permissions, which only an administrator may consent to.
const APPLICATION_PERMISSIONS: &[(&str, &str)] = &[
    ("Application.Read.All", "Read all applications"),
    ("Application.ReadWrite.All", "Read and write all applications"),
    ("AuditLog.Read.All", "Read all audit log data"),
    ("Calendars.Read", "Read calendars in all mailboxes"),
    ("Calendars.ReadWrite", "Read and write calendars in all mailboxes"),
    ("Directory.Read.All", "Read directory data"),
    ("Directory.ReadWrite.All", "Read and write directory data"),
    ("Files.Read.All", "Read files in all site collections"),
    ("Files.ReadWrite.All", "Read and write files in all site collections"),
    ("Group.Read.All", "Read all groups"),
    ("Group.ReadWrite.All", "Read and write all groups"),
    ("GroupMember.Read.All", "Read all group memberships"),
    ("Mail.Read", "Read mail in all mailboxes"),
    ("Mail.ReadWrite", "Read and write mail in all mailboxes"),
    ("Mail.Send", "Send mail as any user"),
    ("Sites.FullControl.All", "Have full control of all site collections"),
    ("Sites.Read.All", "Read items in all site collections"),
    ("User.Read.All", "Read all users' full profiles"),
    ("User.ReadWrite.All", "Read and write all users' full profiles"),
];

/// Graph as an application; `origin` is where it lives in this lab.
pub(super) fn application(origin: &str) -> App {
    let mut identifier_uris = vec![GRAPH_URI.to_owned(), format!("{GRAPH_URI}/")];
    if origin != GRAPH_URI {
        identifier_uris.extend([origin.to_owned(), format!("{origin}/")]);
    }
    let scopes = |list: &'static [(&str, &str)], consent| {
        list.iter().map(move |(value, display_name)| {
            let scope = Scope { value: (*value).to_owned(), display_name: Some((*display_name).to_owned()), consent };
            ((*value).to_owned(), scope)
        })
    };
    let app_roles = APPLICATION_PERMISSIONS.iter().map(|(value, display_name)| {
        let role = AppRole {
            value: (*value).to_owned(),
            display_name: Some((*display_name).to_owned()),
            allowed_member_types: vec![AllowedMemberType::Applications],
            id: None,
            enabled: true,
        };
        ((*value).to_owned(), role)
    });
    App {
        client_id: GRAPH_ID,
        display_name: Some("Microsoft Graph".to_owned()),
        audience: SignInAudience::MultipleOrgs,
        identifier_uris,
        scopes: scopes(USER_SCOPES, WhoCanConsent::User).chain(scopes(ADMIN_SCOPES, WhoCanConsent::Admin)).collect(),
        app_roles: app_roles.collect(),
        access_token_version: Some(1),
        ..App::default()
    }
}
