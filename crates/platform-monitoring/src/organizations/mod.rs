//! Samples of organizations, and what they say about their health.

mod error;
mod facts;
mod ports;
mod rules;
mod sample;
mod sampler;
#[cfg(test)]
mod tests;

pub use error::SampleError;
pub use facts::{OrganizationFacts, SchemaState};
pub use ports::{SampleClaim, SampleFigures, SampleLease, SampleSource, SampleStore};
pub use rules::{BACKUP_OVERDUE_AFTER, Evidence, HealthRule, STALE_AFTER, UNREACHABLE_AFTER, judge};
pub use sample::{Gap, Measured, OrganizationSample};
pub use sampler::{SampleNow, SampleService, SampleStep, Sampler};

use chrono::TimeDelta;
use std::time::Duration;

/// The shortest time between two organizations' databases, for the whole installation: two a second.
pub const PACE: TimeDelta = TimeDelta::milliseconds(500);
/// The time from one sample of an organization to the next.
pub const SAMPLE_EVERY: TimeDelta = TimeDelta::hours(1);
/// The time after which a sample that failed is taken again, as long as nobody knows whether it was chance.
pub const RETRY_AFTER: TimeDelta = TimeDelta::minutes(5);
/// Who has taken an organization's turn and does not come back by then has lost it.
pub const SAMPLE_LEASE: TimeDelta = TimeDelta::minutes(1);
/// The longest time that measuring one organization may take.
pub const MEASURE_LIMIT: Duration = Duration::from_secs(2);
