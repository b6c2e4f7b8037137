//! The connections of a connector: one per user, each with its own tokens and the settings it was made with.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Configuration;
use super::outcomes::{ConnectionState, ConnectionSummary};
use super::token_answer::TokenAnswer;

/// How long before its end an access token is renewed.
pub const REFRESH_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How many users can have a connection; the connection that expires first makes room.
const CAPACITY: usize = 1000;

/// The connections, by user.
#[derive(Default)]
pub struct TokenStore(BTreeMap<String, StoredConnection>);

/// One user's connection.
#[derive(Clone)]
pub struct StoredConnection {
    /// The access token.
    pub access_token: String,
    /// When it ends; none where the identity provider did not say.
    pub expires: Option<Timestamp>,
    /// The refresh token, where one came.
    pub refresh_token: Option<String>,
    /// Its name in the list of connections.
    pub display_name: Option<String>,
    /// The settings it was made with: a connection keeps them when the connector changes later.
    pub configuration: Arc<Configuration>,
    /// Whether the last refresh was refused.
    refresh_failed: bool,
}

/// What a connection can do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Its access token can be sent.
    Fresh,
    /// Its access token must be renewed first, and can be.
    Renewable,
    /// Neither.
    Expired,
}

impl StoredConnection {
    /// A connection out of a token answer that came at `now`.
    #[must_use]
    pub fn new(
        answer: TokenAnswer,
        configuration: Arc<Configuration>,
        display_name: Option<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            expires: expiry(&answer, now),
            access_token: answer.access_token,
            refresh_token: answer.refresh_token,
            display_name,
            configuration,
            refresh_failed: false,
        }
    }

    /// What it can do at `now`.
    #[must_use]
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        let ends_within = |margin| self.expires.is_some_and(|end| end.duration_since(now) <= margin);
        match (&self.refresh_token, ends_within(REFRESH_SKEW), ends_within(SignedDuration::ZERO)) {
            (_, false, _) | (None, _, false) => Freshness::Fresh,
            (Some(_), true, _) => Freshness::Renewable,
            (None, _, true) => Freshness::Expired,
        }
    }

    fn state(&self, now: Timestamp) -> ConnectionState {
        match self.freshness(now) {
            Freshness::Renewable if self.refresh_failed => ConnectionState::Expired,
            Freshness::Fresh | Freshness::Renewable => ConnectionState::Connected,
            Freshness::Expired => ConnectionState::Expired,
        }
    }
}

fn expiry(answer: &TokenAnswer, now: Timestamp) -> Option<Timestamp> {
    let lifetime = SignedDuration::from_secs(answer.expires_in_seconds?);
    Some(now.checked_add(lifetime).unwrap_or(Timestamp::MAX))
}

impl TokenStore {
    /// Whether nobody has a connection.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The connection of `user`.
    #[must_use]
    pub fn find(&self, user: &str) -> Option<&StoredConnection> {
        self.0.get(user)
    }

    /// Gives `user` a new connection in place of the old one.
    pub fn keep(&mut self, user: &str, connection: StoredConnection) {
        if self.0.len() >= CAPACITY && !self.0.contains_key(user) {
            let first_to_go = self.0.iter().min_by_key(|(_, kept)| kept.expires).map(|(name, _)| name.clone());
            first_to_go.and_then(|name| self.0.remove(&name));
        }
        self.0.insert(user.to_owned(), connection);
    }

    /// Renews the connection of `user`, unless another one has taken the place of `refreshed` meanwhile.
    ///
    /// An identity provider that sends no new refresh token leaves the old one in force (RFC 6749 §6).
    pub fn renew(&mut self, user: &str, refreshed: &StoredConnection, answer: &TokenAnswer, now: Timestamp) {
        if let Some(kept) = self.same(user, refreshed) {
            kept.expires = expiry(answer, now);
            kept.access_token.clone_from(&answer.access_token);
            kept.refresh_failed = false;
            if answer.refresh_token.is_some() {
                kept.refresh_token.clone_from(&answer.refresh_token);
            }
        }
    }

