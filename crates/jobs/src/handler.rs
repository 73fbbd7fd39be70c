//! Running a job.

use crate::Job;
use async_trait::async_trait;
use std::sync::Arc;
use thiserror::Error;
use vigie_kernel::{BoxError, JobId, OrganizationId};

/// Why a job did not finish, and what happens next.
#[derive(Debug, Error)]
pub enum JobError {
    /// Worth another attempt later.
    #[error("the job is worth another attempt")]
    Retry(#[source] BoxError),
    /// No attempt can succeed: the job is dead at once.
    #[error("no attempt can succeed")]
    Fail(#[source] BoxError),
    /// Another holder has the job by now: this one must stop and record nothing.
    #[error("the lease on the job is lost")]
    LeaseLost,
}

impl JobError {
    /// Worth another attempt.
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self::Retry(error.into())
    }

    /// Not worth another attempt.
    pub fn fail(error: impl Into<BoxError>) -> Self {
        Self::Fail(error.into())
    }
}

/// Where a running job tells how far it is, and learns whether it should stop.
#[async_trait]
pub trait Progress: Send + Sync {
    /// Tells that `done` of `total` units are done and keeps the lease alive; [`JobError::LeaseLost`] when it is gone.
    async fn report(&self, done: u64, total: Option<u64>) -> Result<(), JobError>;
}

/// One attempt at a job.
#[derive(Clone)]
pub struct JobRun {
    /// The job.
    pub job: JobId,
    /// The organization whose job it is; `None` for the platform's own.
    pub organization: Option<OrganizationId>,
    /// Counted from 1.
    pub attempt: u16,
    /// The request that caused it.
    pub request_id: String,
    /// Where to tell progress.
    pub progress: Arc<dyn Progress>,
}

/// Runs the jobs of one name. Must be idempotent: an attempt may die anywhere and be followed by another.
#[async_trait]
pub trait Handle<J: Job>: Send + Sync {
    /// Runs one attempt.
    async fn handle(&self, run: &JobRun, job: J) -> Result<(), JobError>;
}
