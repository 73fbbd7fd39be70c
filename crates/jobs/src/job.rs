//! Jobs.

use crate::{Lane, OutboxMessage, Retry};
use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use vigie_kernel::{OutboxId, StoreError};

/// A named, idempotent piece of work. Its payload carries ids and never personal data.
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// The stable name, `area.verb-object`.
    const NAME: &'static str;
    /// The lane it runs in.
    const LANE: Lane = Lane::Transactional;
    /// When a failed attempt is tried again, and how often.
    const RETRY: Retry;
    /// Whether something of it leaves the organization: a mail, a call to another system. Such a job waits while that is paused for
    /// its organization, as it is for a copy until an operator confirms it.
    const OUTGOING: bool = false;

    /// A key under which only one such job of an organization may wait or run at a time; `None` when any number may.
    ///
    /// A job that is announced while another with its name and key waits **or runs** is dropped, not put behind it. So the key has to
    /// name everything that the job will do: the id of a run that is applied once, never only the thing that changed, unless the
    /// job itself looks again at the end for changes that came while it ran. Once the first has ended (done, dead or
    /// cancelled) the key is free.
    fn once(&self) -> Option<String> {
        None
    }

    /// A key under which only one job of an organization runs at a time, whatever its name or lane; the others wait for their turn
    /// and none is dropped. `None` when it may run beside any other. Keys are few: one for each thing that must not be done
    /// twice at once, not one for each row.
    fn exclusive(&self) -> Option<String> {
        None
    }
}

/// What the queue keeps of a job, whatever its type: how it is announced and how a schedule starts it again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct JobTemplate {
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
}

impl JobTemplate {
    /// The template of a job; fails when the job cannot be written as JSON.
    pub fn of<J: Job>(job: &J) -> Result<Self, StoreError> {
        Ok(Self {
            name: J::NAME.to_owned(),
            lane: J::LANE,
            once: job.once(),
            exclusive: job.exclusive(),
            payload: serde_json::to_value(job).map_err(|error| StoreError::Broken(Box::new(error)))?,
            max_attempts: J::RETRY.attempts(),
        })
    }

    /// A message that announces one such job, to be run not before `run_at`.
    #[must_use]
    pub fn message(self, id: OutboxId, run_at: DateTime<Utc>, request_id: &str) -> OutboxMessage {
        let Self { name, lane, once, exclusive, payload, max_attempts } = self;
        OutboxMessage {
            id,
            name,
            lane,
            once,
            exclusive,
            payload,
            max_attempts,
            run_at,
            request_id: request_id.to_owned(),
        }
    }
}
