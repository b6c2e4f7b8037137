//! Who stays signed in, in which browser (single sign-on).
//!
//! Rules: Microsoft Entra "Web browser cookies", Microsoft identity platform "OAuth 2.0 authorization code flow"
//! (`prompt`, `login_hint`).

mod choice;

use std::collections::{HashMap, HashSet};

pub use choice::{Candidate, Choice, candidates, choose, signed_in_accounts};
use jiff::{SignedDuration, Timestamp};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::admission::Principal;
use super::interaction::SignedIn;
use super::randomness;

/// The cookie that names a browser's sessions. `__Host-` binds it to this host over TLS.
pub const COOKIE: &str = "__Host-ESTSAUTH";

/// The cookie that names the sessions that users asked to keep; it outlives the browser's window.
pub const PERSISTENT_COOKIE: &str = "__Host-ESTSAUTHPERSISTENT";

/// The cookies that name sessions.
pub const SESSION_COOKIES: [&str; 2] = [COOKIE, PERSISTENT_COOKIE];

/// How long a session lasts that nobody asked to keep.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// How long a session that a user asked to keep lasts after its last use.
pub const KEPT_LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many browsers are remembered.
const BROWSERS: usize = 10_000;

/// How many accounts of one browser are.
const ACCOUNTS: usize = 16;

/// One account that is signed in to one browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user's object id at home.
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
    pub fn of(principal: Principal<'_>, signed_in: &SignedIn) -> Self {
        let SignedIn { sid, auth_time, mfa_time, .. } = *signed_in;
        Self { oid: principal.account.object_id, sid, auth_time, mfa_time }
    }
}

/// How many applications are remembered to have taken part in one session.
const PARTICIPANTS: usize = 64;

/// How many sessions of one account are remembered that were in a browser before the one that is.
const EARLIER: usize = 8;

/// A session that ended by a sign-out, and the applications that took part in it, by client id.
pub type Ended = (Uuid, Vec<Uuid>);

/// All sessions.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    /// By the SHA-256 of their browser's cookie.
    browsers: HashMap<[u8; 32], Vec<Session>>,
    /// The applications to which a user signed in, by session id.
    participants: HashMap<Uuid, Vec<Uuid>>,
    /// The sessions of the same account that were in the same browser before one, by its id, the latest first: their
    /// applications know the user by them.
    earlier: HashMap<Uuid, Vec<Uuid>>,
    /// When the sessions that users asked to keep were used last, in seconds of Unix time, by session id.
    kept: HashMap<Uuid, i64>,
}

impl Sessions {
    /// The sessions of the browser that sends these cookies.
    #[must_use]
    pub fn of(&self, cookies: &[(String, String)], now: Timestamp) -> Vec<Session> {
        let found = keys(cookies).filter_map(|key| self.browsers.get(&key)).flatten();
        found.filter(|session| is_current(session, &self.kept, now)).copied().collect()
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
        let old = of_cookie(cookies, COOKIE).filter_map(|key| self.browsers.remove(&key)).flatten();
        let (mut replaced, mut sessions): (Vec<Session>, Vec<Session>) =
            old.partition(|other| other.oid == session.oid);
        sessions.retain(|other| is_current(other, &self.kept, now));
        for key in of_cookie(cookies, PERSISTENT_COOKIE) {
            if let Some(kept) = self.browsers.get_mut(&key) {
                replaced.extend(kept.extract_if(.., |other| other.oid == session.oid));
            }
        }
        self.succeed(session.sid, &replaced);
        sessions.truncate(ACCOUNTS - 1);
        sessions.insert(0, session);
        self.make_room(now);
        let value = randomness::text::<32>(rng);
        self.browsers.insert(key(&value), sessions);
        value
    }

