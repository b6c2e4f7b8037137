//! The second factor of multifactor authentication: a code that an authenticator app would show.
//!
//! In a lab there is no app, so that the page that asks for the code shows it too.

use std::collections::HashMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use wire::{Check, Checks};

use super::admission::Principal;
use crate::error::EntraError;
use crate::error::challenge::Challenge;

/// How long a code is shown, in seconds; the one before it is accepted too. Authenticator apps take 30 (RFC 6238 §5.2),
/// people who read traces take longer.
const STEP_SECONDS: i64 = 300;

/// How many wrong codes a user may type while one code is shown; the last of them ends the sign-in, and what is typed after
/// it is not looked at until there is another code.
pub const MOST_WRONG_CODES: u8 = 5;

/// The wrong codes that users typed: how many while the code of a step was shown.
#[derive(Clone, Debug, Default)]
pub struct WrongCodes(HashMap<Uuid, (i64, u8)>);

/// Makes and checks the codes of one lab.
#[derive(Clone)]
pub struct SecondFactor([u8; 32]);

impl SecondFactor {
    /// The codes of the lab with this seed.
    #[must_use]
    pub fn new(seed: &[u8; 32]) -> Self {
        Self(Sha256::new().chain_update(seed).chain_update("second factor").finalize().into())
    }

    /// The six digits of the user at `now`.
    #[must_use]
    pub fn code(&self, oid: Uuid, now: Timestamp) -> String {
        self.at(oid, step(now))
    }

    fn at(&self, oid: Uuid, step: i64) -> String {
        let digest: [u8; 32] =
            Sha256::new().chain_update(self.0).chain_update(oid).chain_update(step.to_be_bytes()).finalize().into();
        let number = digest.iter().take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        format!("{:06}", number % 1_000_000)
    }

    fn is_right(&self, oid: Uuid, typed: &str, now: Timestamp) -> bool {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).take(16).collect();
        let step = step(now);
        let equals = |step| self.at(oid, step).as_bytes().ct_eq(typed.as_bytes());
        (equals(step) | equals(step.saturating_sub(1))).into()
    }

    /// Checks the code that was typed on the page.
    ///
    /// # Errors
    /// 500121, which the page shows; 50074 after too many of them.
    pub fn check(
        &self,
        principal: Principal<'_>,
        typed: &str,
        wrong: &mut WrongCodes,
        now: Timestamp,
        checks: &mut Checks,
    ) -> Result<(), EntraError> {
        let expected = "the code that the page shows";
        let oid = principal.account.object_id;
        let before = wrong.0.get(&oid).filter(|(at, _)| *at == step(now)).map_or(0, |(_, count)| *count);
        if before < MOST_WRONG_CODES && self.is_right(oid, typed, now) {
            wrong.0.remove(&oid);
            checks.pass(Check::SecondFactor, expected, "the right one");
            return Ok(());
        }
        let count = before.saturating_add(1);
        wrong.0.insert(oid, (step(now), count));
        if count >= MOST_WRONG_CODES {
            let fix = "sign in again when there is another code, which is every five minutes";
            checks.refuse(Check::SecondFactor, expected, format!("{MOST_WRONG_CODES} wrong codes"), fix);
            return Err(EntraError::MfaNotPassed { challenge: Challenge::default() });
        }
        let fix = "type the six digits under \"Your code\"; they change every five minutes";
        checks.refuse(Check::SecondFactor, expected, "another code", fix);
        Err(EntraError::WrongSecondFactor)
    }
}

/// The number of the code that is shown at `now`.
fn step(now: Timestamp) -> i64 {
    now.as_second().div_euclid(STEP_SECONDS)
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecondFactor").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_for_its_user_and_for_a_while() {
        let factor = SecondFactor::new(&[1; 32]);
        let at = |second| Timestamp::from_second(second).unwrap();
        let (megan, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let code = factor.code(megan, at(1_000));
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        assert!(factor.is_right(megan, &code, at(1_000)));
        assert!(factor.is_right(megan, &format!(" {} {} ", &code[..3], &code[3..]), at(1_000)));
        assert!(factor.is_right(megan, &code, at(1_300)), "the one before is accepted");
        assert!(!factor.is_right(megan, &code, at(1_600)));
        assert!(!factor.is_right(other, &code, at(1_000)));
        assert!(!factor.is_right(megan, "", at(1_000)));
        assert!(!SecondFactor::new(&[2; 32]).is_right(megan, &code, at(1_000)), "two labs never meet");
    }
}
