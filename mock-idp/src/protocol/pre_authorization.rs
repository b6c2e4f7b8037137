//! Which clients an API's owner has authorized beforehand (Expose an API > Authorized client applications).

use wire::{Check, Checks};

use super::target::Target;
use crate::directory::Application;
use crate::error::EntraError;

/// Whether the resource's owner has authorized the client beforehand.
#[must_use]
pub fn is_pre_authorized(client: Application<'_>, resource: Application<'_>) -> bool {
    resource.pre_authorized_clients.iter().any(|name| name == client.name)
}

/// Between two applications of Microsoft's own nobody can consent.
///
/// # Errors
/// 65002.
pub fn check_pre_authorized(
    client: Application<'_>,
    target: &Target<'_>,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let resource = target.resource;
    if !(client.first_party && resource.first_party) {
        return Ok(());
    }
    let expected = format!("{} among the clients that {} has authorized", client.shown_name(), resource.shown_name());
    let names: Vec<_> = resource.pre_authorized_clients.iter().map(String::as_str).collect();
    let received = if names.is_empty() { "none authorized".to_owned() } else { names.join(", ") };
    if is_pre_authorized(client, resource) {
        checks.pass(Check::ClientPreAuthorized, expected, received);
        return Ok(());
    }
    let fix = format!(
        "a client of your own instead of {} (portal: App registrations > New registration), or {}",
        client.shown_name(),
        resource.setting("pre_authorized_clients", "Expose an API > Authorized client applications")
    );
    checks.refuse(Check::ClientPreAuthorized, expected, received, fix);
    Err(EntraError::NotPreAuthorized { client_id: client.client_id, resource: resource.client_id })
}
