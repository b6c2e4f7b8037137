//! The passwords that users have now, and the tries with others: what the world says, and what happened since.
//!
//! Rules: Microsoft Entra "Protect user accounts from attacks with Microsoft Entra smart lockout", "Combined password
//! policy".

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use scenarios::world::User;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::directory::Account;

/// How many users are remembered, for each of both.
const USERS: usize = 10_000;

/// How long an account is locked.
const LOCKED_FOR: SignedDuration = SignedDuration::from_secs(60);

/// How many of the last wrong passwords are known again, so that the same one counts once.
const KNOWN_AGAIN: usize = 3;

/// The SHA-256 of a password.
type Hash = [u8; 32];

/// What happened to users' passwords since the lab started; it outlives a change of the world.
#[derive(Clone, Debug, Default)]
pub struct Passwords {
    changed: HashMap<Uuid, Changed>,
    tries: HashMap<Uuid, Tries>,
}

/// A password that its user set on a page.
#[derive(Clone, Debug)]
struct Changed {
    at: Timestamp,
    to: Hash,
    /// What the world said at that time: as long as it says the same, the user's own password stands.
    instead_of: Said,
}

/// What the world says of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    password: Option<Hash>,
    has_expired: bool,
    must_change: bool,
}

impl Said {
    fn of(user: &User) -> Self {
        Self {
            password: user.password.as_deref().map(hash),
            has_expired: user.password_expired,
            must_change: user.must_change_password,
        }
    }
}

/// The wrong passwords that were tried one after another.
#[derive(Clone, Debug, Default)]
struct Tries {
    count: u32,
    last: Vec<Hash>,
    locked_until: Option<Timestamp>,
    at: Timestamp,
}

/// Why a password, though it is right, does not let its user in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MustChange {
    /// It has expired.
    Expired,
    /// An administrator set it for the first sign-in only.
    FirstSignIn,
}

impl Passwords {
    /// Whether `password` is the user's; none where the directory has none.
    #[must_use]
    pub fn is_right(&self, account: Account<'_>, password: &str) -> Option<bool> {
        let expected = match self.changed(account) {
            Some(changed) => changed.to,
            None => hash(account.thing().password.as_deref()?),
        };
        Some(expected.ct_eq(&hash(password)).into())
    }

    /// Why the user has to set a new password, if that is so.
    #[must_use]
    pub fn must_change(&self, account: Account<'_>) -> Option<MustChange> {
        match (self.changed(account), account.password_expired, account.must_change_password) {
            (Some(_), ..) | (None, false, false) => None,
            (None, true, _) => Some(MustChange::Expired),
            (None, false, true) => Some(MustChange::FirstSignIn),
        }
    }

    /// When the password was last changed, where that is known.
    #[must_use]
    pub fn last_change(&self, account: Account<'_>) -> Option<Timestamp> {
        self.changed(account).map(|changed| changed.at).max(account.password_changed)
    }

    /// Notes that the user set a new password.
    pub fn change(&mut self, account: Account<'_>, password: &str, now: Timestamp) {
        make_room(&mut self.changed, account.object_id, |changed| changed.at);
        let changed = Changed { at: now, to: hash(password), instead_of: Said::of(account.thing()) };
        self.changed.insert(account.object_id, changed);
        self.tries.remove(&account.object_id);
    }

    /// Until when the account is locked, where wrong passwords locked it.
    #[must_use]
    pub fn locked_until(&self, account: Account<'_>, now: Timestamp) -> Option<Timestamp> {
        self.tries.get(&account.object_id)?.locked_until.filter(|until| now < *until)
    }

    /// Notes a wrong password, which locks the account where it is one of `threshold` different ones or comes after a
    /// lock.
    pub fn note_wrong(&mut self, account: Account<'_>, password: &str, threshold: u8, now: Timestamp) {
        make_room(&mut self.tries, account.object_id, |tries| tries.at);
        let tries = self.tries.entry(account.object_id).or_default();
        tries.at = now;
        let tried = hash(password);
        if tries.last.contains(&tried) {
            return;
        }
        tries.last.insert(0, tried);
        tries.last.truncate(KNOWN_AGAIN);
        tries.count = tries.count.saturating_add(1);
        if tries.count >= u32::from(threshold) {
            tries.locked_until = Some(now.saturating_add(LOCKED_FOR).unwrap_or(Timestamp::MAX));
        }
    }

    /// Notes the right password, after which counting begins anew.
    pub fn note_right(&mut self, account: Account<'_>) {
        self.tries.remove(&account.object_id);
    }

    fn changed(&self, account: Account<'_>) -> Option<&Changed> {
        self.changed.get(&account.object_id).filter(|changed| changed.instead_of == Said::of(account.thing()))
    }
}

