//! Keeping a job.

use super::{ClaimedJob, JobQueue};
use crate::error::store_error;
use crate::sql::Sql;
use chrono::TimeDelta;
use sea_orm::FromQueryResult;
use std::time::Duration;
use vigie_kernel::StoreError;

/// How long a worker holds a job without telling progress.
pub const LEASE: Duration = Duration::from_secs(15);

/// Whether a worker still has its job, and what it should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It has it, and goes on.
    Held,
    /// It has it; somebody cancelled the job.
    Cancelled,
    /// It has it; the job's organization was locked.
    Paused,
    /// It has it no more.
    Lost,
}

#[derive(FromQueryResult)]
struct Row {
    cancelled: bool,
    open: bool,
}

/// Whether the job was cancelled, and whether its organization is open.
const SIGNS: &str = "(jobs.cancel_requested_at IS NOT NULL) AS cancelled, \
    (jobs.organization_id IS NULL OR EXISTS (SELECT 1 FROM organizations o \
        WHERE o.id = jobs.organization_id AND o.status IN ('active', 'read_only'))) AS open";

impl JobQueue {
    /// Tells progress and prolongs the lease, which a job that was cancelled or paused keeps too while it stops.
    pub async fn heartbeat(
        &self,
        job: &ClaimedJob,
        progress: Option<(u64, Option<u64>)>,
    ) -> Result<Hold, StoreError> {
        let told = if progress.is_some() { ", progress_done = $4, progress_total = $5" } else { "" };
        let mut update = Sql::new(
            &self.control,
            format!(
                "UPDATE jobs SET lease_until = $1{told} \
                 WHERE id = $2 AND lease_token = $3 AND status = 'running' RETURNING {SIGNS}"
            ),
        )
        .bind(self.clock.now() + length())
        .bind(job.id.as_uuid())
        .bind(job.token);
        if let Some((done, total)) = progress {
            update = update.bind(signed(done)).bind(total.map(signed));
        }
        let row: Option<Row> = update.one(&self.control).await.map_err(store_error)?;
        Ok(hold(row.as_ref()))
    }

    /// Looks whether the worker still has its job, and changes nothing.
    pub async fn look_at(&self, job: &ClaimedJob) -> Result<Hold, StoreError> {
        let row: Option<Row> = Sql::new(
            &self.control,
            format!("SELECT {SIGNS} FROM jobs WHERE id = $1 AND lease_token = $2 AND status = 'running'"),
        )
        .bind(job.id.as_uuid())
        .bind(job.token)
        .one(&self.control)
        .await
        .map_err(store_error)?;
        Ok(hold(row.as_ref()))
    }
}

const fn hold(row: Option<&Row>) -> Hold {
    match row {
        None => Hold::Lost,
        Some(Row { cancelled: true, .. }) => Hold::Cancelled,
        Some(Row { open: false, .. }) => Hold::Paused,
        Some(Row { cancelled: false, open: true }) => Hold::Held,
    }
}

pub(super) fn length() -> TimeDelta {
    TimeDelta::from_std(LEASE).unwrap_or(TimeDelta::seconds(15))
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