    /// Notes that the connection of `user` could not be renewed.
    pub fn note_refresh_failure(&mut self, user: &str, refused: &StoredConnection) {
        if let Some(kept) = self.same(user, refused) {
            kept.refresh_failed = true;
        }
    }

    fn same(&mut self, user: &str, seen: &StoredConnection) -> Option<&mut StoredConnection> {
        self.0.get_mut(user).filter(|kept| kept.refresh_token == seen.refresh_token)
    }

    /// The list of connections, without secrets.
    #[must_use]
    pub fn summaries(&self, now: Timestamp) -> Vec<ConnectionSummary> {
        let summary = |(user, connection): (&String, &StoredConnection)| ConnectionSummary {
            user: user.clone(),
            state: connection.state(now),
            display_name: connection.display_name.clone(),
            expires: connection.expires,
        };
        self.0.iter().map(summary).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::configuration;
    use super::*;

    fn connection(lifetime_seconds: Option<i64>, refresh_token: Option<&str>) -> StoredConnection {
        let answer = answer("first", lifetime_seconds, refresh_token);
        StoredConnection::new(answer, configuration(), Some("megan@contoso.com".into()), Timestamp::UNIX_EPOCH)
    }

    fn answer(access_token: &str, expires_in_seconds: Option<i64>, refresh_token: Option<&str>) -> TokenAnswer {
        let refresh_token = refresh_token.map(str::to_owned);
        TokenAnswer { access_token: access_token.into(), expires_in_seconds, refresh_token, id_token: None }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn freshness_follows_expires_in() {
        use Freshness::{Expired, Fresh, Renewable};
        let table = [
            (Some(3600), Some("r"), 3299, Fresh),
            (Some(3600), Some("r"), 3300, Renewable),
            (Some(3600), Some("r"), 9999, Renewable),
            (Some(3600), None, 3599, Fresh),
            (Some(3600), None, 3600, Expired),
            (None, None, 1_000_000, Fresh),
            (Some(i64::MAX), None, 1_000_000, Fresh),
            (Some(0), None, 0, Expired),
        ];
        for (lifetime, refresh_token, now, expected) in table {
            let got = connection(lifetime, refresh_token).freshness(at(now));
            assert_eq!(got, expected, "{lifetime:?} {refresh_token:?} at {now}");
        }
    }

    #[test]
    fn a_renewed_connection_keeps_its_name_and_an_old_refresh_token() {
        let mut store = TokenStore::default();
        store.keep("megan", connection(Some(60), Some("r1")));
        let seen = store.find("megan").unwrap().clone();
        store.note_refresh_failure("megan", &seen);
        assert_eq!(store.summaries(at(60))[0].state, ConnectionState::Expired);
        store.renew("megan", &seen, &answer("second", Some(3600), None), at(60));
        let renewed = store.find("megan").unwrap();
        assert_eq!((renewed.access_token.as_str(), renewed.refresh_token.as_deref()), ("second", Some("r1")));
        let summary = &store.summaries(at(60))[0];
        assert_eq!(
            (summary.state, summary.display_name.as_deref()),
            (ConnectionState::Connected, Some("megan@contoso.com"))
        );
        assert_eq!(summary.expires, Some(at(3660)));
    }

    #[test]
    fn a_late_renewal_does_not_touch_a_newer_connection() {
        let mut store = TokenStore::default();
        store.keep("megan", connection(Some(60), Some("r1")));
        let seen = store.find("megan").unwrap().clone();
        store.keep("megan", connection(Some(60), Some("r2")));
        store.renew("megan", &seen, &answer("late", Some(60), Some("r3")), at(0));
        assert_eq!(store.find("megan").unwrap().access_token, "first");
    }

    #[test]
    fn the_store_does_not_grow_without_end() {
        let mut store = TokenStore::default();
        for number in 0..CAPACITY + 10 {
            let lifetime = i64::try_from(number).unwrap();
            store.keep(&format!("user-{number}"), connection(Some(lifetime), None));
        }
        assert_eq!(store.summaries(at(0)).len(), CAPACITY);
        assert!(store.find("user-0").is_none());
        assert!(store.find(&format!("user-{}", CAPACITY + 9)).is_some());
    }
}
