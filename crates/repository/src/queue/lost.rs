//! Jobs whose worker died.

use super::ending::{Attempted, Outcome};
use super::turns::Frees;
use super::{JobQueue, JobStatus, turns};
use crate::error::store_error;
use crate::server::is_postgres;
use crate::sql::Sql;
use crate::transaction;
use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use uuid::Uuid;
use vigie_jobs::Lane;
use vigie_kernel::StoreError;

/// Jobs taken back in one transaction.
const BATCH: i64 = 100;

#[derive(FromQueryResult)]
struct Lost {
    id: Uuid,
    owner_id: Uuid,
    lane_rank: i32,
    attempt: i32,
    max_attempts: i32,
    started_at: Option<DateTime<Utc>>,
    run_at: DateTime<Utc>,
    cancelled: bool,
}

impl Lost {
    const fn becomes(&self) -> JobStatus {
        if self.cancelled {
            JobStatus::Cancelled
        } else if self.attempt >= self.max_attempts {
            JobStatus::Dead
        } else {
            JobStatus::Queued
        }
    }
}

impl JobQueue {
    /// Takes back jobs whose lease ran out: they wait again, at the place that they had, or end when they were cancelled or have killed
    /// their worker at every attempt. Answers how many there were.
    pub async fn take_back_lost(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let txn = transaction::begin(&self.control).await?;
        let lock = if is_postgres(&txn) { " FOR UPDATE SKIP LOCKED" } else { "" };
        let lost: Vec<Lost> = Sql::new(
            &txn,
            format!(
                "SELECT id, owner_id, lane_rank, attempt, max_attempts, started_at, run_at, \
                 (cancel_requested_at IS NOT NULL) AS cancelled FROM jobs \
                 WHERE status = 'running' AND lease_until < $1 ORDER BY lease_until LIMIT $2{lock}"
            ),
        )
        .bind(now)
        .bind(BATCH)
        .all(&txn)
        .await
        .map_err(store_error)?;
        for job in &lost {
            let status = job.becomes();
            let error = "the worker died or lost its connection";
            Sql::new(
                &txn,
                "UPDATE jobs SET status = $2, last_error = $3, finished_at = $4, unsettled = $5, lease_until = NULL, \
                 lease_token = NULL, started_at = NULL WHERE id = $1",
            )
            .bind(job.id)
            .bind(status.name())
            .bind(error)
            .bind((status != JobStatus::Queued).then_some(now))
            .bind(status != JobStatus::Queued)
            .execute(&txn)
            .await
            .map_err(store_error)?;
            let attempt = Attempted { job: job.id, attempt: job.attempt, started_at: job.started_at };
            self.record_attempt(&txn, &attempt, Outcome::Lost, Some(error)).await?;
            match status {
                JobStatus::Dead => {
                    tracing::error!(job.id = %job.id, "the job is dead: its worker died at every attempt");
                }
                JobStatus::Queued | JobStatus::Running | JobStatus::Done | JobStatus::Cancelled => {
                    tracing::warn!(job.id = %job.id, job.status = status.name(), "taken back: its worker died");
                }
            }
        }
        let mut in_order: Vec<&Lost> = lost.iter().collect();
        in_order.sort_by_key(|job| (job.owner_id, job.lane_rank));
        for job in in_order {
            let lane = Lane::from_rank(job.lane_rank)
                .ok_or_else(|| StoreError::broken("a job has a lane of another version"))?;
            let waits_from = (job.becomes() == JobStatus::Queued).then_some(job.run_at);
            turns::ended(&txn, job.owner_id, lane, Frees::Owner, waits_from, now).await?;
        }
        txn.commit().await.map_err(store_error)?;
        if !lost.is_empty() {
            self.announce();
        }
        Ok(lost.len())
    }
}
