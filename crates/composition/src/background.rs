//! The background loop: relays outboxes, fires schedules, runs jobs and samples organizations. Built here, started by an app.

mod attempt;
mod handlers;
mod house;
mod sampling;
#[cfg(test)]
mod tests;

pub use handlers::Handlers;

use crate::figures;
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use vigie_adapters::News;
use vigie_auth::{Forgotten, Upkeep};
use vigie_jobs::{Randomness, Share};
use vigie_kernel::{Clock, EntitlementSource, StoreError};
use vigie_platform_monitoring::SampleService;
use vigie_repository::{JobQueue, NewSchedule, Relay, RoundPace, Schedules};
use vigie_tenancy::backup::BackupService;
use vigie_tenancy::{ResumeReport, TenancyService};

/// How often a process looks at what was left behind, besides outboxes.
const SWEEP: Duration = Duration::from_mins(1);
/// How often operations on organizations are looked for that wait, or whose holder is gone.
const OPERATIONS: Duration = Duration::from_secs(5);
/// How often a process looks whether organizations were given other databases.
const FOLLOW: Duration = Duration::from_secs(2);
/// How far back it looks: clocks of several machines differ a little, and a commit comes after its instant.
const OVERLAP: chrono::TimeDelta = chrono::TimeDelta::seconds(6);
/// How long an idle worker waits before it looks again: a call of another process may be lost, and without Redis there is none.
const IDLE: Duration = Duration::from_secs(1);
/// How long it waits after the control database did not answer.
const TROUBLE: Duration = Duration::from_secs(3);
/// Rounds between two tries of messages that could not be relayed.
const STUCK_EVERY: u32 = 6;
/// Organizations whose outboxes are relayed at the same time.
const RELAYED_AT_ONCE: usize = 4;

/// The background loop of one process.
#[derive(Clone)]
pub struct Background {
    pub(crate) queue: Arc<JobQueue>,
    pub(crate) relay: Arc<Relay>,
    pub(crate) schedules: Arc<Schedules>,
    pub(crate) handlers: Handlers,
    /// Says what may leave an organization.
    pub(crate) entitlements: Arc<dyn EntitlementSource>,
    /// What the platform does by itself, registered by every process that runs jobs.
    pub(crate) platform: Arc<[NewSchedule]>,
    pub(crate) tenancy: Arc<dyn TenancyService>,
    pub(crate) backups: Arc<dyn BackupService>,
    pub(crate) samples: Arc<dyn SampleService>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) upkeep: Arc<Upkeep>,
    pub(crate) news: Arc<News>,
    pub(crate) random: Arc<dyn Randomness>,
    /// Jobs under way at once, besides those of the workers that are kept for the security lane.
    pub(crate) workers: usize,
    pub(crate) security_workers: usize,
}

