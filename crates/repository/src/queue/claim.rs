//! Claiming jobs, keeping the lease, finishing.

use super::{JobQueue, LEASE};
use crate::error::store_error;
use crate::server::is_postgres;
use crate::sql::Sql;
use crate::transaction;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::time::Duration;
use uuid::Uuid;
use vigie_kernel::{JobId, OrganizationId, StoreError};

/// A job that this process holds.
#[derive(Clone, Debug)]
pub struct ClaimedJob {
    /// The job.
    pub id: JobId,
    /// Its name.
    pub name: String,
    /// Whose job it is; `None` for the platform's own.
    pub organization: Option<OrganizationId>,
    /// The job itself.
    pub payload: serde_json::Value,
    /// The request that caused it.
    pub request_id: String,
    /// Counted from 1.
    pub attempt: u16,
    /// Attempts before it is dead.
    pub max_attempts: u16,
    token: Uuid,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    organization_id: Option<Uuid>,
    payload: serde_json::Value,
    request_id: String,
    attempt: i32,
    max_attempts: i32,
}

#[derive(FromQueryResult)]
struct Next {
    id: Uuid,
    attempt: i32,
    max_attempts: i32,
}

/// The next job, unless its organization is suspended or not in use: by lane, then from the organization that has the fewest running, then the one that waits longest. A job
/// whose lease ran out counts as waiting.
const NEXT: &str = "SELECT j.id, j.attempt, j.max_attempts FROM jobs j \
    WHERE ((j.status = 'queued' AND j.run_at <= $1) OR (j.status = 'running' AND j.lease_until < $1)) \
    AND NOT EXISTS (SELECT 1 FROM organizations o WHERE o.id = j.organization_id AND o.status IN ('suspended', \
        'archived', 'failed', 'deleted')) \
    ORDER BY j.lane_rank, \
        (SELECT COUNT(*) FROM jobs r WHERE r.status = 'running' AND r.organization_id = j.organization_id), \
        j.run_at, j.id \
    LIMIT 1";

const TAKE: &str = "UPDATE jobs SET status = 'running', attempt = attempt + 1, lease_until = $2, lease_token = $3 \
    WHERE id = $1 \
    RETURNING id, name, organization_id, payload, request_id, attempt, max_attempts";

impl JobQueue {
    /// Takes the next job that is due, if there is one. A job that has killed its worker at every attempt is buried on the way.
    pub async fn claim(&self) -> Result<Option<ClaimedJob>, StoreError> {
        let now = self.clock.now();
        let token = self.ids.next_uuid();
        let txn = transaction::begin(&self.control).await?;
        // SQLite's immediate transaction already keeps other claims out.
        let lock = if is_postgres(&txn) { " FOR UPDATE OF j SKIP LOCKED" } else { "" };
        let next = loop {
            let next: Option<Next> =
                Sql::new(&txn, format!("{NEXT}{lock}")).bind(now).one(&txn).await.map_err(store_error)?;
            match next {
                None => break None,
                Some(next) if next.attempt < next.max_attempts => break Some(next),
                Some(spent) => bury_spent(&txn, spent.id, now).await?,
            }
        };
        let Some(next) = next else {
            // What was buried stays buried.
            return txn.commit().await.map(|()| None).map_err(store_error);
        };
        let row: Option<Row> = Sql::new(&txn, TAKE)
            .bind(next.id)
            .bind(now + lease())
            .bind(token)
            .one(&txn)
            .await
            .map_err(store_error)?;
        txn.commit().await.map_err(store_error)?;
        row.map(|row| claimed(row, token)).transpose()
    }

    /// Whether the jobs of the organization are to wait: it is suspended, or not in use.
    pub async fn is_paused(&self, organization: OrganizationId) -> Result<bool, StoreError> {
        Sql::new(
            &self.control,
            "SELECT 1 FROM organizations WHERE id = $1 AND status IN ('suspended', 'archived', 'failed', 'deleted')",
        )
        .bind(organization.as_uuid())
        .exists(&self.control)
        .await
        .map_err(store_error)
    }

