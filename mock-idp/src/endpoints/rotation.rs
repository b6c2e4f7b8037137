//! Changing the signing keys while the identity provider runs.

use std::sync::{Arc, PoisonError};

use super::IdentityProvider;
use crate::keys::{KeyError, SigningKeys};

impl IdentityProvider {
    /// Signs with a new key from now on. With an overlap, what signed until now stays published and its tokens are
    /// still good; without one it is gone, as after a key that got lost.
    ///
    /// # Errors
    /// When no key could be made; the keys are then unchanged.
    pub fn rotate_keys(&self, with_overlap: bool) -> Result<(), KeyError> {
        let now = self.0.clock.now();
        let rotated = self.signing_keys().rotated(&mut *self.rng(), now, with_overlap)?;
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rotated);
        Ok(())
    }

    /// The keys in force.
    pub(super) fn signing_keys(&self) -> Arc<SigningKeys> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
