//! Signing of what is handed out and comes back, and keys that hide what they are made of.

use crate::key_file::{KeyError, read_or_make};
use crate::system::random;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::fmt::Write;
use std::path::Path;
use vigie_auth::Pseudonyms;
use zeroize::Zeroizing;

const FILE: &str = "signing.key";
/// A signature is cut to 128 bits: it protects cursors and keys, not money.
const SIGNATURE: usize = 16;

/// HMAC-SHA256 under the installation's own key. A purpose keeps what is signed for one use from another.
pub struct Signer {
    key: hmac::Key,
}

impl Signer {
    /// Reads the key from the folder, after making it (256 bits, mode 0600) if there is none.
    pub fn load(folder: &Path) -> Result<Self, KeyError> {
        let path = folder.join(FILE);
        let text = read_or_make(&path, || {
            let key = Zeroizing::new(random::<32>()?);
            Ok(Zeroizing::new(STANDARD.encode(*key) + "\n"))
        })?;
        let key = STANDARD.decode(text.trim()).map(Zeroizing::new).ok();
        // One byte over and over is what a placeholder looks like.
        let usable = |key: &[u8]| key.len() >= 32 && key.iter().any(|byte| *byte != key[0]);
        match key.filter(|key| usable(key)) {
            Some(key) => Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key) }),
            None => Err(KeyError::Unusable { path }),
        }
    }

    /// The payload with its signature, as base64url text that fits into an address.
    #[must_use]
    pub fn sign(&self, purpose: &str, payload: &[u8]) -> String {
        let mut text = Vec::from(&self.mac(purpose, payload).as_ref()[..SIGNATURE]);
        text.extend_from_slice(payload);
        URL_SAFE_NO_PAD.encode(text)
    }

    /// The payload of a text that [`Signer::sign`] made for the same purpose; `None` for any other.
    #[must_use]
    pub fn open(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signature, payload) = bytes.split_at_checked(SIGNATURE)?;
        let right = self.mac(purpose, payload);
        aws_lc_rs::constant_time::verify_slices_are_equal(signature, &right.as_ref()[..SIGNATURE]).ok()?;
        Some(payload.to_vec())
    }

    /// A secret for one use, which follows from the key.
    pub(crate) fn secret_for(&self, purpose: &str, use_of: &str) -> [u8; 32] {
        let mut secret = [0; 32];
        secret.copy_from_slice(self.mac(purpose, use_of.as_bytes()).as_ref());
        secret
    }

    /// A secret of this installation for one purpose and one thing, from which nothing about the key can be told.
    #[must_use]
    pub fn derive(&self, purpose: &str, thing: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.mac(purpose, thing).as_ref().to_vec())
    }

    fn mac(&self, purpose: &str, payload: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(payload);
        context.sign()
    }
}

impl Pseudonyms for Signer {
    fn pseudonym(&self, text: &str) -> String {
        let mut key = String::with_capacity(64);
        for byte in self.mac("pseudonym", text.as_bytes()).as_ref() {
            // Writing to a string cannot fail.
            let _ = write!(key, "{byte:02x}");
        }
        key
    }
}
