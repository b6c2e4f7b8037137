//! Who signs in.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use wire::{Check, Checks};

use super::authorize::Authorization;
use super::tenant::Segment;
use crate::directory::{Account, Directory, Tenant};
use crate::error::EntraError;

/// A signed-in user, and the tenant in which it acts.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'d> {
    /// The user.
    pub account: Account<'d>,
    /// The tenant.
    pub tenant: Tenant<'d>,
}

impl<'d> Principal<'d> {
    /// The user of an object id that was authenticated before.
    #[must_use]
    pub fn find(directory: &'d Directory, object_id: Uuid) -> Option<Self> {
        let account = directory.account_by_object_id(object_id)?;
        Some(Self { account, tenant: directory.tenant(&account.thing().tenant)? })
    }

    /// Whether the user is a guest in the tenant.
    #[must_use]
    pub fn is_guest(self) -> bool {
        self.account.tenant != self.tenant.name
    }
}

/// Checks the credentials of the sign-in page.
///
/// # Errors
/// 50034 and 50126, which the page shows, or 50020.
pub fn authenticate<'d>(
    directory: &'d Directory,
    authorization: &Authorization<'d>,
    username: &str,
    password: &str,
    issuer_of: impl Fn(Tenant<'_>) -> String,
    checks: &mut Checks,
) -> Result<Principal<'d>, EntraError> {
    let account = directory.account_by_username(username.trim());
    let found = account.and_then(|account| Principal::find(directory, account.object_id));
    let Some(principal) = found else {
        let searched = authorization
            .segment
            .tenant()
            .or_else(|| username.rsplit_once('@').and_then(|(_, domain)| directory.tenant_by_domain(domain.trim())));
        checks.refuse(
            Check::UserExists,
            format!("one of {}", user_names(directory, authorization.segment)),
            shown(username),
            "type one of these names, or add the user: idp.users (portal: Microsoft Entra ID > Users > New user)",
        );
        let tenant = searched.map_or_else(|| authorization.segment.in_urls(), |tenant| tenant.display_name.clone());
        return Err(EntraError::UserNotFound { tenant });
    };
    checks.pass(Check::UserExists, "a user who exists", principal.account.username.as_str());

    let digest = |text: &str| Sha256::digest(text.as_bytes());
    let is_right = digest(&principal.account.password).as_slice().ct_eq(digest(password).as_slice());
    if !bool::from(is_right) {
        let name = principal.account.name;
        let fix =
            format!("type what idp.users.{name}.password says (portal: Microsoft Entra ID > Users > Reset password)");
        checks.refuse(Check::UserPassword, "the user's password", "another value", fix);
        return Err(EntraError::InvalidPassword);
    }
    checks.pass(Check::UserPassword, "the user's password", "the right one");
    check_tenant(authorization, principal, issuer_of, checks)?;
    Ok(principal)
}

/// The user must belong to the tenant that the path names.
fn check_tenant(
    authorization: &Authorization<'_>,
    principal: Principal<'_>,
    issuer_of: impl Fn(Tenant<'_>) -> String,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let Segment::Tenant(tenant) = authorization.segment else { return Ok(()) };
    if tenant.name == principal.tenant.name {
        return Ok(());
    }
    checks.refuse(
        Check::UserExists,
        format!("a user of {}", tenant.display_name),
        format!("a user of {}", principal.tenant.display_name),
        "the tenant segment of the URL, or another user (guests are not emulated)",
    );
    Err(EntraError::UserFromOtherTenant {
        identity_provider: issuer_of(principal.tenant),
        tenant: tenant.display_name.clone(),
        client_id: authorization.client.client_id,
        client_name: authorization.client.shown_name().to_owned(),
    })
}

/// Who could sign in there, by name; the first few of many.
fn user_names(directory: &Directory, segment: Segment<'_>) -> String {
    const MOST: usize = 8;
    let can = |account: &Account<'_>| segment.tenant().is_none_or(|tenant| tenant.name == account.tenant);
    let mut names: Vec<&str> =
        directory.accounts().filter(can).take(MOST + 1).map(|account| account.thing().username.as_str()).collect();
    match names.len() {
        0 => "the tenant's users, and it has none".to_owned(),
        count if count > MOST => {
            names[MOST] = "…";
            names.join(", ")
        }
        _ => names.join(", "),
    }
}

/// What was typed as a name, cut so that a whole document typed there does not fill the trace.
fn shown(username: &str) -> String {
    username.chars().take(120).collect()
}