fn hash(password: &str) -> Hash {
    Sha256::digest(password).into()
}

/// Forgets the oldest entry where a new one would be one too many.
fn make_room<T>(entries: &mut HashMap<Uuid, T>, new: Uuid, at: impl Fn(&T) -> Timestamp) {
    if entries.len() < USERS || entries.contains_key(&new) {
        return;
    }
    let oldest = entries.iter().min_by_key(|(oid, entry)| (at(entry), **oid)).map(|(oid, _)| *oid);
    if let Some(oldest) = oldest {
        entries.remove(&oldest);
    }
}

/// What is wrong with a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewPasswordFault {
    /// Too short or too long, too few kinds of characters, or the one before.
    Weak,
    /// It holds the user's name.
    HoldsName,
}

/// Judges a new password as Microsoft Entra's password policy does: 8 to 256 characters of three of the four kinds
/// (small and capital letters, digits, others), not the one before, and without the user's name.
#[must_use]
pub fn fault(account: Account<'_>, current: &str, new: &str) -> Option<NewPasswordFault> {
    let kinds: [fn(char) -> bool; 4] = [
        |c| c.is_lowercase(),
        |c| c.is_uppercase(),
        |c| c.is_numeric(),
        |c| !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric(),
    ];
    let of_kinds = kinds.iter().filter(|is_of| new.chars().any(**is_of)).count();
    if !(8..=256).contains(&new.chars().count()) || of_kinds < 3 || new == current {
        return Some(NewPasswordFault::Weak);
    }
    let (username, lowered) = (account.username.to_lowercase(), new.to_lowercase());
    let name = username.split('@').next().unwrap_or_default();
    (name.chars().count() > 3 && lowered.contains(name)).then_some(NewPasswordFault::HoldsName)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use scenarios::world::Idp;
    use serde_json::json;

    use super::*;
    use crate::directory::Directory;

    fn directory(count: u128) -> Directory {
        let user = |number: u128| {
            let id = Uuid::from_u128(number + 1);
            let user = json!({
                "tenant": "t", "username": format!("user{number}@t.example"), "password": "Right-Password-1",
                "object_id": id, "display_name": "U",
            });
            (format!("u{number}"), user)
        };
        let users: serde_json::Map<_, _> = (0..count).map(user).collect();
        let idp: Idp = serde_json::from_value(json!({
            "tenants": {"t": {"id": Uuid::from_u128(9), "display_name": "T", "domains": ["t.example"]}},
            "users": users,
        }))
        .unwrap();
        Directory::new(Arc::new(idp), &crate::origins::Origins::cloud())
    }

    #[test]
    fn memory_stays_bounded() {
        let directory = directory(USERS as u128 + 10);
        let mut passwords = Passwords::default();
        for (second, account) in (0..).zip(directory.accounts()) {
            let now = Timestamp::from_second(second).unwrap();
            passwords.note_wrong(account, "x", 10, now);
            passwords.change(account, "Another-Password-2", now);
            passwords.note_wrong(account, "x", 10, now);
        }
        assert!(passwords.changed.len() <= USERS && passwords.tries.len() <= USERS);
    }

    #[test]
    fn new_passwords_are_judged_by_entras_rules() {
        let directory = directory(1);
        let account = directory.account("u0").unwrap();
        let fault = |new: &str| fault(account, "Right-Password-1", new);
        for weak in
            ["", "Short-1", "alllowercase", "lower-and-other", "12345678", "Right-Password-1", &"aA1".repeat(86)]
        {
            assert_eq!(fault(weak), Some(NewPasswordFault::Weak), "{weak}");
        }
        assert_eq!(fault("xUSER0-password"), Some(NewPasswordFault::HoldsName));
        for good in ["lower-and-7", "Lower-And", "Ümläut99", &"aA1".repeat(85)] {
            assert_eq!(fault(good), None, "{good}");
        }
    }

    proptest! {
        /// However tries follow one another, the right password opens an account that is not locked, and no lock lasts
        /// for more than a minute after the last try.
        #[test]
        fn no_account_stays_locked(tries in prop::collection::vec((0_u8..20, 0_i64..90), 0..40), threshold in 1_u8..=50) {
            let directory = directory(1);
            let account = directory.account("u0").unwrap();
            let mut passwords = Passwords::default();
            let mut now = Timestamp::UNIX_EPOCH;
            for (number, seconds) in tries {
                now = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
                if passwords.locked_until(account, now).is_none() {
                    passwords.note_wrong(account, &format!("wrong {number}"), threshold, now);
                }
                prop_assert_eq!(passwords.is_right(account, "Right-Password-1"), Some(true));
            }
            let later = now.saturating_add(LOCKED_FOR).unwrap();
            prop_assert_eq!(passwords.locked_until(account, later), None);
        }
    }
}
