//! Which of a browser's sessions an authorize request means, and how it goes on with it.

use jiff::Timestamp;
use wire::{Check, Checks};

use super::Session;
use crate::directory::Directory;
use crate::error::EntraError;
use crate::protocol::admission::{Principal, admit};
use crate::protocol::authorize::{Authorization, Prompt};
use crate::protocol::interaction::SignedIn;

/// A signed-in account that an authorize request can mean.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'d> {
    /// The user.
    pub principal: Principal<'d>,
    /// Its session.
    pub session: Session,
}

impl Candidate<'_> {
    /// The sign-in that the session stands for.
    #[must_use]
    pub fn signed_in(&self) -> SignedIn {
        let Session { sid, auth_time, mfa_time, .. } = self.session;
        SignedIn { oid: self.principal.object_id(), sid, auth_time, mfa_time, asked: Vec::new() }
    }
}

/// How an authorize request goes on.
#[derive(Clone, Debug)]
pub enum Choice<'d> {
    /// With the sign-in page.
    SignIn,
    /// With a page on which the user picks an account.
    Pick(Vec<Candidate<'d>>),
    /// With this account, and without a page for it.
    Go(Candidate<'d>),
}

/// The accounts of sessions whose users still exist.
#[must_use]
pub fn signed_in_accounts<'d>(directory: &'d Directory, sessions: &[Session]) -> Vec<Candidate<'d>> {
    let found =
        |session: &Session| Some(Candidate { principal: Principal::find(directory, session.oid)?, session: *session });
    sessions.iter().filter_map(found).collect()
}

/// The accounts among `sessions` that the request can mean: of its tenant, of its hints, and fresh enough for its
/// `max_age`. None where it asks for credentials.
#[must_use]
pub fn candidates<'d>(
    directory: &'d Directory,
    authorization: &Authorization<'d>,
    sessions: &[Session],
    now: Timestamp,
) -> Vec<Candidate<'d>> {
    if authorization.prompt == Prompt::Login {
        return Vec::new();
    }
    let picks_anew = authorization.prompt == Prompt::SelectAccount;
    let can_be_meant = |Candidate { principal, session }: &Candidate<'d>| {
        let is_hinted_at = authorization.hints.can_mean(principal.account)
            && authorization.hints.sid.is_none_or(|sid| sid == session.sid);
        (picks_anew || is_hinted_at)
            && authorization.max_age.is_none_or(|age| now.as_second().saturating_sub(session.auth_time) <= age)
    };
    let found = sessions.iter().filter_map(|session| {
        let Principal { account, .. } = Principal::find(directory, session.oid)?;
        let principal = admit(directory, authorization.door(), account, &mut Checks::default()).ok()?;
        Some(Candidate { principal, session: *session })
    });
    found.filter(can_be_meant).collect()
}

/// How the request goes on, given the sessions of the browser and the accounts among them that it can mean.
///
/// # Errors
/// Under `prompt=none`: 50058 where there is none, 160021 or 16002 where the one is not that it names, 16000 where
/// there are several.
pub fn choose<'d>(
    authorization: &Authorization<'_>,
    single_sign_on: bool,
    sessions: &[Session],
    candidates: Vec<Candidate<'d>>,
    checks: &mut Checks,
) -> Result<Choice<'d>, EntraError> {
    let expected = "one signed-in user whom the request can mean";
    let is_silent = authorization.prompt == Prompt::None;
    match candidates.as_slice() {
        [only] if authorization.prompt != Prompt::SelectAccount => {
            checks.pass(Check::SessionPresent, expected, only.principal.account.username.as_str());
            Ok(Choice::Go(*only))
        }
        [] if is_silent => Err(refuse_silence(authorization, single_sign_on, sessions, checks)),
        [] => Ok(Choice::SignIn),
        _ if is_silent => {
            let fix = "the client's login_hint: which of them it means";
            checks.refuse(Check::SessionPresent, expected, format!("{} users", candidates.len()), fix);
            Err(EntraError::SeveralSessions { client_id: authorization.client.client_id })
        }
        _ => Ok(Choice::Pick(candidates)),
    }
}

/// Why a request that allows no page finds nobody.
fn refuse_silence(
    authorization: &Authorization<'_>,
    single_sign_on: bool,
    sessions: &[Session],
    checks: &mut Checks,
) -> EntraError {
    let client = "the client's prompt: none works only while the user is signed in to this browser";
    let fix = match single_sign_on {
        true => client.to_owned(),
        false => format!("{client}; and idp.single_sign_on, without which nobody stays signed in"),
    };
    let Some(sid) = authorization.hints.sid else {
        checks.refuse(Check::SessionPresent, "one signed-in user whom the request can mean", "nobody", fix);
        return EntraError::NobodySignedIn;
    };
    let expected = format!("the session that the request names, {sid}, in this browser and fit for the request");
    if sessions.iter().any(|session| session.sid == sid) {
        let fix = "the client's request: its tenant, domain_hint and max_age must admit the session of its sid";
        checks.refuse(Check::SessionRequested, expected, "one that the rest of the request excludes", fix);
        return EntraError::RequestedSessionUnfit;
    }
    checks.refuse(Check::SessionRequested, expected, "no such session", fix);
    EntraError::RequestedSessionMissing
}
