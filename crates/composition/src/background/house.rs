//! What one process of all does every few seconds, whichever comes first.

use super::Background;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use vigie_jobs::{JobError, JobRun, Progress};
use vigie_kernel::{JobId, StoreError};
use vigie_repository::EndedJob;

/// How often.
const TICK: Duration = Duration::from_secs(5);
/// Ended jobs that are told to their handlers in one tick.
const SETTLED_AT_ONCE: u16 = 100;
/// The longest time before a handler that could not be told is told again.
const LONGEST: Duration = Duration::from_mins(10);

/// Handlers that could not be told of their job's end: how often, and when to try again.
#[derive(Default)]
pub(super) struct Patience(HashMap<JobId, (u32, Instant)>);

impl Patience {
    fn may_try(&self, job: JobId, now: Instant) -> bool {
        self.0.get(&job).is_none_or(|(_, next)| *next <= now)
    }

    fn failed(&mut self, job: JobId, now: Instant) {
        // Those of yesterday are not offered any more.
        if self.0.len() > 10_000 {
            self.0.clear();
        }
        let failures = self.0.get(&job).map_or(0, |(failures, _)| *failures).min(10);
        self.0.insert(job, (failures + 1, now + TICK.saturating_mul(1 << failures).min(LONGEST)));
    }
}

impl Background {
    /// Takes back what dead workers held, fires schedules, tells handlers of jobs that ended without them, until `stop`.
    pub(super) async fn keep_house(&self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut registered = false;
        let mut patience = Patience::default();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            if let Err(error) = self.tidy(&mut registered, &mut patience).await {
                tracing::warn!(%error, "the job queue could not be looked after");
            }
        }
    }

    async fn tidy(&self, registered: &mut bool, patience: &mut Patience) -> Result<(), StoreError> {
        if !*registered {
            for schedule in self.platform.iter() {
                self.schedules.register(schedule).await?;
            }
            *registered = true;
        }
        self.queue.take_back_lost().await?;
        self.schedules.fire_due().await?;
        self.settle(patience).await
    }

    /// Tells handlers of jobs that ended without them: cancelled while they waited, or dead because their workers died.
    pub(super) async fn settle(&self, patience: &mut Patience) -> Result<(), StoreError> {
        let now = Instant::now();
        for ended in self.queue.unsettled(SETTLED_AT_ONCE).await? {
            if !patience.may_try(ended.id, now) {
                continue;
            }
            match self.tell(&ended).await {
                Ok(()) => self.queue.settled(ended.id).await?,
                Err(error) => {
                    let (id, name) = (ended.id, &ended.name);
                    tracing::warn!(job.id = %id, job.name = %name, %error, "its end could not be told to its handler");
                    patience.failed(ended.id, now);
                }
            }
        }
        Ok(())
    }

    async fn tell(&self, ended: &EndedJob) -> Result<(), JobError> {
        let Some((_, handler)) = self.handlers.get(&ended.name) else { return Ok(()) };
        let run = JobRun {
            job: ended.id,
            organization: ended.organization,
            attempt: ended.attempt,
            request_id: ended.request_id.clone(),
            progress: Arc::new(Ended),
        };
        handler.abandoned(&run, ended.payload.clone(), ended.how).await
    }
}

/// The progress of a job that has ended: nobody looks at it.
struct Ended;

#[async_trait::async_trait]
impl Progress for Ended {
    async fn report(&self, _done: u64, _total: Option<u64>) -> Result<(), JobError> {
        Ok(())
    }
}
