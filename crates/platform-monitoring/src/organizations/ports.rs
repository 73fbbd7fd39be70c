//! What sampling needs from the control database and from the organizations' databases.

use super::{Gap, Measured, OrganizationFacts, OrganizationSample};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vigie_kernel::{OrganizationId, OrganizationStatus, StoreError};

/// The turn of one organization, which nobody else has until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleLease {
    /// The organization.
    pub organization: OrganizationId,
    /// When the turn is over; also what it is known by.
    pub until: DateTime<Utc>,
}

/// What became of asking for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleClaim {
    /// Here it is.
    Taken(SampleLease),
    /// The installation has opened a database a moment ago: not before that instant.
    Wait(DateTime<Utc>),
    /// No organization is due.
    Nothing,
}

/// Figures of the whole installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleFigures {
    /// Organizations by status; statuses that none has may be missing.
    pub organizations: Vec<(OrganizationStatus, u64)>,
    /// When a database was last measured.
    pub last_success_at: Option<DateTime<Utc>>,
}

/// Samples, and whose turn it is, in the control database: every process of the installation shares them.
#[async_trait]
pub trait SampleStore: Send + Sync {
    /// Puts organizations into the row that are sampled and not in it, in statuses [`OrganizationFacts::SAMPLED`]; tells how
    /// many. They are due at once.
    async fn enrol(&self, now: DateTime<Utc>) -> Result<u64, StoreError>;

    /// Takes the turn of the organization that has been due for longest, for [`super::SAMPLE_LEASE`], unless the whole
    /// installation has taken another one within the last [`super::PACE`].
    async fn claim(&self, now: DateTime<Utc>) -> Result<SampleClaim, StoreError>;

    /// Takes the turn of one organization, due or not and whoever has it, at the same pace. It must be there.
    async fn claim_one(
        &self,
        organization: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<SampleClaim, StoreError>;

    /// What is known of an organization; `None` when nothing of it is sampled (any more).
    async fn facts(
        &self,
        organization: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<Option<OrganizationFacts>, StoreError>;

    /// Stores a sample over the one before, unless the turn was lost; tells whether it was stored. The organization is due
    /// again at `due_at`.
    async fn record(
        &self,
        lease: &SampleLease,
        sample: &OrganizationSample,
        due_at: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Takes an organization out of the row, with its sample.
    async fn retire(&self, lease: &SampleLease) -> Result<(), StoreError>;

    /// The latest samples of those of these organizations that have one and are sampled, in one statement.
    async fn samples(&self, organizations: &[OrganizationId]) -> Result<Vec<OrganizationSample>, StoreError>;

    /// Figures of the whole installation.
    async fn figures(&self) -> Result<SampleFigures, StoreError>;
}

/// Looks into organizations' databases.
#[async_trait]
pub trait SampleSource: Send + Sync {
    /// Opens the organization's database, measures it and closes it again. Gives up after [`super::MEASURE_LIMIT`].
    async fn measure(&self, facts: &OrganizationFacts) -> Result<Measured, Gap>;
}
