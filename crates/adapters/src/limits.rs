//! Rate limits, in the process: fit for one process, and for the time in which a shared limiter is away.

use governor::clock::{Clock, DefaultClock, Reference};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Keys that one limit remembers; when they are all in use, a key that is not among them is refused.
const CAPACITY: usize = 10_000;

/// So many requests in so many seconds, all at once or spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests, at least 1.
    pub limit: u32,
    /// Seconds in which they come back, at least 1.
    pub window_seconds: u32,
}

impl Rate {
    /// So many in a minute.
    #[must_use]
    pub const fn per_minute(limit: u32) -> Self {
        Self { limit, window_seconds: 60 }
    }

    /// So many in an hour.
    #[must_use]
    pub const fn per_hour(limit: u32) -> Self {
        Self { limit, window_seconds: 3_600 }
    }

    /// So many in a day.
    #[must_use]
    pub const fn per_day(limit: u32) -> Self {
        Self { limit, window_seconds: 86_400 }
    }

    /// Half as many in the same time, at least one.
    const fn half(self) -> Self {
        Self { limit: if self.limit < 2 { 1 } else { self.limit / 2 }, ..self }
    }

    fn quota(self) -> Quota {
        let limit = NonZeroU32::new(self.limit).unwrap_or(NonZeroU32::MIN);
        let window = Duration::from_secs(u64::from(self.window_seconds.max(1)));
        let one = window / limit.get();
        Quota::with_period(one).unwrap_or_else(|| Quota::per_second(limit)).allow_burst(limit)
    }
}

/// The limits of an installation. Every number is configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Off only in benchmarks and tests.
    pub enabled: bool,
    /// Logins from one network address.
    pub login_by_ip: Rate,
    /// Refreshes from one network address.
    pub refresh_by_ip: Rate,
    /// Refreshes of one session.
    pub refresh_by_session: Rate,
    /// Sign-ups from one network address.
    pub signup_by_ip: Rate,
    /// Sign-ups with one e-mail address.
    pub signup_by_email: Rate,
    /// Mails to set a new password asked for from one network address.
    pub forgot_by_ip: Rate,
    /// Mails to set a new password to one e-mail address.
    pub forgot_by_email: Rate,
    /// Further mails that prove an e-mail address: one after the other.
    pub resend_by_email: Rate,
    /// The same, over a day.
    pub resend_by_email_daily: Rate,
    /// Mailed tokens that are tried from one network address.
    pub token_by_ip: Rate,
    /// What needs the password once more, from one network address.
    pub sensitive_by_ip: Rate,
    /// What needs the password once more, by one user.
    pub sensitive_by_user: Rate,
    /// Requests without a token from one network address.
    pub anonymous_by_ip: Rate,
    /// Requests of one user.
    pub member_by_user: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            enabled: true,
            login_by_ip: Rate::per_minute(10),
            refresh_by_ip: Rate::per_minute(60),
            refresh_by_session: Rate::per_minute(30),
            signup_by_ip: Rate::per_hour(5),
            signup_by_email: Rate::per_day(3),
            forgot_by_ip: Rate::per_hour(5),
            forgot_by_email: Rate { limit: 3, window_seconds: 3 * 3_600 },
            resend_by_email: Rate::per_minute(1),
            resend_by_email_daily: Rate::per_day(5),
            token_by_ip: Rate::per_minute(20),
            sensitive_by_ip: Rate::per_minute(10),
            sensitive_by_user: Rate { limit: 5, window_seconds: 15 * 60 },
            anonymous_by_ip: Rate::per_minute(60),
            member_by_user: Rate::per_minute(1_200),
        }
    }
}

/// One of the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitPolicy {
    /// [`Limits::login_by_ip`].
    LoginByIp,
    /// [`Limits::refresh_by_ip`].
    RefreshByIp,
    /// [`Limits::refresh_by_session`].
    RefreshBySession,
    /// [`Limits::signup_by_ip`].
    SignupByIp,
    /// [`Limits::signup_by_email`].
    SignupByEmail,
    /// [`Limits::forgot_by_ip`].
    ForgotByIp,
    /// [`Limits::forgot_by_email`].
    ForgotByEmail,
    /// [`Limits::resend_by_email`].
    ResendByEmail,
    /// [`Limits::resend_by_email_daily`].
    ResendByEmailDaily,
    /// [`Limits::token_by_ip`].
    TokenByIp,
    /// [`Limits::sensitive_by_ip`].
    SensitiveByIp,
    /// [`Limits::sensitive_by_user`].
    SensitiveByUser,
    /// [`Limits::anonymous_by_ip`].
    AnonymousByIp,
    /// [`Limits::member_by_user`].
    MemberByUser,
}

