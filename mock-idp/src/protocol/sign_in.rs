//! Who signs in.

use jiff::Timestamp;
use wire::{Check, Checks};

use super::admission::{Door, Principal, admit};
use super::passwords::{MustChange, NewPasswordFault, Passwords, fault};
use super::tenant::Segment;
use crate::directory::{Account, Directory};
use crate::error::EntraError;

/// How many different wrong passwords lock an account, where the world does not say.
const LOCKOUT_THRESHOLD: u8 = 10;

/// A try to sign in with a password.
#[derive(Clone, Copy)]
pub struct Attempt<'a, 'd> {
    /// Where the user comes in.
    pub door: Door<'d>,
    /// The user name, as typed.
    pub username: &'a str,
    /// The password, as typed.
    pub password: &'a str,
    /// The instant.
    pub now: Timestamp,
}

/// Checks user name and password, those of the sign-in page or of a token request.
///
/// That a disabled or locked account is told before the password is judged is inferred.
///
/// # Errors
/// 50034, 50057, 50053, 50056 and 50126; those of [`admit`]; 50055 and 50144 where the password is right but has to be changed.
pub fn authenticate<'d>(
    directory: &'d Directory,
    passwords: &mut Passwords,
    attempt: Attempt<'_, 'd>,
    checks: &mut Checks,
) -> Result<Principal<'d>, EntraError> {
    let Attempt { door, username, password, now } = attempt;
    let segment = door.segment;
    let account = directory.account_by_username(username.trim());
    let found = account.and_then(|account| Principal::find(directory, account.object_id));
    let Some(at_home) = found else {
        let searched = segment
            .tenant()
            .or_else(|| username.rsplit_once('@').and_then(|(_, domain)| directory.tenant_by_domain(domain.trim())));
        checks.refuse(
            Check::UserExists,
            format!("one of {}", user_names(directory, segment)),
            shown(username),
            "type one of these names, or add the user: idp.users (portal: Microsoft Entra ID > Users > New user)",
        );
        let tenant = searched.map_or_else(|| segment.in_urls(), |tenant| tenant.display_name.clone());
        return Err(EntraError::UserNotFound { tenant });
    };
    let account = at_home.account;
    checks.pass(Check::UserExists, "a user who exists", account.username.as_str());
    check_enabled(account, checks)?;
    check_not_locked(account, passwords, now, checks)?;
    check_password(at_home, passwords, password, now, checks)?;
    let principal = admit(directory, door, account, checks)?;
    check_password_current(account, passwords, checks)?;
    Ok(principal)
}

/// The account must not be disabled.
///
/// # Errors
/// 50057.
pub fn check_enabled(account: Account<'_>, checks: &mut Checks) -> Result<(), EntraError> {
    let expected = "an account that is enabled";
    if account.disabled {
        let name = account.name;
        let fix = format!(
            "idp.users.{name}.disabled: false (portal: Microsoft Entra ID > Users > {} > Account status > Enabled)",
            account.display_name
        );
        checks.refuse(Check::UserEnabled, expected, format!("{}, which is disabled", account.username), fix);
        return Err(EntraError::AccountDisabled);
    }
    checks.pass(Check::UserEnabled, expected, account.username.as_str());
    Ok(())
}

fn check_not_locked(
    account: Account<'_>,
    passwords: &Passwords,
    now: Timestamp,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let (expected, name) = ("an account that is not locked", account.name);
    let (received, fix) = match passwords.locked_until(account, now) {
        _ if account.locked => ("one that is locked".to_owned(), format!("idp.users.{name}.locked: false")),
        Some(until) => (
            format!("one that wrong passwords locked until {until}"),
            format!(
                "wait until then; or idp.tenants.{}.lockout_threshold (portal: Microsoft Entra ID > Security > \
                 Authentication methods > Password protection > Lockout threshold)",
                account.thing().tenant
            ),
        ),
        None => {
            checks.pass(Check::UserNotLocked, expected, account.username.as_str());
            return Ok(());
        }
    };
    checks.refuse(Check::UserNotLocked, expected, received, fix);
    Err(EntraError::AccountLocked)
}

