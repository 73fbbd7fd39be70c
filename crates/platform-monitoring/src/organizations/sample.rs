//! What is known of an organization from its latest sample.

use super::{Evidence, HealthRule, OrganizationFacts, STALE_AFTER, UNREACHABLE_AFTER, judge};
use super::{RETRY_AFTER, SAMPLE_EVERY};
use chrono::{DateTime, TimeDelta, Utc};
use vigie_kernel::{Health, OrganizationId};

/// What one look into an organization's database tells. `None` is not known, which is never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Bytes of the database on disk: `pg_database_size`, or the SQLite file with its write-ahead log.
    pub database_size_bytes: Option<u64>,
    /// Connections to the database besides the sampler's own; not known on SQLite.
    pub active_connections: Option<u64>,
    /// KPIs that are not archived.
    pub kpis: Option<u64>,
    /// Bytes of uploaded files, each content counted once.
    pub storage_bytes: Option<u64>,
    /// The newest line of the organization's audit trail.
    pub last_activity: Option<DateTime<Utc>>,
}

/// Why an organization's database could not be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gap {
    /// It did not answer within [`super::MEASURE_LIMIT`].
    Timeout,
    /// There was no connection to be had, or no database.
    Unreachable,
    /// It bears another organization's id.
    Foreign,
    /// It answered something that cannot be.
    Broken,
}

impl Gap {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Timeout, Self::Unreachable, Self::Foreign, Self::Broken];

    /// The stable name, as in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Foreign => "foreign",
            Self::Broken => "broken",
        }
    }

    /// The one of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gap| gap.name() == name)
    }
}

/// The latest sample of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationSample {
    /// The organization.
    pub organization: OrganizationId,
    /// When it was taken, or was to be taken.
    pub sampled_at: DateTime<Utc>,
    /// Active members, as the plan counts them.
    pub members: u64,
    /// Those among them whose accounts may be used.
    pub users: u64,
    /// What its database told; everything `None` at a gap, but for the last activity.
    pub measured: Measured,
    /// Why its database told nothing.
    pub gap: Option<Gap>,
    /// Samples in a row that were gaps, this one included.
    pub failures_in_a_row: u32,
    /// The rule that fired; `None` is healthy.
    pub rule: Option<HealthRule>,
}

impl OrganizationSample {
    /// The sample of an organization out of what its database told, or why that told nothing; `None` is found of one that has no
    /// database.
    #[must_use]
    pub fn taken(
        facts: &OrganizationFacts,
        found: Option<Result<Measured, Gap>>,
        now: DateTime<Utc>,
    ) -> Self {
        let (mut measured, gap, failures_in_a_row) = match found {
            None => (Measured::default(), None, 0),
            Some(Ok(measured)) => (measured, None, 0),
            Some(Err(gap)) => (Measured::default(), Some(gap), facts.failures_in_a_row.saturating_add(1)),
        };
        measured.last_activity = measured.last_activity.max(facts.last_used_at);
        let rule = judge(&Evidence { facts, measured: &measured, gap, failures_in_a_row, now });
        let (members, users) = (facts.members, facts.users);
        Self {
            organization: facts.organization,
            sampled_at: now,
            members,
            users,
            measured,
            gap,
            failures_in_a_row,
            rule,
        }
    }

    /// How the organization is.
    #[must_use]
    pub fn health(&self) -> Health {
        self.rule.map_or(Health::Healthy, HealthRule::health)
    }

    /// The sample as it is to be read at an instant: an old one is no proof of health.
    #[must_use]
    pub fn seen_at(mut self, now: DateTime<Utc>) -> Self {
        if self.sampled_at < now - STALE_AFTER {
            self.rule = self.rule.into_iter().chain([HealthRule::SampleStale]).min();
        }
        self
    }

    /// The time to the organization's next sample. After the first gaps it is short, so that chance and trouble are soon told
    /// apart.
    #[must_use]
    pub const fn next_after(&self) -> TimeDelta {
        match self.failures_in_a_row {
            1..UNREACHABLE_AFTER => RETRY_AFTER,
            0 | UNREACHABLE_AFTER.. => SAMPLE_EVERY,
        }
    }
}
