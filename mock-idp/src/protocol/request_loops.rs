//! Clients that ask for the same again and again.
//!
//! Entra ends such a loop, and does not publish where it begins. Here a setting of the world says it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use wire::{Check, Checks};

use super::grants::Grant;
use crate::directory::Directory;
use crate::error::EntraError;

/// For how long equal requests are counted.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// How many kinds of requests are counted at once.
const KINDS: usize = 10_000;

/// What makes two requests equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    client: Uuid,
    user: Uuid,
    resource: Uuid,
    grant_type: String,
}

/// How often each kind of request came since when.
#[derive(Clone, Debug, Default)]
pub struct RequestLoops(HashMap<Kind, (Timestamp, u32)>);

impl RequestLoops {
    /// Counts a request that would be granted, and refuses it where too many equal ones came before.
    ///
    /// # Errors
    /// 50196.
    pub fn check(
        &mut self,
        directory: &Directory,
        grant: &Grant<'_>,
        grant_type: &str,
        now: Timestamp,
        checks: &mut Checks,
    ) -> Result<(), EntraError> {
        let Some(limit) = directory.client_request_loop() else { return Ok(()) };
        let kind = Kind {
            client: grant.client.client_id,
            user: grant.principal.object_id(),
            resource: grant.target.resource.client_id,
            grant_type: grant_type.to_owned(),
        };
        let count = self.count(kind, now);
        let expected = format!("at most {limit} equal requests of a client for a user within five minutes");
        if count <= u32::from(limit) {
            checks.pass(Check::ClientRequestLoop, expected, count.to_string());
            return Ok(());
        }
        let fix = "the client: keep tokens until they end, and do not ask again because of an error that asking again does \
                   not mend; the bound is idp.client_request_loop";
        checks.refuse(Check::ClientRequestLoop, expected, count.to_string(), fix);
        Err(EntraError::ClientRequestLoop)
    }

    fn count(&mut self, kind: Kind, now: Timestamp) -> u32 {
        let is_over = |since: Timestamp| now.duration_since(since) >= WINDOW;
        if self.0.len() >= KINDS {
            self.0.retain(|_, (since, _)| !is_over(*since));
        }
        if self.0.len() >= KINDS {
            self.0.clear();
        }
        let (since, count) = self.0.entry(kind).or_insert((now, 0));
        if is_over(*since) {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(user: u128) -> Kind {
        let grant_type = "refresh_token".to_owned();
        Kind { client: Uuid::nil(), user: Uuid::from_u128(user), resource: Uuid::nil(), grant_type }
    }

    #[test]
    fn equal_requests_are_counted_for_five_minutes_and_the_memory_is_bounded() {
        let mut loops = RequestLoops::default();
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!([1, 1, 2].map(|user| loops.count(kind(user), start)), [1, 2, 1]);
        assert_eq!(loops.count(kind(1), start + SignedDuration::from_secs(299)), 3);
        assert_eq!(loops.count(kind(1), start + SignedDuration::from_secs(300)), 1);
        for user in 0..25_000 {
            loops.count(kind(user), start);
            assert!(loops.0.len() <= KINDS);
        }
    }
}
