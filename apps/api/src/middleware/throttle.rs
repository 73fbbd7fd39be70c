//! How many requests one client gets answered (docs: SECURITY, throttles).
//!
//! Counts in the process, by the generic cell rate algorithm: a client has a burst of requests that fills up again evenly.
//! Nothing sleeps: a request beyond it is answered 429 with the time to wait.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use vigie_kernel::Clock;

/// Clients remembered for one policy; when full, those that have their whole burst again are forgotten.
const CAPACITY: usize = 100_000;

/// The throttles of the server; each figure counts requests of one client.
#[derive(Clone, Copy, Debug)]
pub struct Throttles {
    /// Logins in a minute from one address.
    pub login_per_minute: u32,
    /// Sign-ups in an hour from one address.
    pub signup_per_hour: u32,
    /// Refreshes in a minute from one address.
    pub refresh_per_minute: u32,
    /// Requests in a minute by one user.
    pub requests_per_minute: u32,
    /// Other requests without a token in a minute from one address.
    pub anonymous_per_minute: u32,
}

/// What a request counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Policy {
    Login,
    Signup,
    Refresh,
    Requests,
    Anonymous,
}

impl Policy {
    /// The policy of a public route.
    pub(super) fn of_public(pattern: &str) -> Self {
        match pattern.rsplit('/').next() {
            Some("login") => Self::Login,
            Some("signup" | "register") => Self::Signup,
            Some("refresh") => Self::Refresh,
            Some(_) | None => Self::Anonymous,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Signup => "signup",
            Self::Refresh => "refresh",
            Self::Requests => "requests",
            Self::Anonymous => "anonymous",
        }
    }
}

/// What is left to a client, for the headers of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    policy: Policy,
    burst: u32,
    window: TimeDelta,
    /// Requests that are left now.
    left: i64,
    /// Until the whole burst is back.
    whole_in: TimeDelta,
}

impl Allowance {
    /// `RateLimit-Policy`.
    pub(super) fn policy_header(&self) -> String {
        format!("\"{}\";q={};w={}", self.policy.name(), self.burst, self.window.num_seconds())
    }

    /// `RateLimit`.
    pub(super) fn state_header(&self) -> String {
        format!("\"{}\";r={};t={}", self.policy.name(), self.left, self.whole_in.num_seconds())
    }
}

/// Counts requests.
pub(crate) struct Throttle {
    limits: Throttles,
    clock: Arc<dyn Clock>,
    /// When the client's burst is whole again, by policy and client.
    clients: Mutex<HashMap<(Policy, String), DateTime<Utc>>>,
}

impl Throttle {
    pub(crate) fn new(limits: Throttles, clock: Arc<dyn Clock>) -> Self {
        Self { limits, clock, clients: Mutex::new(HashMap::new()) }
    }

    /// Counts a request; tells the seconds to wait when it is one too many.
    pub(super) fn count(&self, policy: Policy, client: String) -> Result<Allowance, u64> {
        let (burst, window) = self.figures(policy);
        let Some(step) = window.checked_div(i32::try_from(burst).unwrap_or(i32::MAX)) else {
            return Err(u64::try_from(window.num_seconds()).unwrap_or(1));
        };
        let now = self.clock.now();
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= CAPACITY {
            clients.retain(|_, whole_at| *whole_at > now);
        }
        let whole_at = clients.entry((policy, client)).or_insert(now);
        let next = (*whole_at).max(now) + step;
        let over = next - now - window;
        let decision = if over > TimeDelta::zero() { "refused" } else { "allowed" };
        metrics::counter!("rate_limit_decisions_total", "policy" => policy.name(), "decision" => decision)
            .increment(1);
        if over > TimeDelta::zero() {
            return Err(u64::try_from(over.num_seconds()).unwrap_or(0) + 1);
        }
        *whole_at = next;
        let used = next - now;
        let left = (window - used).num_milliseconds() / step.num_milliseconds().max(1);
        Ok(Allowance { policy, burst, window, left, whole_in: used })
    }

    const fn figures(&self, policy: Policy) -> (u32, TimeDelta) {
        let minute = TimeDelta::minutes(1);
        match policy {
            Policy::Login => (self.limits.login_per_minute, minute),
            Policy::Signup => (self.limits.signup_per_hour, TimeDelta::hours(1)),
            Policy::Refresh => (self.limits.refresh_per_minute, minute),
            Policy::Requests => (self.limits.requests_per_minute, minute),
            Policy::Anonymous => (self.limits.anonymous_per_minute, minute),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_kernel::testing::FixedClock;

    fn throttle(clock: &Arc<FixedClock>) -> Throttle {
        let limits = Throttles {
            login_per_minute: 3,
            signup_per_hour: 1,
            refresh_per_minute: 60,
            requests_per_minute: 1200,
            anonymous_per_minute: 60,
        };
        let clock: Arc<dyn Clock> = Arc::<FixedClock>::clone(clock);
        Throttle::new(limits, clock)
    }

    #[test]
    fn a_burst_is_answered_and_fills_up_again() {
        let clock = Arc::new(FixedClock::at_text("2026-01-01T00:00:00Z"));
        let throttle = throttle(&clock);
        let login = |client: &str| throttle.count(Policy::Login, client.to_owned());
        assert_eq!(
            [login("a"), login("a"), login("a")].map(|answer| answer.map(|left| left.left)),
            [Ok(2), Ok(1), Ok(0)]
        );
        assert_eq!(login("a"), Err(21));
        assert!(login("b").is_ok(), "each client has his own");
        clock.advance(TimeDelta::seconds(21));
        let left = login("a").unwrap();
        assert_eq!(left.policy_header(), "\"login\";q=3;w=60");
        assert_eq!(left.state_header(), "\"login\";r=0;t=59");
        assert!(login("a").is_err());
    }

    #[test]
    fn the_policies_count_apart() {
        let clock = Arc::new(FixedClock::at_text("2026-01-01T00:00:00Z"));
        let throttle = throttle(&clock);
        assert!(throttle.count(Policy::Signup, "a".to_owned()).is_ok());
        assert!(throttle.count(Policy::Signup, "a".to_owned()).is_err());
        assert!(throttle.count(Policy::Refresh, "a".to_owned()).is_ok());
    }
}
