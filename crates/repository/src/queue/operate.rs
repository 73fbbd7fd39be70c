//! What operators do to jobs.

use super::{JobQueue, JobStatus, turns};
use crate::error::store_error;
use crate::sql::Sql;
use crate::transaction;
use chrono::TimeDelta;
use sea_orm::{FromQueryResult, SqlErr};
use uuid::Uuid;
use vigie_jobs::Lane;
use vigie_kernel::{JobId, StoreError};

/// Rows deleted by one statement.
const BATCH: u64 = 1_000;
/// How long jobs that ended well are kept.
const KEPT: TimeDelta = TimeDelta::days(7);

/// What came of cancelling a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// It waited, and will not run.
    Cancelled,
    /// It runs, and was told: it stops at its next step.
    Requested,
    /// It had ended.
    Ended(JobStatus),
    /// There is no such job.
    Unknown,
}

#[derive(FromQueryResult)]
struct Replayed {
    owner_id: Uuid,
    lane_rank: i32,
}

#[derive(FromQueryResult)]
struct Found {
    status: String,
}

impl JobQueue {
    /// Cancels a job. One that waits ends at once. One that runs is told within seconds, and ends at its next step; should its
    /// worker die meanwhile it is not attempted again.
    pub async fn cancel(&self, job: JobId) -> Result<Cancellation, StoreError> {
        // It may go back and forth between waiting and running while we look.
        for _ in 0..3 {
            if self.cancel_waiting(job).await? {
                return Ok(Cancellation::Cancelled);
            }
            if self.cancel_running(job).await? {
                return Ok(Cancellation::Requested);
            }
            let found: Option<Found> = Sql::new(&self.control, "SELECT status FROM jobs WHERE id = $1")
                .bind(job.as_uuid())
                .one(&self.control)
                .await
                .map_err(store_error)?;
            match found.map(|found| JobStatus::from_name(&found.status)) {
                None => return Ok(Cancellation::Unknown),
                Some(Some(JobStatus::Queued | JobStatus::Running)) => {}
                Some(Some(ended @ (JobStatus::Done | JobStatus::Dead | JobStatus::Cancelled))) => {
                    return Ok(Cancellation::Ended(ended));
                }
                Some(None) => return Err(StoreError::broken("a job has a status of another version")),
            }
        }
        Err(StoreError::Stale)
    }

    async fn cancel_waiting(&self, job: JobId) -> Result<bool, StoreError> {
        // Its turn may now be too early, which costs one look.
        let touched = Sql::new(
            &self.control,
            "UPDATE jobs SET status = 'cancelled', finished_at = $2, cancel_requested_at = $2, unsettled = TRUE \
             WHERE id = $1 AND status = 'queued'",
        )
        .bind(job.as_uuid())
        .bind(self.clock.now())
        .execute(&self.control)
        .await
        .map_err(store_error)?;
        Ok(touched == 1)
    }

    async fn cancel_running(&self, job: JobId) -> Result<bool, StoreError> {
        let touched = Sql::new(
            &self.control,
            "UPDATE jobs SET cancel_requested_at = COALESCE(cancel_requested_at, $2) \
             WHERE id = $1 AND status = 'running'",
        )
        .bind(job.as_uuid())
        .bind(self.clock.now())
        .execute(&self.control)
        .await
        .map_err(store_error)?;
        Ok(touched == 1)
    }

    /// Brings a dead job back, with all its attempts and its history; `false` when there is no such dead job, or one with the same `once`
    /// key waits or runs already.
    pub async fn replay(&self, job: JobId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let txn = transaction::begin(&self.control).await?;
        let replayed = Sql::new(
            &txn,
            "UPDATE jobs SET status = 'queued', attempt = 0, run_at = $2, finished_at = NULL, unsettled = FALSE \
             WHERE id = $1 AND status = 'dead' RETURNING owner_id, lane_rank",
        )
        .bind(job.as_uuid())
        .bind(now)
        .one::<Replayed, _>(&txn)
        .await;
        let replayed = match replayed {
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => None,
            other => other.map_err(store_error)?,
        };
        let Some(replayed) = replayed else { return Ok(false) };
        let lane = Lane::from_rank(replayed.lane_rank)
            .ok_or_else(|| StoreError::broken("a job has a lane of another version"))?;
        turns::lower(&txn, replayed.owner_id, lane, now).await?;
        txn.commit().await.map_err(store_error)?;
        self.announce();
        Ok(true)
    }

    /// Forgets jobs that ended well, or were cancelled, more than a week ago; answers how many. Dead ones stay until somebody looks at
    /// them.
    pub async fn prune(&self) -> Result<u64, StoreError> {
        let before = self.clock.now() - KEPT;
        let mut pruned = 0;
        loop {
            let some = Sql::new(
                &self.control,
                "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs \
                 WHERE status IN ('done', 'cancelled') AND finished_at < $1 LIMIT $2)",
            )
            .bind(before)
            .bind(i64::try_from(BATCH).unwrap_or(i64::MAX))
            .execute(&self.control)
            .await
            .map_err(store_error)?;
            pruned += some;
            if some < BATCH {
                return Ok(pruned);
            }
        }
    }
}
