//! Which accounts come in where: members, guests and personal accounts.
//!
//! Sources: Microsoft identity platform "Supported account types", "Microsoft Entra authentication and authorization
//! error codes".

use scenarios::world::ExternalUserState;
use uuid::Uuid;
use wire::{Check, Checks};

use super::Family;
use super::tenant::Segment;
use crate::directory::{Account, Application, Directory, Tenant};
use crate::error::EntraError;

/// A signed-in user, and the tenant in which it acts.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'d> {
    /// The user.
    pub account: Account<'d>,
    /// The tenant.
    pub tenant: Tenant<'d>,
    /// The user's own tenant; another than `tenant` where the user is a guest.
    pub home: Tenant<'d>,
}

impl<'d> Principal<'d> {
    /// The user who has this object id in some tenant, and was authenticated before.
    #[must_use]
    pub fn find(directory: &'d Directory, object_id: Uuid) -> Option<Self> {
        let (account, tenant) = directory.account_by_object_id(object_id)?;
        Some(Self { account, tenant, home: directory.tenant(&account.thing().tenant)? })
    }

    /// The user's object id in the tenant.
    #[must_use]
    pub fn object_id(self) -> Uuid {
        self.account.guest_of.get(self.tenant.name).map_or(self.account.object_id, |guest| guest.object_id)
    }

    /// Whether the user is a guest in the tenant.
    #[must_use]
    pub fn is_guest(self) -> bool {
        self.tenant.name != self.home.name
    }
}

/// Where an account asks to come in.
#[derive(Clone, Copy, Debug)]
pub struct Door<'d> {
    /// The family of the endpoint.
    pub family: Family,
    /// The tenant segment of its path.
    pub segment: Segment<'d>,
    /// The client.
    pub client: Application<'d>,
}

/// Lets the account in: into the tenant that the path names, as a member or as a guest, and else into its own.
///
/// # Errors
/// 50034 where the account has no tenant, 50020 where it is unknown in the one of the path, 50014 for a
/// guest who has not accepted, 500208 for an organisation's account at `/consumers`; for a personal account 500201 at a v1 endpoint, and 500200 where path or
/// application take none.
pub fn admit<'d>(
    directory: &'d Directory,
    door: Door<'d>,
    account: Account<'d>,
    checks: &mut Checks,
) -> Result<Principal<'d>, EntraError> {
    let Some(home) = directory.tenant(&account.thing().tenant) else {
        let fix = "idp.tenants (portal: Microsoft Entra ID > Overview)";
        checks.refuse(Check::UserExists, "a user of a tenant that exists", account.tenant.as_str(), fix);
        return Err(EntraError::UserNotFound { tenant: account.tenant.clone() });
    };
    let tenant = match door.segment {
        Segment::Common | Segment::Organizations => home,
        Segment::Tenant(tenant) if tenant.name == home.name => home,
        Segment::Tenant(tenant) if tenant.is_consumers() => {
            let fix = "the tenant segment of the URL: organizations or the tenant's id; or a user of the tenant consumers \
                       (idp.users.<the user>.tenant)";
            checks.refuse(Check::AccountKind, "a personal Microsoft account", of_tenant(home), fix);
            return Err(EntraError::DomainForAccountType);
        }
        Segment::Tenant(tenant) if account.guest_of.contains_key(tenant.name) => tenant,
        Segment::Tenant(tenant) => return Err(unknown_there(directory, door, account, home, tenant, checks)),
    };
    let principal = Principal { account, tenant, home };
    checks.pass(Check::UserExists, of_tenant(tenant), account.username.as_str());
    check_guest(principal, checks)?;
    check_kind(door, principal, checks)?;
    Ok(principal)
}

