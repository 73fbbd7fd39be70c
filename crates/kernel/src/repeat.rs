//! Requests that may be sent twice: the same `Idempotency-Key` with the same request is answered once more, and done once.

use crate::{StoreError, TenantContext};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// Longest key, in characters.
const MAX_KEY: usize = 255;

/// The key under which a caller repeats a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a key: 1..=255 visible ASCII characters, taken as they are; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        (visible && (1..=MAX_KEY).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What tells one request from another: SHA-256 over its parts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a request's parts. Each part counts with its length, so that nothing moves from one into the next
    /// unnoticed.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

/// A request with a key.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    /// The key. It is the actor's own: another member's same key is another key.
    pub key: IdempotencyKey,
    /// What is asked.
    pub fingerprint: Fingerprint,
}

/// An answer as it is kept and sent again: a success with its body and no header but these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status, 200..=299.
    pub status: u16,
    /// `Location`.
    pub location: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// The JSON body; empty for none.
    pub body: Vec<u8>,
}

/// What became of a request with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It was done now, and its answer is kept with its effect.
    Done(KeptAnswer),
    /// It was done before; this was the answer.
    Repeated(KeptAnswer),
    /// It was refused or failed: nothing is written, and the key is free.
    NotDone,
    /// The key was used for another request within a day.
    OtherRequest,
    /// The same actor's request with this key is being worked on.
    InProgress,
}

/// What a request does. It ends with the answer to keep, or with `None` when nothing of it shall stay.
pub type Effect<'a> = Pin<Box<dyn Future<Output = Option<KeptAnswer>> + Send + 'a>>;

/// Does requests once, however often they are sent within a day.
#[async_trait]
pub trait RequestRepeats: Send + Sync {
    /// Does the effect unless the actor's same request was done within 24 hours. Whatever the effect writes to the tenant's
    /// database becomes visible together with the kept answer, or not at all: a unit of work that commits inside the effect is
    /// committed with it.
    async fn once(
        &self,
        tenant: &TenantContext,
        request: &KeyedRequest,
        effect: Effect<'_>,
    ) -> Result<Repeat, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_of_at_most_255_characters() {
        let longest = "k".repeat(255);
        for good in ["1", "8e03978e-40d5-43dd-bc93-6894a57f9324", "\"quoted\"", "a:b/c=", longest.as_str()] {
            assert_eq!(IdempotencyKey::parse(good).unwrap().as_str(), good);
        }
        let too_long = "k".repeat(256);
        for bad in ["", " ", "a b", "a\tb", "é", "a\0", too_long.as_str()] {
            assert_eq!(IdempotencyKey::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_fingerprint_tells_where_one_part_ends() {
        let of = |parts: &[&str]| {
            let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
            Fingerprint::of(&parts)
        };
        assert_eq!(of(&["POST", "/a", "{}"]), of(&["POST", "/a", "{}"]));
        for other in
            [&["POST", "/a", "{ }"][..], &["POST", "/a{", "}"], &["POST/a{}"], &["POST", "/a", "{}", ""]]
        {
            assert_ne!(of(&["POST", "/a", "{}"]), of(other), "{other:?}");
        }
    }
}