    /// Keeps a session of the browser that sends these cookies, as its user asks. Gives the new value of the cookie for
    /// it; none where there is no such session.
    pub fn keep(
        &mut self,
        sid: Uuid,
        cookies: &[(String, String)],
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Option<String> {
        let session = *keys(cookies).find_map(|key| self.browsers.get(&key)?.iter().find(|one| one.sid == sid))?;
        for key in of_cookie(cookies, COOKIE) {
            if let Some(sessions) = self.browsers.get_mut(&key) {
                sessions.retain(|other| other.sid != sid);
                if sessions.is_empty() {
                    self.browsers.remove(&key);
                }
            }
        }
        let old = of_cookie(cookies, PERSISTENT_COOKIE).filter_map(|key| self.browsers.remove(&key)).flatten();
        let (replaced, mut sessions): (Vec<Session>, Vec<Session>) = old.partition(|other| other.oid == session.oid);
        sessions.retain(|other| is_current(other, &self.kept, now));
        self.succeed(sid, &replaced);
        sessions.truncate(ACCOUNTS - 1);
        sessions.insert(0, session);
        self.make_room(now);
        self.kept.retain(|_, used| now.as_second() < used.saturating_add(KEPT_LIFETIME.as_secs()));
        self.kept.insert(sid, now.as_second());
        let value = randomness::text::<32>(rng);
        self.browsers.insert(key(&value), sessions);
        Some(value)
    }

    /// Notes that a session was used; says whether it is one that lasts longer for that.
    pub fn prolong(&mut self, sid: Uuid, now: Timestamp) -> bool {
        self.kept.get_mut(&sid).map(|used| *used = now.as_second()).is_some()
    }

    /// Notes that the user of a session signed in to an application, which is then told of the sign-out.
    pub fn take_part(&mut self, sid: Uuid, client_id: Uuid) {
        if self.participants.len() >= BROWSERS * 2 {
            let known = self.known();
            self.participants.retain(|sid, _| known.contains(sid));
        }
        let participants = self.participants.entry(sid).or_default();
        if !participants.contains(&client_id) && participants.len() < PARTICIPANTS {
            participants.push(client_id);
        }
    }

    /// Notes which sessions the one of this id takes the place of.
    fn succeed(&mut self, sid: Uuid, replaced: &[Session]) {
        let mut earlier = self.earlier.remove(&sid).unwrap_or_default();
        for other in replaced.iter().filter(|other| other.sid != sid) {
            let before = self.earlier.remove(&other.sid).unwrap_or_default();
            earlier.extend(std::iter::once(other.sid).chain(before));
        }
        earlier.truncate(EARLIER);
        if !earlier.is_empty() {
            self.earlier.insert(sid, earlier);
        }
    }

    /// Whether the session took the place of the other: an application may know the user by that one alone.
    #[must_use]
    pub fn succeeds(&self, sid: Uuid, other: Uuid) -> bool {
        self.earlier.get(&sid).is_some_and(|earlier| earlier.contains(&other))
    }

    /// The applications to which the user of a session signed in, in it or in those that it took the place of, by client
    /// id.
    pub fn participants(&self, sid: Uuid) -> impl Iterator<Item = Uuid> {
        let earlier = self.earlier.get(&sid).into_iter().flatten().copied();
        std::iter::once(sid).chain(earlier).filter_map(|sid| self.participants.get(&sid)).flatten().copied()
    }

    /// Ends a session of the browser that sends these cookies. Gives it, and those that it took the place of, with the
    /// applications that took part; each application with the latest session that it knows.
    pub fn end(&mut self, cookies: &[(String, String)], sid: Uuid) -> Vec<Ended> {
        let mut was_there = false;
        for key in keys(cookies) {
            if let Some(sessions) = self.browsers.get_mut(&key) {
                let before = sessions.len();
                sessions.retain(|session| session.sid != sid);
                was_there |= sessions.len() < before;
                if sessions.is_empty() {
                    self.browsers.remove(&key);
                }
            }
        }
        if !was_there {
            return Vec::new();
        }
        let earlier = self.earlier.remove(&sid).unwrap_or_default();
        let mut told = HashSet::new();
        let ended = std::iter::once(sid).chain(earlier).map(|sid| {
            let mut participants = self.participants.remove(&sid).unwrap_or_default();
            participants.retain(|client_id| told.insert(*client_id));
            (sid, participants)
        });
        ended.collect()
    }

    /// The ids of all sessions, and of those that they took the place of.
    fn known(&self) -> HashSet<Uuid> {
        let current = self.browsers.values().flatten().map(|session| session.sid);
        current
            .flat_map(|sid| std::iter::once(sid).chain(self.earlier.get(&sid).into_iter().flatten().copied()))
            .collect()
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.browsers.len() < BROWSERS {
            return;
        }
        self.browsers.retain(|_, sessions| sessions.iter().any(|session| is_current(session, &self.kept, now)));
        let newest = |sessions: &Vec<Session>| sessions.iter().map(|session| session.auth_time).max();
        let oldest = self.browsers.iter().min_by_key(|(key, sessions)| (newest(sessions), **key)).map(|(key, _)| *key);
        if let Some(oldest) = oldest.filter(|_| self.browsers.len() >= BROWSERS) {
            self.browsers.remove(&oldest);
        }
        let known = self.known();
        self.kept.retain(|sid, _| known.contains(sid));
        self.earlier.retain(|sid, _| known.contains(sid));
    }
}

fn key(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie).into()
}

fn of_cookie<'c>(cookies: &'c [(String, String)], wanted: &'c str) -> impl Iterator<Item = [u8; 32]> + use<'c> {
    cookies.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| key(value))
}

fn keys(cookies: &[(String, String)]) -> impl Iterator<Item = [u8; 32]> {
    SESSION_COOKIES.into_iter().flat_map(|name| of_cookie(cookies, name))
}

