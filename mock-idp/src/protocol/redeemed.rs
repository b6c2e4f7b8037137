//! Which codes and refresh tokens have been redeemed.

use std::collections::BTreeSet;

use uuid::Uuid;

/// How many are remembered one by one, of each kind.
const CAPACITY: usize = 50_000;

/// What was redeemed.
#[derive(Clone, Debug, Default)]
pub struct Redeemed {
    /// The codes; each is good once.
    pub codes: RedeemedIds,
    /// The refresh tokens; each stays good, but its second use is noted.
    pub refresh_tokens: RedeemedIds,
    /// The client assertions, as [`codes`](Self::codes) by their end.
    pub assertions: RedeemedIds,
}

/// Remembers the ids of what was redeemed, until it has expired.
///
/// Whatever is forgotten stays redeemed: everything that expires no later than the last forgotten one counts as such.
#[derive(Clone, Debug)]
pub struct RedeemedIds {
    by_expiry: BTreeSet<(i64, Uuid)>,
    forgotten_until: i64,
}

impl Default for RedeemedIds {
    fn default() -> Self {
        Self { by_expiry: BTreeSet::new(), forgotten_until: i64::MIN }
    }
}

impl RedeemedIds {
    /// Redeems `jti`, which expires at `exp`; false where it was redeemed before.
    pub fn redeem(&mut self, jti: Uuid, exp: i64, now: i64) -> bool {
        while let Some((oldest, _)) = self.by_expiry.first().copied()
            && (oldest <= now || self.by_expiry.len() >= CAPACITY)
        {
            self.by_expiry.pop_first();
            self.forgotten_until = self.forgotten_until.max(oldest);
        }
        exp > self.forgotten_until && self.by_expiry.insert((exp, jti))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn memory_stays_bounded_and_forgets_nothing_that_could_be_used_again() {
        let mut codes = RedeemedIds::default();
        let count = CAPACITY as u128 + 10;
        for n in 0..count {
            assert!(codes.redeem(Uuid::from_u128(n), 1_000 + n as i64, 0));
        }
        assert!(codes.by_expiry.len() <= CAPACITY);
        assert!(!codes.redeem(Uuid::from_u128(0), 1_000, 0), "forgotten, yet not redeemable");
    }

    proptest! {
        /// Whatever the clock does, no code is redeemed twice.
        #[test]
        fn no_code_is_redeemed_twice(tries in prop::collection::vec((0_u128..6, -50_i64..50), 1..60)) {
            let mut codes = RedeemedIds::default();
            let mut redeemed = BTreeSet::new();
            for (id, now) in tries {
                let exp = i64::try_from(id).unwrap() * 10;
                if codes.redeem(Uuid::from_u128(id), exp, now) {
                    prop_assert!(redeemed.insert(id));
                }
            }
        }
    }
}
