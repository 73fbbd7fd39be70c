//! Looking at the queue: what waits, what is dead, and how to bring it back.

use super::JobQueue;
use crate::error::store_error;
use crate::sql::Sql;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{FromQueryResult, SqlErr};
use uuid::Uuid;
use vigie_kernel::{JobId, StoreError};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStatus {
    /// Waits for its time or for a worker.
    Queued,
    /// A worker has it, or had it and died.
    Running,
    /// Done.
    Done,
    /// No attempt is left.
    Dead,
    /// Cancelled by an operator.
    Cancelled,
}

impl JobStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Done, Self::Dead, Self::Cancelled];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
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
}

/// How many jobs of a lane wait, and since when the oldest does.
#[derive(Clone, Debug, FromQueryResult)]
pub struct QueueDepth {
    /// The lane.
    pub lane: String,
    /// Jobs that are due or will be.
    pub waiting: i64,
    /// When the oldest of them was to run.
    pub oldest: Option<DateTime<Utc>>,
}

impl JobQueue {
    /// The newest jobs of a status, at most `limit`.
    pub async fn list(&self, status: JobStatus, limit: u16) -> Result<Vec<JobSummary>, StoreError> {
        Sql::new(
            &self.control,
            "SELECT id, name, lane, organization_id, status, attempt, max_attempts, last_error, created_at FROM jobs \
             WHERE status = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
        )
        .bind(status.name())
        .bind(i64::from(limit))
        .all(&self.control)
        .await
        .map_err(store_error)
    }

    /// Brings a dead job back; `false` when there is no such dead job, or one with the same key waits or runs already.
    pub async fn replay(&self, job: JobId) -> Result<bool, StoreError> {
        let touched = Sql::new(
            &self.control,
            "UPDATE jobs SET status = 'queued', attempt = 0, run_at = $2, finished_at = NULL WHERE id = $1 AND status = 'dead'",
        )
        .bind(job.as_uuid())
        .bind(self.clock.now())
        .execute(&self.control)
        .await;
        let touched = match touched {
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => 0,
            other => other.map_err(store_error)?,
        };
        self.wake.notify_one();
        Ok(touched == 1)
    }

    /// Forgets jobs that ended well more than a week ago; answers how many. Dead ones stay until somebody looks at them.
    pub async fn prune(&self) -> Result<u64, StoreError> {
        Sql::new(&self.control, "DELETE FROM jobs WHERE status IN ('done', 'cancelled') AND finished_at < $1")
            .bind(self.clock.now() - TimeDelta::days(7))
            .execute(&self.control)
            .await
            .map_err(store_error)
    }

    /// How deep each lane is.
    pub async fn depth(&self) -> Result<Vec<QueueDepth>, StoreError> {
        Sql::new(
            &self.control,
            "SELECT lane, COUNT(*) AS waiting, MIN(run_at) AS oldest FROM jobs WHERE status = 'queued' GROUP BY lane",
        )
        .all(&self.control)
        .await
        .map_err(store_error)
    }
}
