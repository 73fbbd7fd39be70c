//! The job queue: a table of the control database (`docs/adr/0003-job-queue-is-a-table.md`).
//!
//! A claim is a lease with a fencing token: whoever lost the lease can neither report progress nor finish. A job whose lease ran out is
//! claimed again, so a killed worker loses no job.

mod claim;
mod outcome;

pub use claim::ClaimedJob;
pub use outcome::{JobStatus, JobSummary, QueueDepth};

use crate::error::store_error;
use crate::sql::Sql;
use sea_orm::DatabaseConnection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use vigie_jobs::{Lane, OutboxMessage};
use vigie_kernel::{Clock, IdSource, OrganizationId, StoreError};

/// How long a worker holds a job without telling progress.
pub const LEASE: Duration = Duration::from_secs(15);

/// The queue.
pub struct JobQueue {
    control: DatabaseConnection,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    wake: Notify,
}

impl JobQueue {
    /// The queue of a control database.
    #[must_use]
    pub fn new(control: DatabaseConnection, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { control, clock, ids, wake: Notify::new() }
    }

    /// Waits until a job was enqueued by this process, or until `longest` has passed: other processes enqueue too.
    pub async fn wait(&self, longest: Duration) {
        let _timed_out = tokio::time::timeout(longest, self.wake.notified()).await;
    }

    /// Adds a job. A message that was added before, or whose `once` key waits or runs already, changes nothing.
    pub async fn enqueue(
        &self,
        organization: Option<OrganizationId>,
        message: &OutboxMessage,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        Sql::new(
            &self.control,
            "INSERT INTO jobs (id, name, lane, lane_rank, organization_id, once_key, payload, request_id, status, attempt, \
             max_attempts, run_at, progress_done, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', 0, $9, $10, 0, $11) ON CONFLICT DO NOTHING",
        )
        .bind(message.id.as_uuid())
        .bind(message.name.as_str())
        .bind(message.lane.name())
        .bind(rank(message.lane))
        .bind(organization.map(OrganizationId::as_uuid))
        .bind(message.once.as_deref())
        .bind(message.payload.clone())
        .bind(message.request_id.as_str())
        .bind(i32::from(message.max_attempts))
        .bind(message.run_at)
        .bind(now)
        .execute(&self.control)
        .await
        .map_err(store_error)?;
        self.wake.notify_one();
        Ok(())
    }
}

const fn rank(lane: Lane) -> i32 {
    match lane {
        Lane::Security => 0,
        Lane::Transactional => 1,
        Lane::Bulk => 2,
    }
}
