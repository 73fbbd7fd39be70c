//! One attempt at a job.

use super::Background;
use super::handlers::AnyHandler;
use crate::figures;
use async_trait::async_trait;
use futures_util::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use vigie_jobs::{JobError, JobRun, Progress};
use vigie_kernel::{BoxError, StoreError};
use vigie_repository::{ClaimedJob, Hold, JobQueue, JobStatus, LEASE};

/// How often a worker looks whether its job was cancelled or its organization locked.
const LOOK: Duration = Duration::from_secs(1);
/// How often it prolongs its lease.
const RENEW: Duration = Duration::from_secs(LEASE.as_secs() / 3);
/// How long a handler has to stop by itself, once it was told.
const GRACE: Duration = Duration::from_secs(30);

/// How long a job waits whose organization nothing may leave, before it is looked at again.
const HELD_BACK: Duration = Duration::from_mins(1);

/// How an attempt ended.
enum End {
    /// The handler came back.
    Returned(Result<(), JobError>),
    /// It was dropped where it stood.
    Dropped(JobError),
    /// The worker stops.
    Stopped,
}

impl Background {
    /// Runs one attempt and records what came of it.
    pub(super) async fn attempt(&self, job: ClaimedJob, stop: &CancellationToken) -> Result<(), StoreError> {
        let Some((kind, handler)) = self.handlers.get(&job.name) else {
            figures::job_ended("unknown", "dead", Duration::ZERO);
            tracing::error!(job.id = %job.id, job.name = %job.name, "the job is dead: no handler of that name");
            return self.queue.bury(&job, "no handler of that name").await;
        };
        let signs = Arc::new(Signs::default());
        let progress =
            LeaseProgress { queue: Arc::clone(&self.queue), job: job.clone(), signs: Arc::clone(&signs) };
        let run = JobRun {
            job: job.id,
            organization: job.organization,
            attempt: job.attempt,
            request_id: job.request_id.clone(),
            progress: Arc::new(progress),
        };
        let began = Instant::now();
        let end = tokio::select! {
            returned = caught(self.handled(handler.as_ref(), &run, job.payload.clone())) => End::Returned(returned),
            error = self.watch(&job, &signs) => End::Dropped(error),
            () = stop.cancelled() => End::Stopped,
        };
        let result = match end {
            End::Returned(Ok(())) => self.queue.finish(&job).await.map(|()| "done")?,
            End::Stopped => self.queue.release(&job).await.map(|()| "released")?,
            End::Returned(Err(error)) => {
                let delay = handler.retry().jittered(job.attempt, self.random.number());
                self.failed(&job, error, delay, true).await?
            }
            End::Dropped(error) => self.failed(&job, error, Duration::ZERO, false).await?,
        };
        figures::job_ended(kind, result, began.elapsed());
        Ok(())
    }

    /// Lets the handler have the job, unless it would send something that may not leave its organization now.
    async fn handled(
        &self,
        handler: &dyn AnyHandler,
        run: &JobRun,
        payload: serde_json::Value,
    ) -> Result<(), JobError> {
        if let Some(organization) = run.organization.filter(|_| handler.is_outgoing()) {
            let entitlements = self.entitlements.of(organization).await.map_err(JobError::retry)?;
            if let Err(paused) = entitlements.may_send() {
                tracing::debug!(job.id = %run.job, "the job waits: {paused}");
                return Err(JobError::Later(HELD_BACK));
            }
        }
        handler.handle(run, payload).await
    }

