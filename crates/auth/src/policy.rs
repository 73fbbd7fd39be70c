//! The numbers of identity that an installation may change, and those that it may not.

use chrono::TimeDelta;

/// Who may make an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignupMode {
    /// Everybody, at once.
    Open,
    /// Everybody who proves his address by a link that is mailed to it.
    Verified,
    /// Nobody but the platform.
    Closed,
}

impl SignupMode {
    /// The mode of that name (`open`, `verified`, `closed`), or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "open" => Some(Self::Open),
            "verified" => Some(Self::Verified),
            "closed" => Some(Self::Closed),
            _ => None,
        }
    }
}

/// What an installation decides about identity.
#[derive(Clone, Copy, Debug)]
pub struct AuthPolicy {
    /// Who may sign up.
    pub signup: SignupMode,
    /// Whether failed logins in a row delay further ones. Off only in benchmarks and tests.
    pub login_delays: bool,
    /// Least number of code points of a new password, 8..=64.
    pub min_password_chars: usize,
    /// Lifetime of an access token, 60..=900 s. Up to 5 % are taken off at random.
    pub access_token_seconds: i64,
}

impl Default for AuthPolicy {
    fn default() -> Self {
        Self {
            signup: SignupMode::Open,
            login_delays: true,
            min_password_chars: 12,
            access_token_seconds: 600,
        }
    }
}

/// How long a token to set a password with is good that the operator asked for.
pub(crate) const SET_PASSWORD_TOKEN: TimeDelta = TimeDelta::hours(72);
/// How long a mailed token to set a password with is good.
pub(crate) const RESET_TOKEN: TimeDelta = TimeDelta::minutes(30);
/// How long a mailed token to prove an address with is good.
pub(crate) const VERIFY_TOKEN: TimeDelta = TimeDelta::hours(24);
/// How long an invitation can be accepted.
pub(crate) const INVITATION: TimeDelta = TimeDelta::hours(72);
/// How long an offer to take over an organization can be accepted.
pub(crate) const OWNERSHIP_OFFER: TimeDelta = TimeDelta::hours(72);
/// For how long a sign-up waits for a proof of its address before nothing more is mailed about it.
pub(crate) const SIGN_UP_WAITS: TimeDelta = TimeDelta::days(3);
/// Sessions that a user may have at a time; the longest unused one goes when one more begins (ASVS 7.1.2).
pub(crate) const MAX_SESSIONS: usize = 10;
/// For how long a used refresh token still gives the successor that it gave before, so that a lost answer loses nothing.
pub(crate) const REFRESH_GRACE: TimeDelta = TimeDelta::seconds(30);

/// For how long a session is kept after its end, with its tokens.
pub(crate) const SESSIONS_KEPT: TimeDelta = TimeDelta::days(7);
/// For how long used and expired tokens, and sign-ups, are kept.
pub(crate) const TOKENS_KEPT: TimeDelta = TimeDelta::days(7);
/// For how long failed logins are kept after the last one.
pub(crate) const LOGIN_ATTEMPTS_KEPT: TimeDelta = TimeDelta::days(30);

/// How long a session and its refresh tokens live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionLifetime {
    /// A refresh token that is not used for so long is dead.
    pub(crate) idle: TimeDelta,
    /// No refresh goes beyond this age of the session.
    pub(crate) absolute: TimeDelta,
}

impl SessionLifetime {
    /// Of a member's session.
    pub(crate) const MEMBER: Self = Self { idle: TimeDelta::days(7), absolute: TimeDelta::days(30) };
    /// Of a platform administrator's session.
    pub(crate) const PLATFORM_ADMIN: Self =
        Self { idle: TimeDelta::hours(8), absolute: TimeDelta::hours(12) };

    /// The lifetime for a session with or without an organization.
    pub(crate) const fn of(has_organization: bool) -> Self {
        if has_organization { Self::MEMBER } else { Self::PLATFORM_ADMIN }
    }
}
