//! What the platform throws away every night.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use vigie_jobs::{CronExpression, Handle, InvalidCron, Job, JobError, JobRun, JobTemplate, Lane, Retry};
use vigie_kernel::BoxError;
use vigie_repository::{JobQueue, NewSchedule};

/// When, by UTC: at night in Europe, and not on the hour, when everybody's schedules fire.
const NIGHTLY: &str = "23 2 * * *";

/// Throws away jobs that ended more than a week ago.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct PrunePlatform {}

impl Job for PrunePlatform {
    const NAME: &'static str = "platform.prune";
    const LANE: Lane = Lane::Bulk;
    const RETRY: Retry = Retry::doubling(Duration::from_mins(1)).up_to(5);

    fn once(&self) -> Option<String> {
        Some("nightly".to_owned())
    }
}

impl PrunePlatform {
    /// Its schedule.
    pub(crate) fn nightly() -> Result<NewSchedule, BoxError> {
        let cron = CronExpression::parse(NIGHTLY).map_err(|error: InvalidCron| Box::new(error))?;
        Ok(NewSchedule {
            organization: None,
            name: Self::NAME.to_owned(),
            job: JobTemplate::of(&Self {})?,
            cron,
            zone: chrono_tz::Tz::UTC,
        })
    }
}

/// Handles [`PrunePlatform`].
pub(crate) struct Pruner(pub(crate) Arc<JobQueue>);

#[async_trait]
impl Handle<PrunePlatform> for Pruner {
    async fn handle(&self, _run: &JobRun, _job: PrunePlatform) -> Result<(), JobError> {
        let jobs = self.0.prune().await.map_err(JobError::retry)?;
        tracing::info!(jobs, "forgot jobs that ended more than a week ago");
        Ok(())
    }
}
