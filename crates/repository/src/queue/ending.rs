//! What becomes of a job after an attempt.

use super::turns::Frees;
use super::{ClaimedJob, JobQueue, JobStatus, turns};
use crate::error::store_error;
use crate::sql::Sql;
use crate::transaction;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use std::time::Duration;
use uuid::Uuid;
use vigie_jobs::Abandoned;
use vigie_kernel::{JobId, OrganizationId, StoreError};

/// Characters of an error that are kept.
const LONGEST_ERROR: usize = 2_000;
/// How long an ended job is offered to its handler.
const SETTLING: TimeDelta = TimeDelta::days(1);

/// A job that ended without its handler being asked.
#[derive(Clone, Debug)]
pub struct EndedJob {
    /// The job.
    pub id: JobId,
    /// Its name.
    pub name: String,
    /// Whose job it was; `None` for the platform's own.
    pub organization: Option<OrganizationId>,
    /// The job itself.
    pub payload: serde_json::Value,
    /// The request that caused it.
    pub request_id: String,
    /// Attempts begun.
    pub attempt: u16,
    /// How it ended.
    pub how: Abandoned,
}

#[derive(FromQueryResult)]
struct Ended {
    id: Uuid,
    name: String,
    organization_id: Option<Uuid>,
    payload: serde_json::Value,
    request_id: String,
    attempt: i32,
    status: String,
}

#[derive(FromQueryResult)]
struct NewStatus {
    status: String,
}

/// How an attempt that did not end well is told in the history.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    Failed,
    Lost,
    Cancelled,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Cancelled => "cancelled",
        }
    }
}

impl JobQueue {
    /// Notes that the job is done.
    pub async fn finish(&self, job: &ClaimedJob) -> Result<(), StoreError> {
        Sql::new(
            &self.control,
            "UPDATE jobs SET status = 'done', last_error = NULL, finished_at = $3, lease_until = NULL, lease_token = NULL \
             WHERE id = $1 AND lease_token = $2",
        )
        .bind(job.id.as_uuid())
        .bind(job.token)
        .bind(self.clock.now())
        .execute(&self.control)
        .await
        .map_err(store_error)?;
        // Should the process die here, the turn is looked at again when the lease would have ended.
        turns::ended(&self.control, job.owner, job.lane, job.frees, None, self.clock.now()).await?;
        self.tell_others(job);
        Ok(())
    }

    /// Notes that no attempt can succeed any more; the handler said so.
    pub async fn bury(&self, job: &ClaimedJob, error: &str) -> Result<(), StoreError> {
        self.end(job, JobStatus::Dead, Outcome::Failed, error, false).await
    }

    /// Notes that the job stopped because it was cancelled. `settled` says whether its handler knows.
    pub async fn cancelled(&self, job: &ClaimedJob, settled: bool) -> Result<(), StoreError> {
        self.end(job, JobStatus::Cancelled, Outcome::Cancelled, "cancelled", !settled).await
    }

    /// Gives the job back, to be attempted again after `delay`; buries it when its attempts are used up, and ends it when it was
    /// cancelled meanwhile. Answers where it stands now.
    pub async fn retry(
        &self,
        job: &ClaimedJob,
        delay: Duration,
        error: &str,
    ) -> Result<JobStatus, StoreError> {
        if job.attempt >= job.max_attempts {
            self.end(job, JobStatus::Dead, Outcome::Failed, error, true).await?;
            return Ok(JobStatus::Dead);
        }
        let delay = TimeDelta::from_std(delay).unwrap_or(TimeDelta::hours(1));
        self.give_back(job, self.clock.now() + delay, Some(error)).await
    }

    /// Gives the job back at once and does not count the attempt: the worker stops, or the organization is locked; the job is not at
    /// fault.
    pub async fn release(&self, job: &ClaimedJob) -> Result<(), StoreError> {
        self.give_back(job, self.clock.now(), None).await.map(|_| ())
    }

    /// Gives the job back, to be looked at again after `delay`, and does not count the attempt: it could not run, and is not at fault.
    /// Ends it when it was cancelled meanwhile, and answers where it stands now.
    pub async fn postpone(&self, job: &ClaimedJob, delay: Duration) -> Result<JobStatus, StoreError> {
        let delay = TimeDelta::from_std(delay).unwrap_or(TimeDelta::hours(1));
        self.give_back(job, self.clock.now() + delay, None).await
    }

