//! Adding jobs.

use super::{JobQueue, owner, turns};
use crate::error::store_error;
use crate::sql::Sql;
use crate::transaction;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use vigie_jobs::{Lane, OutboxMessage};
use vigie_kernel::{OrganizationId, StoreError};

/// Messages of one statement: 15 parameters each.
const CHUNK: usize = 500;

#[derive(FromQueryResult)]
struct Added {
    lane_rank: i32,
    run_at: DateTime<Utc>,
}

impl JobQueue {
    /// Adds a job; false when that changed nothing, because the message was added before or its `once` key waits or runs already.
    pub async fn enqueue(
        &self,
        organization: Option<OrganizationId>,
        message: &OutboxMessage,
    ) -> Result<bool, StoreError> {
        Ok(self.enqueue_all(organization, std::slice::from_ref(message)).await? == 1)
    }

    /// Adds jobs of one owner in one transaction; answers how many were not there yet.
    pub async fn enqueue_all(
        &self,
        organization: Option<OrganizationId>,
        messages: &[OutboxMessage],
    ) -> Result<usize, StoreError> {
        if messages.is_empty() {
            return Ok(0);
        }
        let txn = transaction::begin(&self.control).await?;
        let added = insert_in(&txn, organization, messages, self.clock.now()).await?;
        txn.commit().await.map_err(store_error)?;
        if added > 0 {
            self.announce();
        }
        Ok(added)
    }

    /// The current instant by the queue's clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// Adds jobs in a transaction of the caller's, who announces them after the commit; answers how many were not there yet.
pub(crate) async fn insert_in<C: ConnectionTrait>(
    txn: &C,
    organization: Option<OrganizationId>,
    messages: &[OutboxMessage],
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let owner = owner(organization);
    let mut added = Vec::new();
    for chunk in messages.chunks(CHUNK) {
        let rows: Vec<Added> = insert(txn, organization, chunk, now).all(txn).await.map_err(store_error)?;
        added.extend(rows);
    }
    // The jobs first, then the turns, in the order of the lanes: every writer does so, and none waits for another in a circle.
    for lane in Lane::ALL {
        let first = added.iter().filter(|job| job.lane_rank == lane.rank()).map(|job| job.run_at).min();
        if let Some(first) = first {
            turns::lower(txn, owner, lane, first).await?;
        }
    }
    Ok(added.len())
}

fn insert<C: ConnectionTrait>(
    txn: &C,
    organization: Option<OrganizationId>,
    messages: &[OutboxMessage],
    now: DateTime<Utc>,
) -> Sql {
    let mut sql = Sql::new(
        txn,
        "INSERT INTO jobs (id, name, lane, lane_rank, owner_id, organization_id, once_key, exclusive_key, payload, \
         request_id, max_attempts, run_at, created_at, status, attempt, progress_done) VALUES ",
    );
    for (index, message) in messages.iter().enumerate() {
        sql.push(if index == 0 { "(" } else { ", (" });
        sql.push_value(message.id.as_uuid()).push(", ");
        sql.push_value(message.name.as_str()).push(", ");
        sql.push_value(message.lane.name()).push(", ");
        sql.push_value(message.lane.rank()).push(", ");
        sql.push_value(owner(organization)).push(", ");
        sql.push_value(organization.map(OrganizationId::as_uuid)).push(", ");
        sql.push_value(message.once.as_deref()).push(", ");
        sql.push_value(message.exclusive.as_deref().unwrap_or_default()).push(", ");
        sql.push_value(message.payload.clone()).push(", ");
        sql.push_value(message.request_id.as_str()).push(", ");
        sql.push_value(i32::from(message.max_attempts)).push(", ");
        sql.push_value(message.run_at).push(", ");
        sql.push_value(now).push(", 'queued', 0, 0)");
    }
    sql.push(" ON CONFLICT DO NOTHING RETURNING lane_rank, run_at");
    sql
}
