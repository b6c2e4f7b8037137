//! The claims challenge of a refusal: what the client must repeat in `claims` of its next authorize request.
//!
//! Shapes: Microsoft identity platform "Claims challenges, claims requests and client capabilities".

use std::collections::BTreeSet;

use serde_json::{Map, json};
use uuid::Uuid;

/// What a client must repeat in `claims` of its next authorize request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The ids of the policies that must be satisfied (`capolids`).
    pub policies: Vec<Uuid>,
    /// The authentication contexts (`acrs`).
    pub contexts: BTreeSet<String>,
}

impl Challenge {
    /// The challenge as a string that holds JSON; none where there is nothing to repeat.
    #[must_use]
    pub fn to_claims(&self) -> Option<String> {
        let mut claims = Map::new();
        match self.contexts.iter().collect::<Vec<_>>().as_slice() {
            [] if self.policies.is_empty() => return None,
            [] => {
                claims.insert("capolids".to_owned(), json!({"essential": true, "values": self.policies}));
            }
            [only] => {
                claims.insert("acrs".to_owned(), json!({"essential": true, "value": only}));
            }
            several => {
                claims.insert("acrs".to_owned(), json!({"essential": true, "values": several}));
            }
        }
        Some(json!({"access_token": claims}).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_a_string_that_holds_json() {
        let policies = vec![Uuid::from_u128(1)];
        let challenge = Challenge { policies: policies.clone(), contexts: BTreeSet::new() };
        assert_eq!(
            challenge.to_claims().unwrap(),
            r#"{"access_token":{"capolids":{"essential":true,"values":["00000000-0000-0000-0000-000000000001"]}}}"#
        );
        let challenge = Challenge { policies, contexts: BTreeSet::from(["c1".to_owned()]) };
        let claims = challenge.to_claims().unwrap();
        assert_eq!(claims, r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#);
        assert_eq!(Challenge::default().to_claims(), None);
    }
}
