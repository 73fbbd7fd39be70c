//! The form of tokens that are handed out: a prefix, 43 base64url characters, `_`, 6 characters of checksum.
//!
//! The prefix and the checksum let a scanner recognise a leaked one, and let a mistyped one be refused without a query.

use crate::{SecretText, TokenHash};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

const BODY: usize = 43;
const CHECKSUM: usize = 6;

/// The token of these random bytes.
pub(crate) fn make(prefix: &str, random: &[u8; 32]) -> SecretText {
    let body = URL_SAFE_NO_PAD.encode(random);
    let sum = checksum(prefix, &body);
    SecretText::new(format!("{prefix}{body}_{sum}"))
}

/// Reads a token; `None` when it is none of ours.
pub(crate) fn parse(prefix: &str, text: &str) -> Option<SecretText> {
    let rest = text.strip_prefix(prefix)?;
    if rest.len() != BODY + 1 + CHECKSUM || !rest.is_ascii() {
        return None;
    }
    let (body, sum) = rest.split_at(BODY);
    let well_made = URL_SAFE_NO_PAD.decode(body).is_ok_and(|bytes| bytes.len() == 32);
    (well_made && sum.strip_prefix('_') == Some(checksum(prefix, body).as_str()))
        .then(|| SecretText::new(text))
}

/// What the store keeps of a token. A plain hash is enough for 256 random bits (ASVS 6.5.2).
pub(crate) fn hash(token: &SecretText) -> TokenHash {
    TokenHash::from_bytes(Sha256::digest(token.expose().as_bytes()).into())
}

fn checksum(prefix: &str, body: &str) -> String {
    let digest = Sha256::digest(format!("{prefix}{body}").as_bytes());
    URL_SAFE_NO_PAD.encode(digest).chars().take(CHECKSUM).collect()
}
