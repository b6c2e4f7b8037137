//! What users did on the pages of policies: registered a second factor, accepted terms of use.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::protocol::admission::Principal;

/// How many entries of each kind are kept.
const MOST: usize = 10_000;

/// What users did on the pages of policies, for as long as the lab lives.
#[derive(Clone, Debug, Default)]
pub struct Enrolments {
    registered: BTreeSet<Uuid>,
    accepted: BTreeSet<(Uuid, Uuid)>,
}

impl Enrolments {
    /// Whether the user has a second factor, from the world or from the registration page.
    #[must_use]
    pub fn has_second_factor(&self, principal: Principal<'_>) -> bool {
        principal.account.mfa.registered || self.registered.contains(&principal.account.object_id)
    }

    /// Notes that the user registered a second factor.
    pub fn register(&mut self, oid: Uuid) {
        if self.registered.len() < MOST {
            self.registered.insert(oid);
        }
    }

    /// The policies whose terms of use the user accepted.
    #[must_use]
    pub fn accepted_terms(&self, oid: Uuid) -> BTreeSet<Uuid> {
        self.accepted.range((oid, Uuid::nil())..=(oid, Uuid::max())).map(|(_, policy)| *policy).collect()
    }

    /// Notes that the user accepted the terms of use of these policies.
    pub fn accept_terms(&mut self, oid: Uuid, policies: &[Uuid]) {
        for policy in policies {
            if self.accepted.len() < MOST {
                self.accepted.insert((oid, *policy));
            }
        }
    }
}