fn is_current(session: &Session, kept: &HashMap<Uuid, i64>, now: Timestamp) -> bool {
    match kept.get(&session.sid) {
        Some(used) => now.as_second() < used.saturating_add(KEPT_LIFETIME.as_secs()),
        None => now.as_second() < session.auth_time.saturating_add(LIFETIME.as_secs()),
    }
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
    fn a_session_that_is_kept_moves_to_the_cookie_that_lasts_and_ends_with_the_rest() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let mut sessions = Sessions::default();
        let first = sessions.add(session(1, 0), &[], at(0), &mut rng);
        let second = sessions.add(session(2, 0), &cookie(&first), at(0), &mut rng);
        let kept = sessions.keep(session(1, 0).sid, &cookie(&second), at(0), &mut rng).unwrap();
        let lasting = vec![(PERSISTENT_COOKIE.to_owned(), kept)];
        let both = [cookie(&second), lasting.clone()].concat();
        assert_eq!(sessions.of(&lasting, at(0)), [session(1, 0)]);
        assert_eq!(sessions.of(&cookie(&second), at(0)), [session(2, 0)]);
        assert_eq!(sessions.of(&both, at(86_400)), [session(1, 0)], "the other one lasts a day");
        assert_eq!(sessions.keep(Uuid::from_u128(9), &both, at(0), &mut rng), None);
        assert!(sessions.prolong(session(1, 0).sid, at(86_400)) && !sessions.prolong(session(2, 0).sid, at(86_400)));
        let ninety_days = KEPT_LIFETIME.as_secs();
        assert_eq!(sessions.of(&lasting, at(86_400 + ninety_days - 1)), [session(1, 0)]);
        assert!(sessions.of(&lasting, at(86_400 + ninety_days)).is_empty());
        sessions.take_part(session(1, 0).sid, Uuid::from_u128(5));
        sessions.take_part(session(1, 0).sid, Uuid::from_u128(5));
        assert!(sessions.end(&cookie(&second), session(1, 0).sid).is_empty(), "it is not that cookie's");
        assert_eq!(sessions.end(&both, session(1, 0).sid), [(session(1, 0).sid, vec![Uuid::from_u128(5)])]);
        assert!(sessions.of(&lasting, at(0)).is_empty() && sessions.end(&both, session(1, 0).sid).is_empty());
    }

    #[test]
    fn a_sign_in_that_replaces_another_remembers_the_applications_of_both() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let again = |n: u128| Session { sid: Uuid::from_u128(n), ..session(1, 0) };
        let app = Uuid::from_u128;
        let mut sessions = Sessions::default();
        let mut value = String::new();
        for n in 100..103 {
            value = sessions.add(again(n), &cookie(&value), at(0), &mut rng);
            sessions.take_part(app(n), app(n + 1_000));
            sessions.take_part(app(n), app(5));
        }
        let other = sessions.add(session(2, 0), &[], at(0), &mut rng);
        let known: HashSet<Uuid> = sessions.participants(app(102)).collect();
        assert_eq!(known, HashSet::from([app(5), app(1_100), app(1_101), app(1_102)]));
        // each with the latest session that it knows
        assert_eq!(
            sessions.end(&cookie(&value), app(102)),
            [(app(102), vec![app(1_102), app(5)]), (app(101), vec![app(1_101)]), (app(100), vec![app(1_100)]),]
        );
        assert!(sessions.earlier.is_empty() && sessions.participants.is_empty());
        // one that is kept takes the place of the one that was kept
        let first = sessions.add(again(200), &cookie(&other), at(0), &mut rng);
        let kept = sessions.keep(app(200), &cookie(&first), at(0), &mut rng).unwrap();
        let kept = vec![(PERSISTENT_COOKIE.to_owned(), kept)];
        sessions.take_part(app(200), app(7));
        let second = sessions.add(again(201), &kept, at(0), &mut rng);
        assert_eq!(sessions.end(&cookie(&second), app(201)), [(app(201), vec![]), (app(200), vec![app(7)])]);
    }

    #[test]
    fn memory_stays_bounded() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let mut sessions = Sessions::default();
        for second in 0..10_010 {
            let now = Timestamp::from_second(second).unwrap();
            let added = session(u128::try_from(second).unwrap(), second);
            let value = sessions.add(added, &[], now, &mut rng);
            sessions.take_part(added.sid, Uuid::from_u128(1));
            sessions.keep(added.sid, &cookie(&value), now, &mut rng);
        }
        assert!(sessions.browsers.len() <= BROWSERS && sessions.kept.len() <= BROWSERS);
        for client in 0..100 {
            sessions.take_part(Uuid::from_u128(1), Uuid::from_u128(client));
        }
        assert_eq!(sessions.participants(Uuid::from_u128(1)).count(), PARTICIPANTS);
        let mut value = String::new();
        for n in 0..1_000 {
            let again = Session { sid: Uuid::from_u128(50_000 + n), ..session(99_999, 20_000) };
            value = sessions.add(again, &cookie(&value), Timestamp::from_second(20_000).unwrap(), &mut rng);
        }
        assert!(sessions.earlier.values().all(|earlier| earlier.len() <= EARLIER));
        assert!(sessions.earlier.len() <= BROWSERS);
    }
}
