//! Looking at the queue.

use super::{JobQueue, JobStatus};
use crate::error::store_error;
use crate::sql::Sql;
use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use uuid::Uuid;
use vigie_jobs::Lane;
use vigie_kernel::{Cursor, JobId, OrganizationId, Page, PageRequest, StoreError};

/// Which jobs are listed: those that fit everything that is given.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Where they stand.
    pub status: Option<JobStatus>,
    /// Their lane.
    pub lane: Option<Lane>,
    /// Whose they are.
    pub organization: Option<OrganizationId>,
    /// Their name.
    pub name: Option<String>,
}

impl JobFilter {
    /// Every job that stands there.
    #[must_use]
    pub fn status(status: JobStatus) -> Self {
        Self { status: Some(status), ..Self::default() }
    }
}

/// One job, as an operator sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct JobSummary {
    /// The job.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its lane.
    pub lane: String,
    /// Whose job it is.
    pub organization_id: Option<Uuid>,
    /// Where it stands: a name of [`JobStatus`].
    pub status: String,
    /// Attempts begun.
    pub attempt: i32,
    /// Attempts allowed.
    pub max_attempts: i32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub created_at: DateTime<Utc>,
    /// Not before this instant.
    pub run_at: DateTime<Utc>,
    /// When the attempt that runs, or the one that ended the job, began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// When somebody cancelled it.
    pub cancel_requested_at: Option<DateTime<Utc>>,
}

/// One job with all that is known of it.
#[derive(Clone, Debug)]
pub struct JobDetails {
    /// The job.
    pub job: JobSummary,
    /// The job itself.
    pub payload: serde_json::Value,
    /// The request that caused it.
    pub request_id: String,
    /// Key under which only one such job waits or runs.
    pub once: Option<String>,
    /// Key under which only one job of the organization runs.
    pub exclusive: Option<String>,
    /// Units done, as its handler counts them.
    pub progress_done: i64,
    /// Units in all, where the handler knows.
    pub progress_total: Option<i64>,
    /// Until when a worker holds it.
    pub lease_until: Option<DateTime<Utc>>,
    /// The attempts that did not end well, the oldest first.
    pub attempts: Vec<AttemptRecord>,
}

/// An attempt that did not end well.
#[derive(Clone, Debug, FromQueryResult)]
pub struct AttemptRecord {
    /// Counted from 1; a replay counts anew.
    pub attempt: i32,
    /// When it began, where that is known.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended, or was given up.
    pub ended_at: DateTime<Utc>,
    /// `failed`, `lost` (the worker died) or `cancelled`.
    pub outcome: String,
    /// Why.
    pub error: Option<String>,
}

#[derive(FromQueryResult)]
struct Rest {
    payload: serde_json::Value,
    request_id: String,
    once_key: Option<String>,
    exclusive_key: String,
    progress_done: i64,
    progress_total: Option<i64>,
    lease_until: Option<DateTime<Utc>>,
}

/// What a lane holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueDepth {
    /// The lane.
    pub lane: Lane,
    /// Jobs that are due or will be.
    pub waiting: i64,
    /// When the first of them was to run, or is to.
    pub oldest: Option<DateTime<Utc>>,
    /// Jobs that are dead.
    pub dead: i64,
}