fn check_password(
    principal: Principal<'_>,
    passwords: &mut Passwords,
    password: &str,
    now: Timestamp,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let account = principal.account;
    let name = account.name;
    let setting = format!("idp.users.{name}.password (portal: Microsoft Entra ID > Users > the user > Reset password)");
    let Some(is_right) = passwords.is_right(account, password) else {
        checks.refuse(
            Check::UserPasswordPresent,
            "a user who has a password",
            format!("{}, who has none in the directory", account.username),
            format!("give the user one: {setting}"),
        );
        return Err(EntraError::NoPassword);
    };
    checks.pass(Check::UserPasswordPresent, "a user who has a password", account.username.as_str());
    if !is_right {
        passwords.note_wrong(account, password, principal.tenant.lockout_threshold.unwrap_or(LOCKOUT_THRESHOLD), now);
        let received = "another value, and the answer says that the user exists, as Entra's does";
        let fix = format!("type the one of {setting}, or the one that the user has set since");
        checks.refuse(Check::UserPassword, "the user's password", received, fix);
        return Err(EntraError::InvalidPassword);
    }
    passwords.note_right(account);
    checks.pass(Check::UserPassword, "the user's password", "the right one");
    Ok(())
}

/// Asking for a new password at the first sign-in has the code of an expired one, as is seen at Entra.
fn check_password_current(account: Account<'_>, passwords: &Passwords, checks: &mut Checks) -> Result<(), EntraError> {
    let (expected, name) = ("a password that need not be changed", account.name);
    let portal = "(portal: Microsoft Entra ID > Users > the user > Reset password)";
    let Some(reason) = passwords.must_change(account) else {
        checks.pass(Check::UserPasswordCurrent, expected, "it need not");
        return Ok(());
    };
    let (received, fix) = match reason {
        MustChange::Expired if account.on_premises => {
            let fix = format!("change it in the Active Directory: idp.users.{name}.password_expired: false");
            checks.refuse(Check::UserPasswordCurrent, expected, "one that expired on-premises", fix);
            return Err(EntraError::OnPremisesPasswordExpired);
        }
        MustChange::Expired => {
            ("one that has expired", format!("set a new one: idp.users.{name}.password_expired: false {portal}"))
        }
        MustChange::FirstSignIn => (
            "one that is good for the first sign-in only, with a page",
            format!("set a new one at that sign-in: idp.users.{name}.must_change_password: false {portal}"),
        ),
    };
    checks.refuse(Check::UserPasswordCurrent, expected, received, fix);
    Err(EntraError::PasswordExpired)
}

/// Sets the password that a user wants from now on.
///
/// # Errors
/// 120000 where the current one is wrong, 120002 or 120003 where the new one is not good enough; and those of
/// [`authenticate`] for an account that may not sign in.
pub fn change_password(
    principal: Principal<'_>,
    passwords: &mut Passwords,
    current: &str,
    new: &str,
    now: Timestamp,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let account = principal.account;
    check_enabled(account, checks)?;
    check_not_locked(account, passwords, now, checks)?;
    check_password(principal, passwords, current, now, checks).map_err(|error| match error {
        EntraError::InvalidPassword => EntraError::CurrentPasswordWrong,
        other => other,
    })?;
    let expected = "a new password of 8 to 256 characters and three of four kinds (small and capital letters, digits, \
                    others), without the user's name";
    let fix = "type another one; the rules are Microsoft Entra's own, and no setting changes them";
    let Some(fault) = fault(account, current, new) else {
        checks.pass(Check::UserNewPassword, expected, "one that follows all the rules");
        passwords.change(account, new, now);
        return Ok(());
    };
    let (received, error) = match fault {
        NewPasswordFault::Weak => {
            ("one that is too short, of too few kinds, or the one before", EntraError::NewPasswordWeak)
        }
        NewPasswordFault::HoldsName => ("one that holds the user's name", EntraError::NewPasswordHoldsName),
    };
    checks.refuse(Check::UserNewPassword, expected, received, fix);
    Err(error)
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
