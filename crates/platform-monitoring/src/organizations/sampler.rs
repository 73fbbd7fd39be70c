//! Takes samples, one organization after the other.

use super::{
    Gap, OrganizationFacts, OrganizationSample, STALE_AFTER, SampleClaim, SampleError, SampleFigures,
    SampleLease, SampleSource, SampleStore,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::Duration;
use vigie_kernel::{Clock, OperatorContext, OrganizationId, StoreError};

/// What became of one step of the sampler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleStep {
    /// An organization was sampled; the gap when its database could not be measured.
    Sampled(OrganizationId, Option<Gap>),
    /// It is not in service any more.
    Retired(OrganizationId),
    /// The pace of the installation does not allow another one before that time is over.
    Wait(Duration),
    /// Nobody is due.
    Idle,
}

/// What became of a sample that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleNow {
    /// Here it is.
    Taken(Box<OrganizationSample>),
    /// The pace of the installation does not allow it before that time is over.
    Wait(Duration),
}

/// Samples of organizations.
#[async_trait]
pub trait SampleService: Send + Sync {
    /// Samples the organization that has been due for longest, at most two in a second for the whole installation. Cancelled in
    /// between, it leaves the organization to who comes after a minute.
    async fn step(&self) -> Result<SampleStep, StoreError>;

    /// Samples one organization now, due or not, at the same pace.
    async fn sample_now(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
    ) -> Result<SampleNow, SampleError>;

    /// The latest samples of those of these organizations that have one, as they are to be read now. One statement on the
    /// control database; no organization's database is opened.
    async fn samples(
        &self,
        operator: &OperatorContext,
        organizations: &[OrganizationId],
    ) -> Result<Vec<OrganizationSample>, SampleError>;

    /// Who was sampled before that instant is not known to be healthy.
    fn stale_before(&self) -> DateTime<Utc>;

    /// Figures of the whole installation, for a scrape.
    async fn figures(&self) -> Result<SampleFigures, StoreError>;
}

/// The one implementation of [`SampleService`].
pub struct Sampler {
    store: Arc<dyn SampleStore>,
    source: Arc<dyn SampleSource>,
    clock: Arc<dyn Clock>,
}

impl Sampler {
    /// The service.
    #[must_use]
    pub fn new(store: Arc<dyn SampleStore>, source: Arc<dyn SampleSource>, clock: Arc<dyn Clock>) -> Self {
        Self { store, source, clock }
    }

    /// Samples the organization whose turn was taken; `None` when it is not in service.
    async fn sample(&self, lease: &SampleLease) -> Result<Option<OrganizationSample>, StoreError> {
        let Some(facts) = self.store.facts(lease.organization, self.clock.now()).await? else {
            self.store.retire(lease).await?;
            return Ok(None);
        };
        let found = self.measure(&facts).await;
        let sample = OrganizationSample::taken(&facts, found, self.clock.now());
        let (id, due_at) = (sample.organization, sample.sampled_at + sample.next_after());
        if let Some(gap) = sample.gap {
            let failures = sample.failures_in_a_row;
            tracing::warn!(organization.id = %id, gap = gap.name(), failures, "its database could not be measured");
        }
        if !self.store.record(lease, &sample, due_at).await? {
            tracing::debug!(organization.id = %id, "its sample came after its turn was over");
        }
        Ok(Some(sample))
    }

    async fn measure(&self, facts: &OrganizationFacts) -> Option<Result<super::Measured, Gap>> {
        if facts.has_database() { Some(self.source.measure(facts).await) } else { None }
    }

    fn until(&self, at: DateTime<Utc>) -> Duration {
        (at - self.clock.now()).to_std().unwrap_or_default()
    }
}

#[async_trait]
impl SampleService for Sampler {
    async fn step(&self) -> Result<SampleStep, StoreError> {
        match self.store.claim(self.clock.now()).await? {
            SampleClaim::Taken(lease) => Ok(match self.sample(&lease).await? {
                Some(sample) => SampleStep::Sampled(lease.organization, sample.gap),
                None => SampleStep::Retired(lease.organization),
            }),
            SampleClaim::Wait(at) => Ok(SampleStep::Wait(self.until(at))),
            SampleClaim::Nothing => {
                let enrolled = self.store.enrol(self.clock.now()).await?;
                Ok(if enrolled == 0 { SampleStep::Idle } else { SampleStep::Wait(Duration::ZERO) })
            }
        }
    }

    async fn sample_now(
        &self,
        _operator: &OperatorContext,
        organization: OrganizationId,
    ) -> Result<SampleNow, SampleError> {
        let now = self.clock.now();
        if self.store.facts(organization, now).await?.is_none() {
            return Err(SampleError::NotInService);
        }
        match self.store.claim_one(organization, now).await? {
            SampleClaim::Taken(lease) => {
                let sample = self.sample(&lease).await?.ok_or(SampleError::NotInService)?;
                Ok(SampleNow::Taken(Box::new(sample)))
            }
            SampleClaim::Wait(at) => Ok(SampleNow::Wait(self.until(at))),
            SampleClaim::Nothing => Err(SampleError::NotInService),
        }
    }

    async fn samples(
        &self,
        _operator: &OperatorContext,
        organizations: &[OrganizationId],
    ) -> Result<Vec<OrganizationSample>, SampleError> {
        if organizations.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let samples = self.store.samples(organizations).await?;
        Ok(samples.into_iter().map(|sample| sample.seen_at(now)).collect())
    }

    fn stale_before(&self) -> DateTime<Utc> {
        self.clock.now() - STALE_AFTER
    }

    async fn figures(&self) -> Result<SampleFigures, StoreError> {
        self.store.figures().await
    }
}
