//! Forgetting what nobody needs any more.

use crate::policy::{LOGIN_ATTEMPTS_KEPT, SESSIONS_KEPT, TOKENS_KEPT};
use crate::{ForgottenSessions, IdentityUpkeep};
use std::sync::Arc;
use vigie_kernel::{Clock, StoreError};

/// Rows of a kind that one statement forgets: few enough that nobody waits for it.
const CHUNK: u32 = 500;
/// Statements of a kind in one round; what is left waits for the next one.
const CHUNKS: u32 = 20;

/// Looks after identity's part of the control database.
///
/// A session that has ended, and one that is older than any refresh allows, is kept for a week, for questions that come late;
/// then it goes with its refresh tokens. As long as a session lives every one of its tokens stays, also those that are used or
/// expired: one that comes back tells that it was stolen. Failed logins in a row are forgotten a month after the last one,
/// when the delay that they earned (15 minutes at most) is long over. Tokens for one use, sign-ups
/// and invitations that have ended go after a week.
pub struct Upkeep {
    store: Arc<dyn IdentityUpkeep>,
    clock: Arc<dyn Clock>,
}

/// What a round has forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Sessions.
    pub sessions: u64,
    /// Refresh tokens of such sessions.
    pub refresh_tokens: u64,
    /// Addresses with failed logins.
    pub login_attempts: u64,
    /// Tokens for one use, sign-ups that nobody finished, invitations that have ended.
    pub tokens: u64,
}

impl Upkeep {
    /// Upkeep of that store.
    #[must_use]
    pub fn new(store: Arc<dyn IdentityUpkeep>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// One round: at most 10,000 rows of a kind, in short statements. Several processes may do it at the same time.
    pub async fn run(&self) -> Result<Forgotten, StoreError> {
        let now = self.clock.now();
        let mut forgotten = Forgotten::default();
        for _ in 0..CHUNKS {
            let gone = self.store.forget_sessions(now - SESSIONS_KEPT, CHUNK).await?;
            if gone == ForgottenSessions::default() {
                break;
            }
            forgotten.sessions += gone.sessions;
            forgotten.refresh_tokens += gone.refresh_tokens;
        }
        for _ in 0..CHUNKS {
            let gone = self.store.forget_login_attempts(now - LOGIN_ATTEMPTS_KEPT, CHUNK).await?;
            forgotten.login_attempts += gone;
            if gone < u64::from(CHUNK) {
                break;
            }
        }
        for _ in 0..CHUNKS {
            let gone = self.store.forget_tokens(now - TOKENS_KEPT, CHUNK).await?;
            forgotten.tokens += gone;
            if gone < u64::from(CHUNK) {
                break;
            }
        }
        Ok(forgotten)
    }
}
