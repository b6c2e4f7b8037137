//! What ends sessions and grants before their time: a changed password, and an administrator who revokes.
//!
//! Rules: Microsoft identity platform "Refresh tokens" (its table of revocation).

use jiff::Timestamp;
use wire::{Check, Checks};

use super::passwords::Passwords;
use super::redirect_uri::Platform;
use super::shown_instant;
use crate::directory::Account;
use crate::error::EntraError;

/// Why a session ended, and since when those before are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// The password was changed: every session of ours began with one.
    PasswordChanged(Timestamp),
    /// An administrator revoked all of the user's.
    Revoked(Timestamp),
}

/// Why the session of a sign-in at `auth_time`, in seconds of Unix time, has ended before its time; none where it has
/// not.
#[must_use]
pub fn session_end(account: Account<'_>, passwords: &Passwords, auth_time: i64) -> Option<SessionEnd> {
    let is_before = |instant: &Timestamp| auth_time < instant.as_second();
    let revoked = account.sessions_valid_from.filter(is_before).map(SessionEnd::Revoked);
    revoked.or_else(|| passwords.last_change(account).filter(is_before).map(SessionEnd::PasswordChanged))
}

/// Refuses a request without pages whose only session has ended.
pub fn refuse_ended(account: Account<'_>, end: SessionEnd, checks: &mut Checks) -> EntraError {
    let name = account.name;
    let (since, received, fix, error) = match end {
        SessionEnd::PasswordChanged(at) => (
            at,
            "one from before the password was changed",
            format!("a sign-in with a page; the change is idp.users.{name}.password_changed, or was made on the page"),
            EntraError::SessionBeforePasswordChange,
        ),
        SessionEnd::Revoked(at) => (
            at,
            "one from before an administrator revoked all sessions",
            format!(
                "a sign-in with a page; or idp.users.{name}.sessions_valid_from (portal: Microsoft Entra ID > Users > \
                 the user > Revoke sessions)"
            ),
            EntraError::SessionRevoked,
        ),
    };
    checks.refuse(Check::SessionCurrent, format!("a session from {since} or later"), received, fix);
    error
}

/// A grant that was issued at `issued`, in seconds of Unix time, must not be revoked. A changed password revokes those of
/// public clients only.
///
/// # Errors
/// 50173.
pub fn check_grant(
    account: Account<'_>,
    passwords: &Passwords,
    platform: Platform,
    issued: i64,
    checks: &mut Checks,
) -> Result<(), EntraError> {
    let name = account.name;
    let of_public_clients = match platform {
        Platform::Web => None,
        Platform::Spa | Platform::Public => passwords.last_change(account),
    };
    let fix = format!(
        "a new sign-in; what revokes is idp.users.{name}.sessions_valid_from (portal: Microsoft Entra ID > Users > the \
         user > Revoke sessions), and for public clients a new password: idp.users.{name}.password_changed"
    );
    let Some(valid_from) = account.sessions_valid_from.max(of_public_clients) else {
        checks.pass(Check::GrantNotRevoked, "a grant that was not revoked", "nothing was revoked");
        return Ok(());
    };
    let (issued_at, expected) = (shown_instant(issued), format!("a grant from {valid_from} or later"));
    if issued < valid_from.as_second() {
        checks.refuse(Check::GrantNotRevoked, expected, format!("one from {issued_at}"), fix);
        return Err(EntraError::GrantRevoked { issued: issued_at, valid_from: valid_from.to_string() });
    }
    checks.pass(Check::GrantNotRevoked, expected, format!("one from {issued_at}"));
    Ok(())
}
