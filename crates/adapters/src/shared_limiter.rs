//! Rate limits of an installation: in the process, or counted together by all of its processes.

use crate::limits::{LimitKey, LimitPolicy, LimitVerdict, Limiter, Limits, Rate};
use crate::shared::{Counters, Redis};
use std::sync::Arc;

/// Counts requests and refuses what is too many.
pub struct SharedLimiter {
    enabled: bool,
    /// Counts alone, or tells the numbers when the counters are shared.
    local: Limiter,
    shared: Option<Shared>,
}

struct Shared {
    counters: Counters,
    /// Half of everything. It counts all along, so that nobody gets a fresh allowance in the moment in which Redis goes.
    spare: Limiter,
}

impl SharedLimiter {
    /// The limiter of a process that is alone.
    #[must_use]
    pub fn in_process(limits: &Limits) -> Self {
        Self { enabled: limits.enabled, local: Limiter::new(limits), shared: None }
    }

    /// The limiter of one of several processes. While Redis does not answer, the doors to accounts are guarded in the process
    /// at half the rate, and everything else stays open.
    #[must_use]
    pub fn through(redis: Arc<Redis>, limits: &Limits) -> Self {
        let shared = Shared { counters: Counters::new(redis), spare: Limiter::at_half(limits) };
        Self { shared: Some(shared), ..Self::in_process(limits) }
    }

    /// Counts one request under a policy.
    pub async fn check(&self, policy: LimitPolicy, key: &LimitKey) -> LimitVerdict {
        if !self.enabled {
            return LimitVerdict::Unlimited;
        }
        let Some(shared) = &self.shared else { return self.local.check(policy, key) };
        let spare = policy.guards_accounts().then(|| shared.spare.check(policy, key));
        match (shared.counters.check(policy, self.rate(policy), key).await, spare) {
            (Ok(verdict), _) => verdict,
            (Err(_away), Some(verdict)) => verdict,
            (Err(_away), None) => {
                metrics::counter!("rate_limit_fail_open_total", "policy" => policy.name()).increment(1);
                LimitVerdict::Unlimited
            }
        }
    }

    /// The numbers of a policy.
    #[must_use]
    pub const fn rate(&self, policy: LimitPolicy) -> Rate {
        self.local.rate(policy)
    }
}
