//! How many requests one client gets answered (docs: operations, throttles). Nothing sleeps: a request that is one too many is
//! answered 429 with the time to wait.

use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;
use vigie_composition::{LimitKey, LimitPolicy, LimitVerdict, SharedLimiter};

/// The policy of a public route.
pub(super) fn policy_of_public(pattern: &str) -> LimitPolicy {
    match pattern.rsplit('/').next() {
        Some("login") => LimitPolicy::LoginByIp,
        Some("forgot-password" | "resend-verification-email") => LimitPolicy::ForgotByIp,
        Some("reset-password" | "verify-email" | "accept-invitation") => LimitPolicy::TokenByIp,
        Some(_) if pattern.contains("/auth/invitations/") => LimitPolicy::TokenByIp,
        Some("signup" | "register") => LimitPolicy::SignupByIp,
        Some("refresh") => LimitPolicy::RefreshByIp,
        Some(_) | None => LimitPolicy::AnonymousByIp,
    }
}

/// The policy of a route with a token that asks for the password once more, besides that of its user; `None` for any other.
pub(super) fn policy_of_sensitive(pattern: &str) -> Option<LimitPolicy> {
    match pattern.rsplit('/').next() {
        Some("change-password" | "ownership-transfer") => Some(LimitPolicy::SensitiveByIp),
        Some(_) | None => None,
    }
}

/// What is left to a client, for the headers of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    policy: LimitPolicy,
    limit: u32,
    window: u32,
    remaining: u32,
    reset: u64,
}

impl Allowance {
    /// `RateLimit-Policy`.
    pub(super) fn policy_header(&self) -> String {
        format!("\"{}\";q={};w={}", self.policy.name(), self.limit, self.window)
    }

    /// `RateLimit`.
    pub(super) fn state_header(&self) -> String {
        format!("\"{}\";r={};t={}", self.policy.name(), self.remaining, self.reset)
    }
}

/// Counts requests.
pub(crate) struct Throttle(Arc<SharedLimiter>);

impl Throttle {
    pub(crate) const fn new(limiter: Arc<SharedLimiter>) -> Self {
        Self(limiter)
    }

    /// Counts a request from an address; one whose address is unknown shares a key with all others of that kind.
    pub(super) async fn count_address(
        &self,
        policy: LimitPolicy,
        address: Option<IpAddr>,
    ) -> Result<Option<Allowance>, u64> {
        let key = address.map_or_else(|| LimitKey::Text("unknown".to_owned()), LimitKey::ip);
        self.count(policy, &key).await
    }

    /// Counts a request of a user.
    pub(super) async fn count_user(&self, user: Uuid) -> Result<Option<Allowance>, u64> {
        self.count(LimitPolicy::MemberByUser, &LimitKey::Id(user)).await
    }

    /// What is left, or the seconds to wait; `None` when throttles are switched off.
    async fn count(&self, policy: LimitPolicy, key: &LimitKey) -> Result<Option<Allowance>, u64> {
        let verdict = self.0.check(policy, key).await;
        let decision = if matches!(verdict, LimitVerdict::Deny { .. }) { "refused" } else { "allowed" };
        metrics::counter!("rate_limit_decisions_total", "policy" => policy.name(), "decision" => decision)
            .increment(1);
        match verdict {
            LimitVerdict::Unlimited => Ok(None),
            LimitVerdict::Deny { retry_after, .. } => Err(retry_after),
            LimitVerdict::Allow { limit, remaining, reset } => {
                let window = self.0.rate(policy).window_seconds;
                Ok(Some(Allowance { policy, limit, window, remaining, reset }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_composition::{Limits, Rate};

    #[tokio::test]
    async fn what_is_left_is_told_and_then_the_time_to_wait() {
        let limits = Limits { login_by_ip: Rate::per_minute(3), ..Limits::default() };
        let throttle = Throttle::new(Arc::new(SharedLimiter::in_process(&limits)));
        let login = async |address: &str| {
            throttle.count_address(LimitPolicy::LoginByIp, Some(address.parse().unwrap())).await
        };
        let first = login("192.0.2.1").await.unwrap().unwrap();
        assert_eq!(first.policy_header(), "\"login\";q=3;w=60");
        assert_eq!(first.state_header(), "\"login\";r=2;t=20");
        assert!(login("192.0.2.1").await.is_ok() && login("192.0.2.1").await.is_ok());
        assert!((1..=20).contains(&login("192.0.2.1").await.unwrap_err()));
        assert!(login("192.0.2.2").await.is_ok(), "each address has its own");
    }

    #[test]
    fn routes_that_cost_more_have_a_policy_of_their_own() {
        assert_eq!(policy_of_public("/api/v1/auth/login"), LimitPolicy::LoginByIp);
        assert_eq!(policy_of_public("/api/v1/auth/register"), LimitPolicy::SignupByIp);
        assert_eq!(policy_of_public("/api/v1/auth/forgot-password"), LimitPolicy::ForgotByIp);
        assert_eq!(policy_of_public("/api/v1/auth/verify-email"), LimitPolicy::TokenByIp);
        assert_eq!(policy_of_sensitive("/api/v1/auth/change-password"), Some(LimitPolicy::SensitiveByIp));
        assert_eq!(policy_of_sensitive("/api/v1/auth/logout"), None);
        assert_eq!(policy_of_public("/api/v1/openapi.json"), LimitPolicy::AnonymousByIp);
    }
}