    /// Records that the handler did not get through. `knows` says whether it had the chance to tell anybody.
    async fn failed(
        &self,
        job: &ClaimedJob,
        error: JobError,
        delay: Duration,
        knows: bool,
    ) -> Result<&'static str, StoreError> {
        match error {
            JobError::LeaseLost => {
                tracing::info!(job.id = %job.id, job.name = %job.name, "stopped: the lease is lost");
                Ok("lost")
            }
            JobError::Cancelled => {
                tracing::info!(job.id = %job.id, job.name = %job.name, "stopped: the job was cancelled");
                self.queue.cancelled(job, knows).await.map(|()| "cancelled")
            }
            JobError::Paused => {
                tracing::info!(job.id = %job.id, job.name = %job.name, "stopped: its organization is locked");
                self.queue.release(job).await.map(|()| "released")
            }
            JobError::Later(delay) => {
                tracing::debug!(job.id = %job.id, job.name = %job.name, "the job cannot run now and waits");
                self.queue.postpone(job, delay).await.map(|_| "released")
            }
            JobError::Fail(error) => {
                let error = chain(&error);
                tracing::error!(job.id = %job.id, job.name = %job.name, %error, "the job is dead");
                self.queue.bury(job, &error).await.map(|()| "dead")
            }
            JobError::Retry(error) => {
                let error = chain(&error);
                let status = self.queue.retry(job, delay, &error).await?;
                let (id, name, attempt) = (job.id, &job.name, job.attempt);
                match status {
                    JobStatus::Dead => {
                        tracing::error!(job.id = %id, job.name = %name, job.attempt = attempt, %error, "the job is dead: no attempt is left");
                        Ok("dead")
                    }
                    JobStatus::Cancelled => Ok("cancelled"),
                    JobStatus::Queued | JobStatus::Running | JobStatus::Done => {
                        tracing::warn!(job.id = %id, job.name = %name, job.attempt = attempt, %error, "the attempt failed");
                        Ok("failed")
                    }
                }
            }
        }
    }

    /// Prolongs the lease while the job runs, and tells the handler what happens meanwhile. Returns when the lease is lost, or when the
    /// handler does not stop in time.
    async fn watch(&self, job: &ClaimedJob, signs: &Signs) -> JobError {
        let mut renewed = Instant::now();
        let mut told: Option<Instant> = None;
        loop {
            tokio::time::sleep(LOOK).await;
            let hold = if renewed.elapsed() >= RENEW {
                renewed = Instant::now();
                self.queue.heartbeat(job, None).await
            } else {
                self.queue.look_at(job).await
            };
            match hold {
                Ok(hold) => {
                    if let Err(error) = signs.note(hold) {
                        let told = *told.get_or_insert_with(Instant::now);
                        if hold == Hold::Lost || told.elapsed() >= GRACE {
                            return error;
                        }
                    }
                }
                // The lease may still be ours when the database answers again; the fencing token decides.
                Err(error) => tracing::warn!(job.id = %job.id, %error, "the lease could not be prolonged"),
            }
        }
    }
}

/// What the handler is told: the worst news so far.
#[derive(Default)]
struct Signs(AtomicU8);

impl Signs {
    fn note(&self, hold: Hold) -> Result<(), JobError> {
        let sign = match hold {
            Hold::Held => 0,
            Hold::Paused => 1,
            Hold::Cancelled => 2,
            Hold::Lost => 3,
        };
        self.0.fetch_max(sign, Ordering::Relaxed);
        self.tell()
    }

    fn tell(&self) -> Result<(), JobError> {
        match self.0.load(Ordering::Relaxed) {
            0 => Ok(()),
            1 => Err(JobError::Paused),
            2 => Err(JobError::Cancelled),
            _ => Err(JobError::LeaseLost),
        }
    }
}

struct LeaseProgress {
    queue: Arc<JobQueue>,
    job: ClaimedJob,
    signs: Arc<Signs>,
}

#[async_trait]
impl Progress for LeaseProgress {
    async fn report(&self, done: u64, total: Option<u64>) -> Result<(), JobError> {
        let hold = self.queue.heartbeat(&self.job, Some((done, total))).await.map_err(JobError::retry)?;
        self.signs.note(hold)
    }

    fn check(&self) -> Result<(), JobError> {
        self.signs.tell()
    }
}

/// A handler that panics has failed like any other; the worker goes on.
async fn caught(handling: impl Future<Output = Result<(), JobError>>) -> Result<(), JobError> {
    AssertUnwindSafe(handling).catch_unwind().await.unwrap_or_else(|panic| {
        let told = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        Err(JobError::retry(format!("the handler panicked: {}", told.unwrap_or_default())))
    })
}

/// The error with its causes, each told once.
fn chain(error: &BoxError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let message = cause.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        source = cause.source();
    }
    text
}
