//! What ends sessions and grants before their time: a changed password, and an administrator who revokes.
//!
//! Rules: Microsoft identity platform "Refresh tokens" (its table of revocation); Microsoft Entra "Continuous access
//! evaluation" (critical events).

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

/// What ends access tokens at once, where resource and client take part in continuous access evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CriticalEvent {
    /// The user's sessions ended.
    SessionEnd(SessionEnd),
    /// The account is disabled: no token is good, up to this instant.
    AccountDisabled(Timestamp),
}

impl CriticalEvent {
    /// From when on tokens are good again.
    #[must_use]
    pub const fn at(self) -> Timestamp {
        match self {
            Self::SessionEnd(SessionEnd::PasswordChanged(at) | SessionEnd::Revoked(at)) | Self::AccountDisabled(at) => {
                at
            }
        }
    }
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

/// Continuous access evaluation: an access token that was issued at `issued`, in seconds of Unix time, ends when its
/// user's sessions do, and with the account. Asked only of clients that understand the challenge; every other token is
/// good until its `exp`.
///
/// # Errors
/// The event that ended it.
pub fn check_token(
    account: Account<'_>,
    passwords: &Passwords,
    issued: i64,
    now: Timestamp,
    checks: &mut Checks,
) -> Result<(), CriticalEvent> {
    let event = match account.disabled {
        true => Some(CriticalEvent::AccountDisabled(now)),
        false => session_end(account, passwords, issued).map(CriticalEvent::SessionEnd),
    };
    let Some(event) = event else { return Ok(()) };
    let setting =
        |member| format!("idp.users.{}.{member} (portal: Microsoft Entra ID > Users > the user", account.name);
    let (expected, fix) = match event {
        CriticalEvent::AccountDisabled(_) => (
            "a token of a user who is enabled".to_owned(),
            format!("{} > Account status > Enabled); then sign in again", setting("disabled: false")),
        ),
        CriticalEvent::SessionEnd(end) => {
            let cause = match end {
                SessionEnd::Revoked(_) => format!("{} > Revoke sessions)", setting("sessions_valid_from")),
                SessionEnd::PasswordChanged(_) => format!("{} > Reset password)", setting("password_changed")),
            };
            (
                format!("a token from {} or later", event.at()),
                format!("the client: sign in again with the claims of the challenge; what ended its tokens is {cause}"),
            )
        }
    };
    checks.refuse(Check::GraphToken, expected, format!("one from {}", shown_instant(issued)), fix);
    Err(event)
}
