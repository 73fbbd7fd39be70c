//! Figures of the job queue and of the organizations for Prometheus. Every process that has a recorder tells them; without one they cost nothing.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;
use vigie_jobs::Lane;
use vigie_kernel::{OrganizationStatus, StoreError};
use vigie_platform_monitoring::SampleService;
use vigie_repository::JobQueue;

const JOBS: &str = "jobs_total";
/// The histogram of how long jobs take.
pub const JOB_DURATION: &str = "job_duration_seconds";
/// Upper bounds of its buckets, in seconds.
pub const JOB_SECONDS: [f64; 12] = [0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0];
const DEPTH: &str = "job_queue_depth";
const OLDEST: &str = "job_oldest_age_seconds";
const DEAD: &str = "dead_letters";
const LAG: &str = "outbox_lag_seconds";
const ORGANIZATIONS: &str = "organizations";
const LAST_SAMPLE: &str = "snapshot_last_success_timestamp_seconds";

/// Says what the figures are. Once, after the recorder is installed.
pub fn describe_jobs() {
    metrics::describe_counter!(
        JOBS,
        "Attempts at jobs by kind and result: done, failed, dead, cancelled, released, lost."
    );
    metrics::describe_histogram!(JOB_DURATION, metrics::Unit::Seconds, "Time of an attempt, by kind.");
    metrics::describe_gauge!(DEPTH, "Jobs that wait, by lane.");
    metrics::describe_gauge!(OLDEST, "Seconds for which the oldest of them has been due.");
    metrics::describe_gauge!(DEAD, "Jobs that are dead, by lane.");
    metrics::describe_gauge!(
        LAG,
        "The longest that a message waited for this process's relay, of the last minute's, by lane."
    );
}

/// Says what the figures of the organizations are. Once, after the recorder is installed.
pub fn describe_organizations() {
    metrics::describe_gauge!(ORGANIZATIONS, "Organizations by status.");
    metrics::describe_gauge!(
        LAST_SAMPLE,
        metrics::Unit::Seconds,
        "When an organization's database was last measured, since 1970; absent before the first time."
    );
}

/// Asks the control database how many organizations there are in each status, and when one was last measured. For a scrape.
pub async fn measure_organizations(samples: &dyn SampleService) -> Result<(), StoreError> {
    let figures = samples.figures().await?;
    for status in OrganizationStatus::ALL {
        let found = figures.organizations.iter().find(|(known, _)| *known == status);
        let number = found.map_or(0, |(_, number)| u32::try_from(*number).unwrap_or(u32::MAX));
        metrics::gauge!(ORGANIZATIONS, "status" => status.name()).set(f64::from(number));
    }
    if let Some(at) = figures.last_success_at {
        metrics::gauge!(LAST_SAMPLE).set(seconds(at - DateTime::UNIX_EPOCH));
    }
    Ok(())
}

/// Asks the queue how much waits in each lane, for how long the oldest has, and how much is dead. For a scrape.
pub async fn measure_queue(queue: &JobQueue, now: DateTime<Utc>) -> Result<(), StoreError> {
    for depth in queue.depth().await? {
        let lane = depth.lane.name();
        let age = depth.oldest.map_or(TimeDelta::zero(), |oldest| now - oldest);
        metrics::gauge!(DEPTH, "lane" => lane).set(count(depth.waiting));
        metrics::gauge!(OLDEST, "lane" => lane).set(seconds(age));
        metrics::gauge!(DEAD, "lane" => lane).set(count(depth.dead));
    }
    Ok(())
}

/// Counts an attempt. `kind` is the name of a kind of job that this process knows.
pub(crate) fn job_ended(kind: &'static str, result: &'static str, took: Duration) {
    metrics::counter!(JOBS, "kind" => kind, "result" => result).increment(1);
    metrics::histogram!(JOB_DURATION, "kind" => kind).record(took);
}

pub(crate) fn outbox_lag(lags: &[(Lane, TimeDelta)]) {
    for (lane, lag) in lags {
        metrics::gauge!(LAG, "lane" => lane.name()).set(seconds(*lag));
    }
}

fn count(number: i64) -> f64 {
    f64::from(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

fn seconds(time: TimeDelta) -> f64 {
    time.to_std().unwrap_or_default().as_secs_f64()
}
