//! Who stays signed in, in which browser (single sign-on).
//!
//! Rules: Microsoft Entra "Web browser cookies", Microsoft identity platform "OAuth 2.0 authorization code flow"
//! (`prompt`, `login_hint`).

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wire::{Check, Checks};

use super::authorize::{Authorization, Prompt};
use super::interaction::SignedIn;
use super::randomness;
use super::sign_in::Principal;
use crate::directory::Directory;
use crate::error::EntraError;

/// The cookie that names a browser's sessions. `__Host-` binds it to this host over TLS.
pub const COOKIE: &str = "__Host-ESTSAUTH";

/// How long a session lasts that nobody asked to keep.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// How many browsers are remembered.
const BROWSERS: usize = 10_000;

/// How many accounts of one browser are.
const ACCOUNTS: usize = 16;

/// One account that is signed in to one browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user's object id.
    pub oid: Uuid,
    /// The session id.
    pub sid: Uuid,
    /// When the password was checked, in seconds of Unix time.
    pub auth_time: i64,
    /// When the second factor was; none where it was not.
    pub mfa_time: Option<i64>,
}

impl Session {
    /// The session of a sign-in.
    #[must_use]
    pub fn of(signed_in: &SignedIn) -> Self {
        let SignedIn { oid, sid, auth_time, mfa_time, .. } = *signed_in;
        Self { oid, sid, auth_time, mfa_time }
    }

    fn is_current(&self, now: Timestamp) -> bool {
        now.as_second() < self.auth_time.saturating_add(LIFETIME.as_secs())
    }
}

/// All sessions, by the SHA-256 of their browser's cookie.
#[derive(Clone, Debug, Default)]
pub struct Sessions(HashMap<[u8; 32], Vec<Session>>);

impl Sessions {
    /// The sessions of the browser that sends these cookies.
    #[must_use]
    pub fn of(&self, cookies: &[(String, String)], now: Timestamp) -> Vec<Session> {
        let found = keys(cookies).filter_map(|key| self.0.get(&key)).flatten();
        found.filter(|session| session.is_current(now)).copied().collect()
    }

    /// Adds a session to the browser that sends these cookies. Gives the new value of its cookie; the old one is good
    /// for nothing more.
    pub fn add(
        &mut self,
        session: Session,
        cookies: &[(String, String)],
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> String {
        let mut sessions: Vec<Session> = keys(cookies).filter_map(|key| self.0.remove(&key)).flatten().collect();
        sessions.retain(|other| other.is_current(now) && other.oid != session.oid);
        sessions.truncate(ACCOUNTS - 1);
        sessions.insert(0, session);
        self.make_room(now);
        let value = randomness::text::<32>(rng);
        self.0.insert(key(&value), sessions);
        value
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.0.len() < BROWSERS {
            return;
        }
        self.0.retain(|_, sessions| sessions.iter().any(|session| session.is_current(now)));
        let newest = |sessions: &Vec<Session>| sessions.iter().map(|session| session.auth_time).max();
        let oldest = self.0.iter().min_by_key(|(key, sessions)| (newest(sessions), **key)).map(|(key, _)| *key);
        if let Some(oldest) = oldest.filter(|_| self.0.len() >= BROWSERS) {
            self.0.remove(&oldest);
        }
    }
}

fn key(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie).into()
}

fn keys(cookies: &[(String, String)]) -> impl Iterator<Item = [u8; 32]> {
    cookies.iter().filter(|(name, _)| name == COOKIE).map(|(_, value)| key(value))
}

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
        let Session { oid, sid, auth_time, mfa_time } = self.session;
        SignedIn { oid, sid, auth_time, mfa_time, wrong_codes: 0, asked: Vec::new() }
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

/// The accounts among `sessions` that the request can mean: of its tenant, of its hints, and fresh enough for its
/// `max_age`. None where it asks for credentials.
#[must_use]
pub fn candidates<'d>(
    directory: &'d Directory,
    authorization: &Authorization<'_>,
    sessions: &[Session],
    now: Timestamp,
) -> Vec<Candidate<'d>> {
    if authorization.prompt == Prompt::Login {
        return Vec::new();
    }
    let picks_anew = authorization.prompt == Prompt::SelectAccount;
    let can_be_meant = |Candidate { principal, session }: &Candidate<'d>| {
        authorization.segment.tenant().is_none_or(|tenant| tenant.name == principal.tenant.name)
            && (picks_anew || authorization.hints.can_mean(principal.account))
            && (picks_anew || authorization.hints.sid.is_none_or(|sid| sid == session.sid))
            && authorization.max_age.is_none_or(|age| now.as_second().saturating_sub(session.auth_time) <= age)
    };
    let found = sessions.iter().filter_map(|session| {
        Some(Candidate { principal: Principal::find(directory, session.oid)?, session: *session })
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

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    fn session(oid: u128, auth_time: i64) -> Session {
        Session { oid: Uuid::from_u128(oid), sid: Uuid::from_u128(oid + 1_000), auth_time, mfa_time: None }
    }

    fn cookie(value: &str) -> Vec<(String, String)> {
        vec![(COOKIE.to_owned(), value.to_owned())]
    }

    #[test]
    fn a_browser_holds_several_accounts_until_each_ends() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let mut sessions = Sessions::default();
        let first = sessions.add(session(1, 0), &[], at(0), &mut rng);
        let second = sessions.add(session(2, 100), &cookie(&first), at(100), &mut rng);
        assert!(sessions.of(&cookie(&first), at(100)).is_empty(), "the cookie changes with every sign-in");
        assert_eq!(sessions.of(&cookie(&second), at(100)), [session(2, 100), session(1, 0)]);
        let third = sessions.add(session(1, 200), &cookie(&second), at(200), &mut rng);
        assert_eq!(sessions.of(&cookie(&third), at(200)), [session(1, 200), session(2, 100)]);
        assert_eq!(sessions.of(&cookie(&third), at(86_400 + 150)), [session(1, 200)]);
        assert!(sessions.of(&cookie(&third), at(86_400 + 200)).is_empty());
        assert!(sessions.of(&cookie("another"), at(200)).is_empty());
    }

    #[test]
    fn memory_stays_bounded() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let mut sessions = Sessions::default();
        for second in 0..10_010 {
            sessions.add(session(1, second), &[], Timestamp::from_second(second).unwrap(), &mut rng);
        }
        assert!(sessions.0.len() <= BROWSERS);
    }
}
