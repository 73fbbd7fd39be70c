//! A fixed clock, counted ids and ready-made contexts, for tests of the crates above (feature `testing`).

use crate::{
    Clock, IdSource, OrganizationId, OrganizationSettings, PermissionSet, Role, TenantContext, UserId,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FixedClock(Mutex<DateTime<Utc>>);

impl FixedClock {
    /// A clock that stands at that instant.
    #[must_use]
    pub const fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
    }

    /// A clock that stands at an RFC 3339 instant.
    ///
    /// # Panics
    /// When the text is no instant.
    #[must_use]
    #[allow(clippy::expect_used, reason = "test support: a wrong literal is a bug of the test")]
    pub fn at_text(text: &str) -> Self {
        Self::at(DateTime::parse_from_rfc3339(text).expect("an RFC 3339 instant").to_utc())
    }

    /// Moves the clock.
    pub fn advance(&self, by: TimeDelta) {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now += by;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Ids 1, 2, 3 .. in the shape of a UUIDv7.
#[derive(Debug, Default)]
pub struct CountedIds(AtomicU64);

impl IdSource for CountedIds {
    fn next_uuid(&self) -> Uuid {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(count))
    }
}

/// A member of an organization with exactly these permissions.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "test support is one of the two makers of contexts")]
pub fn member(
    organization: OrganizationId,
    actor: UserId,
    role: Role,
    permissions: PermissionSet,
) -> TenantContext {
    TenantContext::new(
        organization,
        actor,
        role,
        permissions,
        OrganizationSettings::default(),
        "test-request".to_owned(),
    )
}