#[derive(FromQueryResult)]
struct Depth {
    lane_rank: i32,
    waiting: i64,
    oldest: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Dead {
    lane_rank: i32,
    dead: i64,
}

const SUMMARY: &str = "id, name, lane, organization_id, status, attempt, max_attempts, last_error, created_at, run_at, \
    started_at, finished_at, cancel_requested_at";
/// Attempts that are shown of a job; a job has as many as its kind allows, times its replays.
const ATTEMPTS: i64 = 200;

impl JobQueue {
    /// The jobs that fit, the newest first.
    pub async fn list(&self, filter: &JobFilter, page: &PageRequest) -> Result<Page<JobSummary>, StoreError> {
        let mut sql = Sql::new(&self.control, format!("SELECT {SUMMARY} FROM jobs WHERE 1 = 1"));
        if let Some(status) = filter.status {
            // As text, so that the indexes of single statuses serve.
            sql.push(&format!(" AND status = '{}'", status.name()));
        }
        if let Some(lane) = filter.lane {
            sql.push(" AND lane_rank = ").push_value(lane.rank());
        }
        if let Some(organization) = filter.organization {
            sql.push(" AND organization_id = ").push_value(organization.as_uuid());
        }
        if let Some(name) = &filter.name {
            sql.push(" AND name = ").push_value(name.as_str());
        }
        if let Some(after) = &page.after {
            sql.push(" AND id < ").push_value(after.id);
        }
        sql.push(" ORDER BY id DESC LIMIT ").push_value(i64::from(page.limit) + 1);
        let rows: Vec<JobSummary> = sql.all(&self.control).await.map_err(store_error)?;
        Ok(Page::from_overfull(rows, page.limit, |last| Cursor { key: String::new(), id: last.id }))
    }

    /// All that is known of a job; `None` when there is none with that id.
    pub async fn show(&self, job: JobId) -> Result<Option<JobDetails>, StoreError> {
        let id = job.as_uuid();
        let summary: Option<JobSummary> =
            Sql::new(&self.control, format!("SELECT {SUMMARY} FROM jobs WHERE id = $1"))
                .bind(id)
                .one(&self.control)
                .await
                .map_err(store_error)?;
        let rest: Option<Rest> = Sql::new(
            &self.control,
            "SELECT payload, request_id, once_key, exclusive_key, progress_done, progress_total, lease_until \
             FROM jobs WHERE id = $1",
        )
        .bind(id)
        .one(&self.control)
        .await
        .map_err(store_error)?;
        let (Some(job), Some(rest)) = (summary, rest) else { return Ok(None) };
        let attempts = Sql::new(
            &self.control,
            "SELECT attempt, started_at, ended_at, outcome, error FROM job_attempts WHERE job_id = $1 \
             ORDER BY ended_at, attempt LIMIT $2",
        )
        .bind(id)
        .bind(ATTEMPTS)
        .all(&self.control)
        .await
        .map_err(store_error)?;
        Ok(Some(JobDetails {
            job,
            payload: rest.payload,
            request_id: rest.request_id,
            once: rest.once_key,
            exclusive: Some(rest.exclusive_key).filter(|key| !key.is_empty()),
            progress_done: rest.progress_done,
            progress_total: rest.progress_total,
            lease_until: rest.lease_until,
            attempts,
        }))
    }

    /// What each lane holds, the most urgent first.
    pub async fn depth(&self) -> Result<Vec<QueueDepth>, StoreError> {
        let depths: Vec<Depth> = Sql::new(
            &self.control,
            "SELECT lane_rank, COUNT(*) AS waiting, MIN(run_at) AS oldest FROM jobs WHERE status = 'queued' \
             GROUP BY lane_rank",
        )
        .all(&self.control)
        .await
        .map_err(store_error)?;
        let dead: Vec<Dead> = Sql::new(
            &self.control,
            "SELECT lane_rank, COUNT(*) AS dead FROM jobs WHERE status = 'dead' GROUP BY lane_rank",
        )
        .all(&self.control)
        .await
        .map_err(store_error)?;
        let lanes = Lane::ALL.map(|lane| {
            let depth = depths.iter().find(|depth| depth.lane_rank == lane.rank());
            let dead = dead.iter().find(|dead| dead.lane_rank == lane.rank());
            QueueDepth {
                lane,
                waiting: depth.map_or(0, |depth| depth.waiting),
                oldest: depth.and_then(|depth| depth.oldest),
                dead: dead.map_or(0, |dead| dead.dead),
            }
        });
        Ok(lanes.into())
    }
}