impl LimitPolicy {
    /// The name in `RateLimit-Policy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LoginByIp => "login",
            Self::RefreshByIp => "refresh",
            Self::RefreshBySession => "refresh-session",
            Self::SignupByIp => "signup",
            Self::SignupByEmail => "signup-address",
            Self::ForgotByIp => "forgot",
            Self::ForgotByEmail => "forgot-address",
            Self::ResendByEmail => "resend-address",
            Self::ResendByEmailDaily => "resend-address-daily",
            Self::TokenByIp => "token",
            Self::SensitiveByIp => "sensitive",
            Self::SensitiveByUser => "sensitive-user",
            Self::AnonymousByIp => "anonymous",
            Self::MemberByUser => "default",
        }
    }
}

impl LimitPolicy {
    /// Whether it guards a door at which passwords and tokens are tried out. Such a door never stands open, not even while the
    /// counters that processes share are away.
    #[must_use]
    pub const fn guards_accounts(self) -> bool {
        match self {
            Self::LoginByIp
            | Self::RefreshByIp
            | Self::RefreshBySession
            | Self::SignupByIp
            | Self::SignupByEmail
            | Self::ForgotByIp
            | Self::ForgotByEmail
            | Self::ResendByEmail
            | Self::ResendByEmailDaily
            | Self::TokenByIp
            | Self::SensitiveByIp
            | Self::SensitiveByUser => true,
            Self::AnonymousByIp | Self::MemberByUser => false,
        }
    }
}

/// Whom a limit counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LimitKey {
    /// A network address.
    Ip(IpAddr),
    /// A user, or a session.
    Id(Uuid),
    /// Anything else, such as the pseudonym of an address.
    Text(String),
}

impl LimitKey {
    /// The key of a client's network address: an IPv4 address, also one that is mapped into IPv6, or the /64 of an IPv6
    /// address, which is what one customer holds.
    #[must_use]
    pub fn ip(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::Ip(IpAddr::V4(v4)),
            IpAddr::V6(v6) => {
                let network = u128::from(v6) & !u128::from(u64::MAX);
                Self::Ip(IpAddr::V6(Ipv6Addr::from(network)))
            }
        }
    }
}

/// Whether a request goes through, and what the rate headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitVerdict {
    /// It goes through.
    Allow {
        /// Requests in a window.
        limit: u32,
        /// Requests that are left now.
        remaining: u32,
        /// Seconds until all of them are back.
        reset: u64,
    },
    /// It does not.
    Deny {
        /// Requests in a window.
        limit: u32,
        /// Seconds after which one goes through, at least 1.
        retry_after: u64,
    },
    /// Limits are switched off.
    Unlimited,
}

/// Counts requests and refuses what is too many.
pub struct Limiter<C: Clock = DefaultClock> {
    enabled: bool,
    login_by_ip: Gate<C>,
    refresh_by_ip: Gate<C>,
    refresh_by_session: Gate<C>,
    signup_by_ip: Gate<C>,
    signup_by_email: Gate<C>,
    forgot_by_ip: Gate<C>,
    forgot_by_email: Gate<C>,
    resend_by_email: Gate<C>,
    resend_by_email_daily: Gate<C>,
    token_by_ip: Gate<C>,
    sensitive_by_ip: Gate<C>,
    sensitive_by_user: Gate<C>,
    anonymous_by_ip: Gate<C>,
    member_by_user: Gate<C>,
}

impl Limiter {
    /// A limiter with these limits, by the process's steady clock.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self::with_clock(limits, &DefaultClock::default())
    }

    /// A limiter that allows half as much, for the time in which a shared one is away.
    pub(crate) fn at_half(limits: &Limits) -> Self {
        Self::scaled(limits, &DefaultClock::default(), Rate::half)
    }
}

impl<C: Clock + Clone> Limiter<C> {
    pub(crate) fn with_clock(limits: &Limits, clock: &C) -> Self {
        Self::scaled(limits, clock, |rate| rate)
    }

