//! App roles: who has which at an application.
//!
//! Rules: Microsoft identity platform "Add app roles to your application and receive them in the token".

use std::collections::BTreeSet;

use scenarios::world::{AllowedMemberType, AppRole};

use super::consent::is_given_in;
use crate::directory::{Account, Application, Directory, Tenant};

/// Whether the user stands under "Users and groups" of the application, by name or as a direct member of a group:
/// members of groups inside that group do not count.
#[must_use]
pub fn is_assigned(directory: &Directory, application: Application<'_>, account: Account<'_>) -> bool {
    application.assigned.iter().any(|name| name == account.name)
        || assignments(directory, application, account).next().is_some()
}

/// The values of the app roles that the user has at the application.
#[must_use]
pub fn of_user(directory: &Directory, application: Application<'_>, account: Account<'_>) -> BTreeSet<String> {
    let roles =
        assignments(directory, application, account).filter_map(|role| application.thing().app_roles.get(role?));
    values(roles, AllowedMemberType::Users)
}

/// The values of the application permissions that the client has at the resource: what an administrator of its tenant
/// consented to, and the resource still has.
#[must_use]
pub fn of_application(
    directory: &Directory,
    client: Application<'_>,
    resource: Application<'_>,
    tenant: Tenant<'_>,
) -> BTreeSet<String> {
    let consents = directory.consents(client).filter(|consent| {
        consent.user.is_none() && is_given_in(consent, client, tenant) && consent.resource == resource.name
    });
    let granted: BTreeSet<&String> = consents.flat_map(|consent| &consent.roles).collect();
    values(resource.app_roles.values().filter(|role| granted.contains(&role.value)), AllowedMemberType::Applications)
}

fn values<'r>(roles: impl Iterator<Item = &'r AppRole>, member: AllowedMemberType) -> BTreeSet<String> {
    roles
        .filter(|role| role.enabled && role.allowed_member_types.contains(&member))
        .map(|role| role.value.clone())
        .collect()
}

/// The assignments that hold for the user: for each the name of its app role, or none for "Default Access".
fn assignments<'d>(
    directory: &Directory,
    application: Application<'d>,
    account: Account<'_>,
) -> impl Iterator<Item = Option<&'d str>> {
    application.thing().role_assignments.values().filter_map(move |assignment| {
        let is_user = assignment.user.as_deref() == Some(account.name);
        let group = assignment.group.as_deref().and_then(|group| directory.group(group));
        let is_member = group.is_some_and(|group| group.has_direct_member(account));
        (is_user || is_member).then_some(assignment.role.as_deref())
    })
}
