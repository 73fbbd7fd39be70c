//! Values that tell nothing to who reads Redis, and that nobody can forge or move.

use super::{Key, Redis};
use crate::AeadSealer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use vigie_auth::Sealer;

impl Redis {
    /// A value as it is kept under a key: sealed under a secret that follows from the installation's own and from the key, so that
    /// copied to another key it is worth nothing.
    pub(crate) fn seal<T: Serialize>(&self, key: &Key, value: &T) -> Option<Vec<u8>> {
        let plain = serde_json::to_vec(value).ok()?;
        AeadSealer.seal(&self.secret(key), &plain).ok()
    }

    /// The value that was kept under that key; `None` for anything else.
    pub(crate) fn open<T: DeserializeOwned>(&self, key: &Key, sealed: &[u8]) -> Option<T> {
        let plain = AeadSealer.open(&self.secret(key), sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    fn secret(&self, key: &Key) -> [u8; 32] {
        self.signer().secret_for("a value in Redis", key.as_str())
    }
}
