//! The job queue: tables of the control database (`docs/adr/0003-job-queue-is-a-table.md`).
//!
//! A claim is a lease with a fencing token: whoever lost the lease can neither report progress nor finish. A job whose lease ran out goes
//! back into the queue, so a killed worker loses no job.
//!
//! Whose turn it is stands in `job_turns`, one row for each owner and lane: a claim looks at turns, of which there are few, and at the
//! head of one owner's jobs, never at all that wait (`docs/adr/0015-turns-of-organizations.md`).

mod claim;
mod ending;
mod enqueue;
mod lease;
mod lost;
mod operate;
mod status;
mod turns;
mod view;

pub use claim::ClaimedJob;
pub use ending::EndedJob;
pub use lease::{Hold, LEASE};
pub use operate::Cancellation;
pub use status::JobStatus;
pub use view::{AttemptRecord, JobDetails, JobFilter, JobSummary, QueueDepth};

pub(crate) use enqueue::insert_in;
pub(crate) use turns::OPEN;

use sea_orm::DatabaseConnection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;
use vigie_jobs::{Lane, WakeUp};
use vigie_kernel::{Clock, IdSource, OrganizationId};

/// How much of the fleet of workers one organization may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Jobs of one organization in the bulk lane that run at once, over all workers; at least 1.
    pub bulk_per_organization: u16,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { bulk_per_organization: 2 }
    }
}

impl QueueLimits {
    /// How many jobs of one owner may run at once in a lane; `None` where there is no limit.
    fn at_once(self, owner: Uuid, lane: Lane) -> Option<i64> {
        match lane {
            Lane::Bulk if !owner.is_nil() => Some(i64::from(self.bulk_per_organization.max(1))),
            Lane::Security | Lane::Transactional | Lane::Bulk => None,
        }
    }
}

/// The queue.
pub struct JobQueue {
    control: DatabaseConnection,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    limits: QueueLimits,
    changes: watch::Sender<u64>,
    others: Option<Arc<dyn WakeUp>>,
}

impl JobQueue {
    /// The queue of a control database, with the limits of [`QueueLimits::default`].
    #[must_use]
    pub fn new(control: DatabaseConnection, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        let limits = QueueLimits::default();
        Self { control, clock, ids, limits, changes: watch::Sender::new(0), others: None }
    }

    /// The same queue with other limits. Every process of an installation has the same.
    #[must_use]
    pub fn with_limits(self, limits: QueueLimits) -> Self {
        Self { limits, ..self }
    }

    /// The same queue, which also wakes the workers of other processes.
    #[must_use]
    pub fn with_wake_up(self, others: Arc<dyn WakeUp>) -> Self {
        Self { others: Some(others), ..self }
    }

    /// Wakes the workers of this process: another one has added jobs.
    pub fn wake(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Learns of changes from now on.
    #[must_use]
    pub fn waiter(&self) -> Waiter {
        Waiter(self.changes.subscribe())
    }

    /// An id for a process that holds something for a while.
    pub(crate) fn new_holder(&self) -> Uuid {
        self.ids.next_uuid()
    }

    /// Wakes the workers of every process.
    pub(crate) fn announce(&self) {
        self.wake();
        if let Some(others) = &self.others {
            others.enqueued();
        }
    }
}

/// Waits for something to do. Made before the first look at the queue, it misses nothing that is added after it.
pub struct Waiter(watch::Receiver<u64>);

impl Waiter {
    /// Returns at once when the queue has changed since the last call, otherwise with the next change that this process hears of, or
    /// when `longest` has passed: other processes add jobs too, and jobs become due by themselves.
    pub async fn wait(&mut self, longest: Duration) {
        let _timed_out = tokio::time::timeout(longest, self.0.changed()).await;
    }
}

/// The owner of a job: its organization, or the nil UUID for the platform's own.
pub(crate) fn owner(organization: Option<OrganizationId>) -> Uuid {
    organization.map_or_else(Uuid::nil, OrganizationId::as_uuid)
}

/// The organization that an owner is; `None` for the platform.
fn organization_of(owner: Uuid) -> Option<Uuid> {
    (!owner.is_nil()).then_some(owner)
}
