//! Changing the signing keys while the identity provider runs.

use super::IdentityProvider;
use crate::keys::KeyError;

impl IdentityProvider {
    /// Signs with a new key from now on. With an overlap, what signed until now stays published and its tokens are
    /// still good; without one it is gone, as after a key that got lost.
    ///
    /// # Errors
    /// When no key could be made; the keys are then unchanged.
    pub fn rotate_keys(&self, with_overlap: bool) -> Result<(), KeyError> {
        let now = self.0.clock.now();
        let rotated = self.0.keys.shared().rotated(&mut *self.rng(), now, with_overlap)?;
        self.0.keys.share(rotated);
        Ok(())
    }
}