impl Background {
    /// Relays, fires schedules, runs jobs and samples organizations until `stop`; then gives back what it holds.
    pub async fn run(&self, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        for share in Share::split(self.workers, self.security_workers) {
            let (this, stop) = (self.clone(), stop.clone());
            tasks.spawn(async move { this.work(share, &stop).await });
        }
        let (this, stopped) = (self.clone(), stop.clone());
        tasks.spawn(async move { this.keep_house(stopped).await });
        let (this, stopped) = (self.clone(), stop.clone());
        tasks.spawn(async move { this.sample(&stopped).await });
        let (this, stopped) = (self.clone(), stop);
        tasks.spawn(async move { this.relay_only(stopped).await });
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a part of the background loop has died");
            }
        }
    }

    /// Relays outboxes and hears the news of other processes until `stop`, for a process that leaves the jobs to others.
    pub async fn relay_only(&self, stop: CancellationToken) {
        // Beside each other: looks at many organizations must not hold up what was announced meanwhile.
        tokio::join!(
            self.news.listen(&stop),
            self.relay_announced(&stop),
            self.sweep_regularly(&stop),
            self.go_round(&stop),
            self.look_at_others(&stop),
            self.operate(&stop),
            self.follow_moves(&stop)
        );
    }

    async fn relay_announced(&self, stop: &CancellationToken) {
        loop {
            let organizations = tokio::select! {
                () = stop.cancelled() => return,
                organizations = self.relay.signal().wait() => organizations,
            };
            stream::iter(organizations)
                .for_each_concurrent(RELAYED_AT_ONCE, async |organization| {
                    if let Err(error) = self.relay.relay_announced(organization).await {
                        tracing::warn!(organization.id = %organization, %error, "its outbox waits for another try");
                    }
                })
                .await;
        }
    }

    /// Writes down which organizations are used here, and goes round their outboxes unless another process does.
    async fn go_round(&self, stop: &CancellationToken) {
        let mut tick = tokio::time::interval(RoundPace::default().round);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut number = 0_u32;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = tick.tick() => {}
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.round(number) => {}
            }
            number = number.wrapping_add(1);
        }
        if let Err(error) = self.relay.end_rounds().await {
            tracing::debug!(%error, "another process goes round the outboxes when the lease runs out");
        }
    }

    async fn round(&self, number: u32) {
        if let Err(error) = self.relay.note_use().await {
            tracing::warn!(%error, "which organizations are used could not be written down");
        }
        if let Err(error) = self.relay.round().await {
            tracing::warn!(%error, "the outboxes could not be looked at");
        }
        if number % STUCK_EVERY == STUCK_EVERY - 1 {
            self.relay.relay_stuck().await;
        }
    }

    /// Looks at organizations that nobody uses, one after the other.
    async fn look_at_others(&self, stop: &CancellationToken) {
        let mut tick = tokio::time::interval(RoundPace::default().look);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                looked = self.relay.look_at_next() => {
                    if let Err(error) = looked {
                        tracing::warn!(%error, "an organization's outbox will be looked at again");
                    }
                }
            }
        }
    }

    async fn sweep_regularly(&self, stop: &CancellationToken) {
        let mut tick = tokio::time::interval(SWEEP);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.sweep() => {}
            }
        }
    }

    /// Goes on with operations on organizations that wait, or whose holder is gone.
    async fn operate(&self, stop: &CancellationToken) {
        let mut tick = tokio::time::interval(OPERATIONS);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => self.take_up_operations().await,
            }
        }
    }

    /// Follows organizations to the databases that restores have given them.
    async fn follow_moves(&self, stop: &CancellationToken) {
        let mut tick = tokio::time::interval(FOLLOW);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            if let Err(error) = self.backups.follow_moves(self.clock.now() - OVERLAP).await {
                tracing::warn!(%error, "exchanged databases could not be followed");
            }
        }
    }

    /// What a lost signal, a request that went away or an older version of the product has left behind.
    async fn sweep(&self) {
        match self.queue.mend_turns().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "jobs of an older version had no turn"),
            Err(error) => tracing::warn!(%error, "the turns of the job queue could not be looked at"),
        }
        if let Err(error) = self.backups.recover().await {
            tracing::warn!(%error, "interrupted restores could not be looked at");
        }
        figures::outbox_lag(&self.relay.take_lag());
        match self.upkeep.run().await {
            Ok(forgotten) if forgotten == Forgotten::default() => {}
            Ok(forgotten) => tracing::info!(?forgotten, "forgot ended sessions and old failed logins"),
            Err(error) => tracing::warn!(%error, "ended sessions could not be forgotten"),
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
    }

    /// Relays and runs everything that is due now, and returns: what a test or a command waits for.
    pub async fn drain(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        loop {
            self.relay.sweep().await?;
            let Some(job) = self.queue.claim().await? else {
                self.settle(&mut house::Patience::default()).await?;
                return Ok(done);
            };
            self.attempt(job, &CancellationToken::new()).await?;
            done += 1;
        }
    }

    async fn work(&self, share: Share, stop: &CancellationToken) {
        let mut waiter = self.queue.waiter();
        let mut turn = 0_u64;
        while !stop.is_cancelled() {
            let pause = match self.queue.claim_from(share.lanes(turn)).await {
                Ok(Some(job)) => {
                    turn = turn.wrapping_add(1);
                    match self.attempt(job, stop).await {
                        Ok(()) => continue,
                        Err(error) => {
                            tracing::warn!(%error, "a job's outcome could not be recorded; its lease will run out");
                            TROUBLE
                        }
                    }
                }
                Ok(None) => {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = waiter.wait(IDLE) => continue,
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
}
