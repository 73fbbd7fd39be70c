//! Counters of requests that processes share.

use super::{Away, Redis};
use crate::limits::{LimitKey, LimitPolicy, LimitVerdict, Rate};
use deadpool_redis::redis::Script;
use std::sync::Arc;
use vigie_auth::Pseudonyms;

/// Counts requests in Redis: one script, one step, whoever else counts at the same moment.
pub(crate) struct Counters {
    redis: Arc<Redis>,
    script: Script,
}

impl Counters {
    pub(crate) fn new(redis: Arc<Redis>) -> Self {
        Self { redis, script: Script::new(include_str!("gcra.lua")) }
    }

    /// Counts one request. The key holds an HMAC of whom it counts, nothing of himself.
    pub(crate) async fn check(
        &self,
        policy: LimitPolicy,
        rate: Rate,
        whom: &LimitKey,
    ) -> Result<LimitVerdict, Away> {
        let limit = rate.limit.max(1);
        let window = u64::from(rate.window_seconds.max(1));
        let pseudonym = self.redis.signer().pseudonym(&format!("rate {} {}", policy.name(), text_of(whom)));
        let key = self.redis.keys().platform().counter(policy.name(), &pseudonym);
        let mut count = self.script.prepare_invoke();
        count.key(key.as_str()).arg(window * 1_000_000 / u64::from(limit)).arg(limit);
        let (allowed, remaining, micros): (u8, u32, u64) = self.redis.script(&count).await?;
        let seconds = micros.div_ceil(1_000_000);
        Ok(if allowed == 1 {
            LimitVerdict::Allow { limit, remaining, reset: seconds }
        } else {
            LimitVerdict::Deny { limit, retry_after: seconds.clamp(1, window) }
        })
    }
}

fn text_of(whom: &LimitKey) -> String {
    match whom {
        LimitKey::Ip(address) => format!("ip {address}"),
        LimitKey::Id(id) => format!("id {id}"),
        LimitKey::Text(text) => format!("text {text}"),
    }
}