fn unknown_there(
    directory: &Directory,
    door: Door<'_>,
    account: Account<'_>,
    home: Tenant<'_>,
    tenant: Tenant<'_>,
    checks: &mut Checks,
) -> EntraError {
    let fix = format!(
        "idp.users.{}.guest_of: add {} (portal: Users > New user > Invite external user), or the tenant segment of the \
         URL, or another user",
        account.name, tenant.name
    );
    checks.refuse(Check::UserExists, of_tenant(tenant), of_tenant(home), fix);
    EntraError::UserFromOtherTenant {
        identity_provider: directory.identity_provider(home),
        tenant: tenant.display_name.clone(),
        client_id: door.client.client_id,
        client_name: door.client.shown_name().to_owned(),
    }
}

/// A guest has accepted the invitation.
fn check_guest(principal: Principal<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    let Principal { account, tenant, .. } = principal;
    let Some(guest) = account.guest_of.get(tenant.name) else { return Ok(()) };
    let expected = format!("a guest who has accepted the invitation of {}", tenant.display_name);
    if guest.external_user_state == ExternalUserState::PendingAcceptance {
        let fix = format!(
            "let the user accept it: idp.users.{}.guest_of.{}.external_user_state: accepted (portal: Users > the guest > \
             B2B invitation)",
            account.name, tenant.name
        );
        checks.refuse(Check::GuestAccepted, expected, format!("{}, who has not", account.username), fix);
        return Err(EntraError::GuestPending { tenant: tenant.display_name.clone() });
    }
    checks.pass(Check::GuestAccepted, expected, account.username.as_str());
    Ok(())
}

/// Personal accounts sign in on v2, and where both path and application take them.
fn check_kind(door: Door<'_>, principal: Principal<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    if !principal.tenant.is_consumers() {
        return Ok(());
    }
    let received = "a personal Microsoft account";
    if door.family == Family::V1 {
        let fix = "the client's v2 endpoints (/oauth2/v2.0/…, with scope in the place of resource)";
        checks.refuse(Check::AccountKind, "an account of an organisation, as v1 needs", received, fix);
        return Err(EntraError::PersonalAccountOnV1);
    }
    let setting = door.client.setting("audience", "Authentication > Supported account types");
    let (expected, fix) = match door.segment {
        Segment::Organizations => {
            ("an account of an organisation, as /organizations needs", "common or consumers in the URL".to_owned())
        }
        _ if !door.client.takes_personal_accounts() => ("an account of an organisation, as the audience says", setting),
        _ => {
            checks.pass(Check::AccountKind, "an account of a kind that path and application take", received);
            return Ok(());
        }
    };
    checks.refuse(Check::AccountKind, expected, received, format!("{fix}; or sign in with another account"));
    Err(EntraError::PersonalAccountUnsupported)
}

/// The v1 endpoints serve no personal accounts.
///
/// # Errors
/// 90027.
pub fn check_family(family: Family, segment: Segment<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    if family == Family::V1 && segment.tenant().is_some_and(Tenant::is_consumers) {
        let fix = "the client's v2 endpoints (/consumers/oauth2/v2.0/…, with scope in the place of resource)";
        checks.refuse(Check::AccountKind, "a v2 endpoint, as personal accounts need", "a v1 endpoint", fix);
        return Err(EntraError::ConsumersOnV1);
    }
    Ok(())
}

/// Personal accounts have no use for a resource whose audience leaves them out.
///
/// # Errors
/// 500207.
pub fn check_resource(
    resource: Application<'_>,
    tenant: Tenant<'_>,
    requested_as: &str,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    if !tenant.is_consumers() || resource.is_graph() || resource.takes_personal_accounts() {
        return Ok(());
    }
    let expected = "a resource that takes personal Microsoft accounts";
    let fix = format!(
        "{}, with idp.apps.{}.access_token_version: 2; or an account of an organisation",
        resource.setting("audience", "Authentication > Supported account types"),
        resource.name
    );
    checks.refuse(Check::AccountKind, expected, requested_as, fix);
    Err(EntraError::AccountTypeForResource {
        resource: resource.client_id,
        resource_name: resource.shown_name().to_owned(),
    })
}

fn of_tenant(tenant: Tenant<'_>) -> String {
    if tenant.is_consumers() {
        return "a personal Microsoft account".to_owned();
    }
    format!("a user of {}", tenant.display_name)
}
