//! The background loop: relays outboxes and runs jobs. Built here, started by an app.

use async_trait::async_trait;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use vigie_auth::{Forgotten, Upkeep};
use vigie_jobs::{Handle, Job, JobError, JobRun, Progress, Retry};
use vigie_kernel::StoreError;
use vigie_repository::{ClaimedJob, JobQueue, LEASE, Relay};
use vigie_tenancy::{ResumeReport, TenancyService};

/// How often every organization's outbox is looked at, in case a signal was lost with a process.
const SWEEP: Duration = Duration::from_mins(1);
/// How often operations on organizations are looked for that wait, or whose holder is gone.
const OPERATIONS: Duration = Duration::from_secs(5);
/// How often the worker looks whether the organization of a running job is suspended.
const PAUSE_CHECK: Duration = Duration::from_secs(1);
/// How long an idle worker waits before it looks again: other processes enqueue too.
const IDLE: Duration = Duration::from_secs(1);
/// How long it waits after the control database did not answer.
const TROUBLE: Duration = Duration::from_secs(3);

/// The jobs that this process knows, by name.
#[derive(Clone, Default)]
pub struct Handlers(HashMap<&'static str, Arc<dyn AnyHandler>>);

impl Handlers {
    /// Adds the handler of one kind of job.
    #[must_use]
    pub fn with<J: Job + Sync>(mut self, handler: Arc<dyn Handle<J>>) -> Self {
        self.0.insert(J::NAME, Arc::new(Typed { handler, job: PhantomData }));
        self
    }
}

#[async_trait]
trait AnyHandler: Send + Sync {
    fn retry(&self) -> Retry;
    async fn handle(&self, run: &JobRun, payload: serde_json::Value) -> Result<(), JobError>;
}

struct Typed<J> {
    handler: Arc<dyn Handle<J>>,
    job: PhantomData<fn(J)>,
}

#[async_trait]
impl<J: Job + Sync> AnyHandler for Typed<J> {
    fn retry(&self) -> Retry {
        J::RETRY
    }

    async fn handle(&self, run: &JobRun, payload: serde_json::Value) -> Result<(), JobError> {
        let job = serde_json::from_value(payload).map_err(JobError::fail)?;
        self.handler.handle(run, job).await
    }
}

/// The background loop of one process.
#[derive(Clone)]
pub struct Background {
    queue: Arc<JobQueue>,
    relay: Arc<Relay>,
    handlers: Handlers,
    tenancy: Arc<dyn TenancyService>,
    upkeep: Arc<Upkeep>,
    concurrency: usize,
}

impl Background {
    pub(crate) const fn new(
        queue: Arc<JobQueue>,
        relay: Arc<Relay>,
        handlers: Handlers,
        tenancy: Arc<dyn TenancyService>,
        upkeep: Arc<Upkeep>,
        concurrency: usize,
    ) -> Self {
        Self { queue, relay, handlers, tenancy, upkeep, concurrency }
    }

    /// Relays and runs jobs until `stop`; then gives back what it holds.
    pub async fn run(&self, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        for _ in 0..self.concurrency {
            let (this, stop) = (self.clone(), stop.clone());
            tasks.spawn(async move { this.work(&stop).await });
        }
        let (this, stop) = (self.clone(), stop);
        tasks.spawn(async move { this.relay_only(stop).await });
        while tasks.join_next().await.is_some() {}
    }

    /// Relays outboxes until `stop`, for a process that leaves the jobs to others.
    pub async fn relay_only(&self, stop: CancellationToken) {
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut operations = tokio::time::interval(OPERATIONS);
        operations.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = sweep.tick() => self.sweep().await,
                _ = operations.tick() => self.take_up_operations().await,
                organizations = self.relay.signal().wait() => {
                    for organization in organizations {
                        if let Err(error) = self.relay.relay(organization).await {
                            tracing::warn!(organization.id = %organization, %error, "its outbox waits for the next sweep");
                        }
                    }
                }
            }
        }
    }

    /// What a lost signal or a request that went away has left behind, and what nobody needs any more.
    async fn sweep(&self) {
        if let Err(error) = self.queue.prune().await {
            tracing::warn!(%error, "ended jobs could not be forgotten");
        }
        if let Err(error) = self.relay.sweep().await {
            tracing::warn!(%error, "the outboxes could not be swept");
        }
    }

    async fn take_up_operations(&self) {
        match self.tenancy.resume_unfinished().await {
            Ok(report) if report == ResumeReport::default() => {}
            Ok(report) => {
                tracing::info!(?report, "went on with operations on organizations");
            }
            Err(error) => tracing::warn!(%error, "operations on organizations could not be looked at"),
        }
        match self.upkeep.run().await {
            Ok(forgotten) if forgotten == Forgotten::default() => {}
            Ok(forgotten) => tracing::info!(?forgotten, "forgot ended sessions and old failed logins"),
            Err(error) => tracing::warn!(%error, "ended sessions could not be forgotten"),
        }
    }

    /// Relays and runs everything that is due now, and returns: what a test or a command waits for.
    pub async fn drain(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        loop {
            self.relay.sweep().await?;
            let Some(job) = self.queue.claim().await? else { return Ok(done) };
            self.attempt(job, &CancellationToken::new()).await?;
            done += 1;
        }
    }

    async fn work(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.queue.claim().await {
                Ok(Some(job)) => match self.attempt(job, stop).await {
                    Ok(()) => continue,
                    Err(error) => {
                        tracing::warn!(%error, "a job's outcome could not be recorded; its lease will run out");
                        TROUBLE
                    }
                },
                Ok(None) => {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = self.queue.wait(IDLE) => continue,
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "no job could be claimed");
                    TROUBLE
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Runs one attempt and records what came of it.
    async fn attempt(&self, job: ClaimedJob, stop: &CancellationToken) -> Result<(), StoreError> {
        let Some(handler) = self.handlers.0.get(job.name.as_str()) else {
            return self.queue.bury(&job, "no handler of that name").await;
        };
        let run = JobRun {
            job: job.id,
            organization: job.organization,
            attempt: job.attempt,
            request_id: job.request_id.clone(),
            progress: Arc::new(LeaseProgress { queue: Arc::clone(&self.queue), job: job.clone() }),
        };
        let outcome = tokio::select! {
            outcome = handler.handle(&run, job.payload.clone()) => outcome,
            () = self.keep_lease(&job) => Err(JobError::LeaseLost),
            () = self.paused(&job) => {
                tracing::info!(job.id = %job.id, job.name = %job.name, "paused: the organization is suspended or not in use");
                return self.queue.release(&job).await;
            }
            () = stop.cancelled() => return self.queue.release(&job).await,
        };
        match outcome {
            Ok(()) => self.queue.finish(&job).await,
            Err(JobError::LeaseLost) => {
                tracing::info!(job.id = %job.id, job.name = %job.name, "stopped: the lease is lost");
                Ok(())
            }
            Err(JobError::Fail(error)) => {
                tracing::error!(job.id = %job.id, job.name = %job.name, %error, "the job is dead");
                self.queue.bury(&job, &error.to_string()).await
            }
            Err(JobError::Retry(error)) => {
                tracing::warn!(job.id = %job.id, job.name = %job.name, job.attempt = job.attempt, %error, "the attempt failed");
                self.queue.retry(&job, handler.retry().delay_after(job.attempt), &error.to_string()).await
            }
        }
    }

    /// Returns when the organization of a running job is suspended; its jobs wait until it is resumed.
    async fn paused(&self, job: &ClaimedJob) {
        let Some(organization) = job.organization else { return std::future::pending().await };
        loop {
            tokio::time::sleep(PAUSE_CHECK).await;
            match self.queue.is_paused(organization).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(job.id = %job.id, %error, "the state of its organization is not known");
                }
            }
        }
    }

    /// Prolongs the lease while the job runs; returns when it is lost.
    async fn keep_lease(&self, job: &ClaimedJob) {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            match self.queue.heartbeat(job, None).await {
                Ok(true) => {}
                Ok(false) => return,
                // The lease may still be ours when the database answers again; the fencing token decides.
                Err(error) => tracing::warn!(job.id = %job.id, %error, "the lease could not be prolonged"),
            }
        }
    }
}

struct LeaseProgress {
    queue: Arc<JobQueue>,
    job: ClaimedJob,
}

#[async_trait]
impl Progress for LeaseProgress {
    async fn report(&self, done: u64, total: Option<u64>) -> Result<(), JobError> {
        match self.queue.heartbeat(&self.job, Some((done, total))).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(JobError::LeaseLost),
            Err(error) => Err(JobError::retry(error)),
        }
    }
}
