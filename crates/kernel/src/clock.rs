//! Time is given, never taken.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// Tells the time. The system's in production, fixed in tests.
pub trait Clock: Send + Sync {
    /// The current instant, cut to microseconds.
    fn now(&self) -> DateTime<Utc>;
}

/// Cuts an instant to microseconds, which is all that PostgreSQL keeps.
#[must_use]
pub fn to_microseconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(at)
}