    /// Tells progress and prolongs the lease; `false` when the lease is lost or the job was cancelled.
    pub async fn heartbeat(
        &self,
        job: &ClaimedJob,
        progress: Option<(u64, Option<u64>)>,
    ) -> Result<bool, StoreError> {
        let until = self.clock.now() + lease();
        let update = match progress {
            None => Sql::new(
                &self.control,
                "UPDATE jobs SET lease_until = $1 WHERE id = $2 AND lease_token = $3 AND status = 'running'",
            )
            .bind(until)
            .bind(job.id.as_uuid())
            .bind(job.token),
            Some((done, total)) => Sql::new(
                &self.control,
                "UPDATE jobs SET lease_until = $1, progress_done = $4, progress_total = $5 \
                 WHERE id = $2 AND lease_token = $3 AND status = 'running'",
            )
            .bind(until)
            .bind(job.id.as_uuid())
            .bind(job.token)
            .bind(signed(done))
            .bind(total.map(signed)),
        };
        Ok(update.execute(&self.control).await.map_err(store_error)? == 1)
    }

    /// Notes that the job is done.
    pub async fn finish(&self, job: &ClaimedJob) -> Result<(), StoreError> {
        self.end(job, "done", None).await
    }

    /// Notes that no attempt can succeed any more.
    pub async fn bury(&self, job: &ClaimedJob, error: &str) -> Result<(), StoreError> {
        self.end(job, "dead", Some(error)).await
    }

    /// Gives the job back, to be attempted again after `delay`; buries it when its attempts are used up.
    pub async fn retry(&self, job: &ClaimedJob, delay: Duration, error: &str) -> Result<(), StoreError> {
        if job.attempt >= job.max_attempts {
            return self.bury(job, error).await;
        }
        let delay = TimeDelta::from_std(delay).unwrap_or(TimeDelta::hours(1));
        self.give_back(job, self.clock.now() + delay, Some(error), false).await
    }

    /// Gives the job back at once and does not count the attempt: the worker stops, the job is not at fault.
    pub async fn release(&self, job: &ClaimedJob) -> Result<(), StoreError> {
        self.give_back(job, self.clock.now(), None, true).await
    }

    async fn give_back(
        &self,
        job: &ClaimedJob,
        run_at: DateTime<Utc>,
        error: Option<&str>,
        uncounted: bool,
    ) -> Result<(), StoreError> {
        Sql::new(
            &self.control,
            "UPDATE jobs SET status = 'queued', run_at = $3, last_error = $4, attempt = attempt - $5, lease_until = NULL, \
             lease_token = NULL WHERE id = $1 AND lease_token = $2",
        )
        .bind(job.id.as_uuid())
        .bind(job.token)
        .bind(run_at)
        .bind(error)
        .bind(i32::from(uncounted))
        .execute(&self.control)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn end(&self, job: &ClaimedJob, status: &str, error: Option<&str>) -> Result<(), StoreError> {
        Sql::new(
            &self.control,
            "UPDATE jobs SET status = $3, last_error = $4, finished_at = $5, lease_until = NULL, lease_token = NULL \
             WHERE id = $1 AND lease_token = $2",
        )
        .bind(job.id.as_uuid())
        .bind(job.token)
        .bind(status)
        .bind(error)
        .bind(self.clock.now())
        .execute(&self.control)
        .await
        .map(|_| ())
        .map_err(store_error)
    }
}

/// Ends a job whose workers died at every attempt.
async fn bury_spent<C: ConnectionTrait>(txn: &C, job: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
    tracing::error!(job.id = %job, "the job is dead: its worker died at every attempt");
    Sql::new(
        txn,
        "UPDATE jobs SET status = 'dead', last_error = 'the worker died at every attempt', finished_at = $2, \
         lease_until = NULL, lease_token = NULL WHERE id = $1",
    )
    .bind(job)
    .bind(now)
    .execute(txn)
    .await
    .map(|_| ())
    .map_err(store_error)
}

fn lease() -> TimeDelta {
    TimeDelta::from_std(LEASE).unwrap_or(TimeDelta::seconds(15))
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn claimed(row: Row, token: Uuid) -> Result<ClaimedJob, StoreError> {
    let small = |number: i32| u16::try_from(number).map_err(|error| StoreError::Broken(Box::new(error)));
    Ok(ClaimedJob {
        id: row.id.into(),
        name: row.name,
        organization: row.organization_id.map(Into::into),
        payload: row.payload,
        request_id: row.request_id,
        attempt: small(row.attempt)?,
        max_attempts: small(row.max_attempts)?,
        token,
    })
}
