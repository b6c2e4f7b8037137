//! Who is assigned to an application (Enterprise applications > Properties > "Assignment required?").

use wire::{Check, Checks};

use super::admission::Principal;
use super::roles::{is_assigned, of_application};
use crate::directory::{Application, Directory, Tenant};
use crate::error::EntraError;

/// A client that acts for itself must have a role at a resource that requires assignment.
///
/// # Errors
/// 501051.
pub fn check_application_assigned(
    directory: &Directory,
    client: Application<'_>,
    resource: Application<'_>,
    tenant: Tenant<'_>,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    if !resource.assignment_required || resource.client_id == client.client_id {
        return Ok(());
    }
    let expected = format!("an application permission of {}", resource.shown_name());
    let roles = of_application(directory, client, resource, tenant);
    if !roles.is_empty() {
        checks.pass(Check::ClientAssigned, expected, Vec::from_iter(roles).join(" "));
        return Ok(());
    }
    let fix = format!(
        "idp.apps.{}.permissions.<any>.roles and idp.consents.<any>.roles (portal: App registrations > {} > API permissions > \
         Application permissions, and Grant admin consent), or {}: false",
        client.name,
        client.shown_name(),
        resource.setting("assignment_required", "Properties > Assignment required?")
    );
    checks.refuse(Check::ClientAssigned, expected, "none", fix);
    Err(EntraError::ApplicationNotAssigned {
        client_id: client.client_id,
        client_name: client.shown_name().to_owned(),
        resource: resource.client_id,
        resource_name: resource.shown_name().to_owned(),
    })
}

/// The user must be assigned to the client and to each resource, where these require it.
///
/// # Errors
/// 50105.
pub fn check_assigned<'d>(
    directory: &Directory,
    client: Application<'d>,
    resources: impl IntoIterator<Item = Application<'d>>,
    principal: Principal<'_>,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let others = resources.into_iter().filter(|resource| resource.client_id != client.client_id);
    for application in [client].into_iter().chain(others) {
        if !application.assignment_required {
            let expected = format!("any user, because {} requires no assignment", application.shown_name());
            checks.pass(Check::UserAssigned, expected, principal.account.username.as_str());
            continue;
        }
        let user = principal.account.name;
        let expected = format!("a user who is assigned to {}", application.shown_name());
        if is_assigned(directory, application, principal.account) {
            checks.pass(Check::UserAssigned, expected, principal.account.username.as_str());
            continue;
        }
        let fix = format!(
            "idp.apps.{name}.assigned: add {user}, or idp.apps.{name}.role_assignments: a group that {user} is in (portal: Enterprise applications > {shown} > Users and groups), or \
             idp.apps.{name}.assignment_required: false (the same > Properties > Assignment required?)",
            name = application.name,
            shown = application.shown_name()
        );
        checks.refuse(Check::UserAssigned, expected, principal.account.username.as_str(), fix);
        return Err(EntraError::UserNotAssigned {
            client_id: application.client_id,
            client_name: application.shown_name().to_owned(),
        });
    }
    Ok(())
}
