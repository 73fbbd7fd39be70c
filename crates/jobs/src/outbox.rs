//! Announcing a job in the transaction of the change that causes it.

use crate::{Job, JobTemplate, Lane};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vigie_kernel::{OutboxId, StoreError};

/// A job on its way to the queue, as the outbox keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxMessage {
    /// The message's id, which also keeps the relay from enqueuing it twice.
    pub id: OutboxId,
    /// The job's name.
    pub name: String,
    /// The lane it runs in.
    pub lane: Lane,
    /// Key under which only one such job waits or runs.
    pub once: Option<String>,
    /// Key under which only one job of the organization runs.
    pub exclusive: Option<String>,
    /// The job itself.
    pub payload: serde_json::Value,
    /// Attempts before it is dead.
    pub max_attempts: u16,
    /// Not before this instant.
    pub run_at: DateTime<Utc>,
    /// The request that caused it.
    pub request_id: String,
}

impl OutboxMessage {
    /// The message that announces a job.
    pub fn announce<J: Job>(
        id: OutboxId,
        job: &J,
        run_at: DateTime<Utc>,
        request_id: &str,
    ) -> Result<Self, StoreError> {
        Ok(JobTemplate::of(job)?.message(id, run_at, request_id))
    }
}

/// Something that happened in a domain and that others may react to.
pub trait DomainEvent {
    /// The stable name, `area.thing-happened`.
    fn name(&self) -> &'static str;
}

/// Writes messages in the unit of work it belongs to; the relay enqueues them after the commit.
#[async_trait]
pub trait Outbox: Send {
    /// Adds a message.
    async fn add(&mut self, message: &OutboxMessage) -> Result<(), StoreError>;
}