    fn scaled(limits: &Limits, clock: &C, scale: impl Fn(Rate) -> Rate) -> Self {
        let gate = |rate| Gate::new(scale(rate), clock);
        Self {
            enabled: limits.enabled,
            login_by_ip: gate(limits.login_by_ip),
            refresh_by_ip: gate(limits.refresh_by_ip),
            refresh_by_session: gate(limits.refresh_by_session),
            signup_by_ip: gate(limits.signup_by_ip),
            signup_by_email: gate(limits.signup_by_email),
            forgot_by_ip: gate(limits.forgot_by_ip),
            forgot_by_email: gate(limits.forgot_by_email),
            resend_by_email: gate(limits.resend_by_email),
            resend_by_email_daily: gate(limits.resend_by_email_daily),
            token_by_ip: gate(limits.token_by_ip),
            sensitive_by_ip: gate(limits.sensitive_by_ip),
            sensitive_by_user: gate(limits.sensitive_by_user),
            anonymous_by_ip: gate(limits.anonymous_by_ip),
            member_by_user: gate(limits.member_by_user),
        }
    }

    /// Counts one request under a policy.
    #[must_use]
    pub fn check(&self, policy: LimitPolicy, key: &LimitKey) -> LimitVerdict {
        if self.enabled { self.gate(policy).check(key) } else { LimitVerdict::Unlimited }
    }

    /// The numbers of a policy.
    #[must_use]
    pub const fn rate(&self, policy: LimitPolicy) -> Rate {
        self.gate(policy).rate
    }

    const fn gate(&self, policy: LimitPolicy) -> &Gate<C> {
        match policy {
            LimitPolicy::LoginByIp => &self.login_by_ip,
            LimitPolicy::RefreshByIp => &self.refresh_by_ip,
            LimitPolicy::RefreshBySession => &self.refresh_by_session,
            LimitPolicy::SignupByIp => &self.signup_by_ip,
            LimitPolicy::SignupByEmail => &self.signup_by_email,
            LimitPolicy::ForgotByIp => &self.forgot_by_ip,
            LimitPolicy::ForgotByEmail => &self.forgot_by_email,
            LimitPolicy::ResendByEmail => &self.resend_by_email,
            LimitPolicy::ResendByEmailDaily => &self.resend_by_email_daily,
            LimitPolicy::TokenByIp => &self.token_by_ip,
            LimitPolicy::SensitiveByIp => &self.sensitive_by_ip,
            LimitPolicy::SensitiveByUser => &self.sensitive_by_user,
            LimitPolicy::AnonymousByIp => &self.anonymous_by_ip,
            LimitPolicy::MemberByUser => &self.member_by_user,
        }
    }
}

type Bucket<C> = RateLimiter<LimitKey, BoundedKeys<C>, C, StateInformationMiddleware>;

/// One limit with its keys.
struct Gate<C: Clock> {
    rate: Rate,
    bucket: Bucket<C>,
}

impl<C: Clock + Clone> Gate<C> {
    fn new(rate: Rate, clock: &C) -> Self {
        let keys = BoundedKeys {
            known: Arc::default(),
            clock: clock.clone(),
            start: clock.now(),
            capacity: CAPACITY,
        };
        Self { rate, bucket: Bucket::new(rate.quota(), keys, clock.clone()) }
    }

    fn check(&self, key: &LimitKey) -> LimitVerdict {
        let limit = self.rate.limit.max(1);
        let window = u64::from(self.rate.window_seconds.max(1));
        match self.bucket.check_key(key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let used = u64::from(limit.saturating_sub(remaining));
                LimitVerdict::Allow { limit, remaining, reset: (used * window).div_ceil(u64::from(limit)) }
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.bucket.clock().now());
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                LimitVerdict::Deny { limit, retry_after: seconds.clamp(1, window) }
            }
        }
    }
}

/// Keys in bounded number: those that have their full allowance again are forgotten when there is no room.
struct BoundedKeys<C: Clock> {
    known: Arc<Mutex<HashMap<LimitKey, Nanos>>>,
    clock: C,
    start: C::Instant,
    capacity: usize,
}

/// Far enough ahead that no request goes through.
const NEVER: Duration = Duration::from_hours(24 * 365);

impl<C: Clock> StateStore for BoundedKeys<C> {
    type Key = LimitKey;

    fn measure_and_replace<T, F, E>(&self, key: &LimitKey, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = known.get_mut(key) {
            let (answer, next) = f(Some(*state))?;
            *state = next;
            return Ok(answer);
        }
        if known.len() >= self.capacity {
            let now = self.clock.now().duration_since(self.start);
            known.retain(|_, arrives| *arrives > now);
            if known.len() >= self.capacity {
                return f(Some(now + Nanos::from(NEVER))).map(|(answer, _)| answer);
            }
        }
        let (answer, next) = f(None)?;
        known.insert(key.clone(), next);
        Ok(answer)
    }
}
