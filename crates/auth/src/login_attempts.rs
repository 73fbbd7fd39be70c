//! Failed logins in a row, and the delay that they earn.

use chrono::{DateTime, TimeDelta, Utc};

/// Failures that cost nothing.
const FREE_FAILURES: u32 = 5;
/// The longest delay, in seconds.
const LONGEST_DELAY: i64 = 900;

/// Failed logins in a row for one address, whether or not it has an account. Kept under a pseudonym.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginAttempts {
    /// How many since the last success.
    pub failures: u32,
    /// When the last one was.
    pub last_failed_at: DateTime<Utc>,
}

impl LoginAttempts {
    /// Seconds to wait before the next try; `None` when it may be now.
    ///
    /// The fifth failure in a row costs 1 s, each further one twice as much, up to 900 s. The delay is a refusal with the
    /// time to wait, never a request that is held.
    #[must_use]
    pub fn retry_after(&self, now: DateTime<Utc>) -> Option<u64> {
        let doublings = self.failures.checked_sub(FREE_FAILURES)?;
        let delay = 1_i64.checked_shl(doublings.min(30)).unwrap_or(LONGEST_DELAY).min(LONGEST_DELAY);
        let left = self.last_failed_at + TimeDelta::seconds(delay) - now;
        if left <= TimeDelta::zero() {
            return None;
        }
        let seconds = left.num_seconds() + i64::from(left.subsec_nanos() > 0);
        u64::try_from(seconds).ok()
    }
}
