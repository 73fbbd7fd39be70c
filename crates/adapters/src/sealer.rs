//! Sealing under a secret that is not kept.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;
use vigie_auth::Sealer;
use vigie_kernel::BoxError;
use zeroize::Zeroizing;

/// AES-256-GCM with a random nonce, under HKDF-SHA256 of the secret. The nonce stands before the ciphertext.
#[derive(Clone, Copy, Debug, Default)]
pub struct AeadSealer;

const PURPOSE: &[u8] = b"vigie refresh token successor v1";

impl Sealer for AeadSealer {
    fn seal(&self, secret: &[u8], plain: &[u8]) -> Result<Vec<u8>, BoxError> {
        let mut text = plain.to_vec();
        let key = key_of(secret)?;
        let nonce =
            key.seal_in_place_append_tag(Aad::from(PURPOSE), &mut text).map_err(|_| "sealing failed")?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        Ok(sealed)
    }

    fn open(&self, secret: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, BoxError> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or("too short to be sealed")?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| "no nonce")?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = key_of(secret)?
            .open_in_place(nonce, Aad::from(PURPOSE), &mut text)
            .map_err(|_| "sealed under another secret, or changed")?
            .len();
        text.truncate(length);
        Ok(text)
    }
}

fn key_of(secret: &[u8]) -> Result<RandomizedNonceKey, BoxError> {
    let mut key = Zeroizing::new([0; 32]);
    hkdf::Salt::none(hkdf::HKDF_SHA256)
        .extract(secret)
        .expand(&[PURPOSE], KeyLength)
        .and_then(|okm| okm.fill(&mut *key))
        .map_err(|_| "no key could be derived")?;
    RandomizedNonceKey::new(&AES_256_GCM, &*key).map_err(|_| "no key could be derived".into())
}

struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        32
    }
}
