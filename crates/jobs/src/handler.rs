//! Running a job.

use crate::Job;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
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
    /// Somebody cancelled the job: it ends here, and what was done stays done.
    #[error("the job was cancelled")]
    Cancelled,
    /// The job's organization is locked: it waits until the organization is open again, and this attempt does not count.
    #[error("the job's organization is locked")]
    Paused,
    /// Not now: the job waits so long and is looked at again, and this attempt does not count.
    #[error("it has to wait for {0:?}")]
    Later(Duration),
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
    /// Tells that `done` of `total` units are done and keeps the lease alive. [`JobError::Cancelled`], [`JobError::Paused`] or
    /// [`JobError::LeaseLost`] when the job must stop; the handler gives that error back.
    async fn report(&self, done: u64, total: Option<u64>) -> Result<(), JobError>;

    /// The same errors without telling progress. Asks nobody and costs nothing, so that a loop may call it at each step; it knows what
    /// was so at most a few seconds ago.
    fn check(&self) -> Result<(), JobError> {
        Ok(())
    }
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

/// How a job ended without its handler being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// It was cancelled while it waited, or did not stop when it was told to.
    Cancelled,
    /// Its attempts are used up: they failed in a way that looked worth another, or their workers died.
    Dead,
}

/// Runs the jobs of one name. Must be idempotent: an attempt may die anywhere and be followed by another.
#[async_trait]
pub trait Handle<J: Job>: Send + Sync {
    /// Runs one attempt.
    async fn handle(&self, run: &JobRun, job: J) -> Result<(), JobError>;

    /// Tells that no further attempt will come, so that what waits for the job can be told. Called some seconds after the end, at
    /// least once; called again for up to a day while it fails.
    async fn abandoned(&self, _run: &JobRun, _job: J, _how: Abandoned) -> Result<(), JobError> {
        Ok(())
    }
}
