//! Who signs in.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use wire::{Check, Checks};

use super::admission::{Principal, admit};
use super::authorize::Authorization;
use super::tenant::Segment;
use crate::directory::{Account, Directory};
use crate::error::EntraError;

/// Checks the credentials of the sign-in page.
///
/// # Errors
/// 50034 and 50126, which the page shows, or as [`admit`].
pub fn authenticate<'d>(
    directory: &'d Directory,
    authorization: &Authorization<'d>,
    username: &str,
    password: &str,
    checks: &mut Checks,
) -> Result<Principal<'d>, EntraError> {
    let Some(account) = directory.account_by_username(username.trim()) else {
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
    checks.pass(Check::UserExists, "a user who exists", account.username.as_str());

    let digest = |text: &str| Sha256::digest(text.as_bytes());
    let is_right = digest(&account.password).as_slice().ct_eq(digest(password).as_slice());
    if !bool::from(is_right) {
        let name = account.name;
        let fix =
            format!("type what idp.users.{name}.password says (portal: Microsoft Entra ID > Users > Reset password)");
        checks.refuse(Check::UserPassword, "the user's password", "another value", fix);
        return Err(EntraError::InvalidPassword);
    }
    checks.pass(Check::UserPassword, "the user's password", "the right one");
    admit(directory, authorization.door(), account, checks)
}

/// Who could sign in there, by name; the first few of many.
fn user_names(directory: &Directory, segment: Segment<'_>) -> String {
    const MOST: usize = 8;
    let is_guest =
        |account: &Account<'_>| segment.tenant().is_some_and(|tenant| account.guest_of.contains_key(tenant.name));
    let can = |account: &Account<'_>| {
        directory.tenant(&account.tenant).is_some_and(|home| segment.includes(home)) || is_guest(account)
    };
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