    async fn give_back(
        &self,
        job: &ClaimedJob,
        run_at: DateTime<Utc>,
        error: Option<&str>,
    ) -> Result<JobStatus, StoreError> {
        let now = self.clock.now();
        let error = error.map(cut);
        let txn = transaction::begin(&self.control).await?;
        let status: Option<NewStatus> = Sql::new(
            &txn,
            "UPDATE jobs SET status = CASE WHEN cancel_requested_at IS NULL THEN 'queued' ELSE 'cancelled' END, \
             finished_at = CASE WHEN cancel_requested_at IS NULL THEN NULL ELSE $6 END, \
             unsettled = (cancel_requested_at IS NOT NULL), run_at = $3, last_error = COALESCE($4, last_error), \
             attempt = attempt - $5, lease_until = NULL, lease_token = NULL, started_at = NULL \
             WHERE id = $1 AND lease_token = $2 RETURNING status",
        )
        .bind(job.id.as_uuid())
        .bind(job.token)
        .bind(run_at)
        .bind(error.clone())
        .bind(i32::from(error.is_none()))
        .bind(now)
        .one(&txn)
        .await
        .map_err(store_error)?;
        let Some(status) = status.and_then(|row| JobStatus::from_name(&row.status)) else {
            // Somebody else has the job by now.
            return Ok(JobStatus::Running);
        };
        if let Some(error) = error {
            self.record(&txn, job, Outcome::Failed, Some(&error)).await?;
        }
        turns::ended(&txn, job.owner, job.lane, job.frees, Some(run_at), now).await?;
        txn.commit().await.map_err(store_error)?;
        self.announce();
        Ok(status)
    }

    async fn end(
        &self,
        job: &ClaimedJob,
        status: JobStatus,
        outcome: Outcome,
        error: &str,
        unsettled: bool,
    ) -> Result<(), StoreError> {
        let error = cut(error);
        let txn = transaction::begin(&self.control).await?;
        let touched = Sql::new(
            &txn,
            "UPDATE jobs SET status = $3, last_error = $4, finished_at = $5, unsettled = $6, lease_until = NULL, \
             lease_token = NULL WHERE id = $1 AND lease_token = $2",
        )
        .bind(job.id.as_uuid())
        .bind(job.token)
        .bind(status.name())
        .bind(error.as_str())
        .bind(self.clock.now())
        .bind(unsettled)
        .execute(&txn)
        .await
        .map_err(store_error)?;
        if touched == 1 {
            self.record(&txn, job, outcome, Some(&error)).await?;
            turns::ended(&txn, job.owner, job.lane, job.frees, None, self.clock.now()).await?;
        }
        txn.commit().await.map_err(store_error)?;
        self.tell_others(job);
        Ok(())
    }

    fn tell_others(&self, job: &ClaimedJob) {
        match job.frees {
            Frees::Nobody => {}
            Frees::Lane | Frees::Owner => self.announce(),
        }
    }

    async fn record(
        &self,
        txn: &DatabaseTransaction,
        job: &ClaimedJob,
        outcome: Outcome,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let attempt = i32::from(job.attempt);
        let attempt = Attempted { job: job.id.as_uuid(), attempt, started_at: Some(job.started_at) };
        self.record_attempt(txn, &attempt, outcome, error).await
    }

    /// Adds an attempt that did not end well to the history.
    pub(super) async fn record_attempt<C: ConnectionTrait>(
        &self,
        txn: &C,
        attempt: &Attempted,
        outcome: Outcome,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        Sql::new(
            txn,
            "INSERT INTO job_attempts (id, job_id, attempt, started_at, ended_at, outcome, error) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.ids.next_uuid())
        .bind(attempt.job)
        .bind(attempt.attempt)
        .bind(attempt.started_at)
        .bind(self.clock.now())
        .bind(outcome.name())
        .bind(error)
        .execute(txn)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    /// Jobs that ended within the last day without their handler being asked, the oldest first. Those of organizations that are not
    /// open wait.
    pub async fn unsettled(&self, limit: u16) -> Result<Vec<EndedJob>, StoreError> {
        let rows: Vec<Ended> = Sql::new(
            &self.control,
            format!(
                "SELECT t.id, t.name, t.organization_id, t.payload, t.request_id, t.attempt, t.status FROM jobs t \
                 WHERE t.unsettled AND t.finished_at > $1 AND {} ORDER BY t.finished_at LIMIT $2",
                turns::OPEN
            ),
        )
        .bind(self.clock.now() - SETTLING)
        .bind(i64::from(limit))
        .all(&self.control)
        .await
        .map_err(store_error)?;
        rows.into_iter().map(ended).collect()
    }

    /// Notes that the handler knows of the job's end.
    pub async fn settled(&self, job: JobId) -> Result<(), StoreError> {
        Sql::new(
            &self.control,
            "UPDATE jobs SET unsettled = FALSE WHERE id = $1 AND status IN ('dead', 'cancelled')",
        )
        .bind(job.as_uuid())
        .execute(&self.control)
        .await
        .map(|_| ())
        .map_err(store_error)
    }
}

/// The attempt that a line of the history is about.
pub(super) struct Attempted {
    pub(super) job: Uuid,
    pub(super) attempt: i32,
    pub(super) started_at: Option<DateTime<Utc>>,
}

fn ended(row: Ended) -> Result<EndedJob, StoreError> {
    Ok(EndedJob {
        id: row.id.into(),
        name: row.name,
        organization: row.organization_id.map(Into::into),
        payload: row.payload,
        request_id: row.request_id,
        attempt: u16::try_from(row.attempt).map_err(|error| StoreError::Broken(Box::new(error)))?,
        how: if row.status == JobStatus::Cancelled.name() { Abandoned::Cancelled } else { Abandoned::Dead },
    })
}

fn cut(error: &str) -> String {
    error.chars().take(LONGEST_ERROR).collect()
}
