//! Refresh tokens: good for one exchange, recognised when presented again.

use crate::policy::REFRESH_GRACE;
use crate::{SecretText, token_text};
use chrono::{DateTime, Utc};
use std::fmt;
use vigie_kernel::{RefreshTokenId, SessionId};

const PREFIX: &str = "rt_";

/// The SHA-256 of a token: all that the store keeps.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// A hash as it was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash as it is stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// A refresh token as its holder has it: `rt_`, 43 base64url characters, `_`, 6 characters of checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshSecret(SecretText);

impl RefreshSecret {
    /// The token of these random bytes.
    #[must_use]
    pub fn new(random: &[u8; 32]) -> Self {
        Self(token_text::make(PREFIX, random))
    }

    /// Reads a token; `None` when it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        token_text::parse(PREFIX, text).map(Self)
    }

    /// The token's text.
    #[must_use]
    pub const fn text(&self) -> &SecretText {
        &self.0
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        token_text::hash(&self.0)
    }
}

/// A refresh token as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshTokenSnapshot {
    /// The token's id.
    pub id: RefreshTokenId,
    /// The session that it belongs to.
    pub session_id: SessionId,
    /// What it is recognised by.
    pub token_hash: TokenHash,
    /// Counted from 1 within the session, unique there.
    pub generation: i32,
    /// When it was handed out.
    pub issued_at: DateTime<Utc>,
    /// Until when it may be exchanged.
    pub expires_at: DateTime<Utc>,
    /// When it was exchanged.
    pub used_at: Option<DateTime<Utc>>,
    /// Its successor, sealed under itself; `None` until it is exchanged.
    pub successor_sealed: Option<Vec<u8>>,
}

/// What presenting a refresh token means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// The first time: to be exchanged.
    Fresh,
    /// Again, within the grace period: the same successor, if that one is still unused.
    Again,
    /// Again, too late: stolen, or held by somebody who never saw the answer.
    Reused,
    /// For the first time, but too late.
    Expired,
}

/// One refresh token of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken(RefreshTokenSnapshot);

impl RefreshToken {
    /// The first token of a session.
    pub(crate) const fn first(
        id: RefreshTokenId,
        session_id: SessionId,
        token_hash: TokenHash,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Self {
        Self(RefreshTokenSnapshot {
            id,
            session_id,
            token_hash,
            generation: 1,
            issued_at: now,
            expires_at,
            used_at: None,
            successor_sealed: None,
        })
    }

    /// A token as it was stored.
    #[must_use]
    pub const fn restore(snapshot: RefreshTokenSnapshot) -> Self {
        Self(snapshot)
    }

    /// The token as it is stored.
    #[must_use]
    pub const fn snapshot(&self) -> &RefreshTokenSnapshot {
        &self.0
    }

    /// What presenting it at that instant means.
    pub(crate) fn presented(&self, now: DateTime<Utc>) -> Presented {
        match self.0.used_at {
            Some(used_at) if now <= used_at + REFRESH_GRACE => Presented::Again,
            Some(_) => Presented::Reused,
            None if now >= self.0.expires_at => Presented::Expired,
            None => Presented::Fresh,
        }
    }

    /// Exchanges it: marks it used and gives the record of its successor.
    pub(crate) fn exchange(
        &mut self,
        successor: RefreshTokenId,
        successor_hash: TokenHash,
        successor_sealed: Vec<u8>,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Self {
        self.0.used_at = Some(now);
        self.0.successor_sealed = Some(successor_sealed);
        let mut next = Self::first(successor, self.0.session_id, successor_hash, now, expires_at);
        next.0.generation = self.0.generation + 1;
        next
    }
}
