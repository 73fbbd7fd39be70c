//! From the organizations' outboxes to the job queue.

mod rounds;

pub use rounds::RoundPace;

use self::rounds::Rounds;
use crate::error::store_error;
use crate::queue::JobQueue;
use crate::registry::{Patience, Registry};
use crate::sql::Sql;
use crate::tenant;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{DatabaseConnection, FromQueryResult};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use uuid::Uuid;
use vigie_jobs::{Lane, OutboxMessage};
use vigie_kernel::{OrganizationId, StoreError};

/// Messages relayed in one turn of an organization.
const BATCH: u32 = 200;

/// Tells the relay which organizations have committed messages.
#[derive(Clone, Default)]
pub struct RelaySignal(Arc<Signal>);

#[derive(Default)]
struct Signal {
    waiting: Mutex<HashSet<OrganizationId>>,
    wake: Notify,
}

impl RelaySignal {
    pub(crate) fn notify(&self, organization: OrganizationId) {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(organization);
        self.0.wake.notify_one();
    }

    /// Waits until some organization has messages, and takes the list.
    pub async fn wait(&self) -> Vec<OrganizationId> {
        loop {
            let taken: Vec<_> =
                self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
            if !taken.is_empty() {
                return taken;
            }
            self.0.wake.notified().await;
        }
    }
}

/// Moves messages from outboxes to the queue. A message's id is its job's id, so a crash between the two steps relays it again without
/// enqueuing it twice.
pub struct Relay {
    control: DatabaseConnection,
    registry: Arc<Registry>,
    queue: Arc<JobQueue>,
    signal: RelaySignal,
    delays: Mutex<Delays>,
    /// This process, as the one that goes round.
    holder: Uuid,
    rounds: tokio::sync::Mutex<Rounds>,
}

/// How late messages reach the queue.
#[derive(Default)]
struct Delays {
    /// The longest of each lane since somebody asked.
    longest: HashMap<Lane, TimeDelta>,
    /// Organizations that have messages which could not be relayed, and since when.
    stuck: HashMap<OrganizationId, DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Active {
    id: Uuid,
}

impl Relay {
    /// A relay between the registry's databases and the queue.
    #[must_use]
    pub fn new(
        control: DatabaseConnection,
        registry: Arc<Registry>,
        queue: Arc<JobQueue>,
        signal: RelaySignal,
    ) -> Self {
        let holder = queue.new_holder();
        let (delays, rounds) = Default::default();
        Self { control, registry, queue, signal, delays, holder, rounds }
    }

    /// The signal that units of work give after a commit.
    #[must_use]
    pub const fn signal(&self) -> &RelaySignal {
        &self.signal
    }

    /// Relays everything that one organization has waiting; answers how many messages that were.
    pub async fn relay(&self, organization: OrganizationId) -> Result<usize, StoreError> {
        let lease = self.registry.lease(organization, Patience::Background).await?;
        self.relay_over(organization, lease.connection()).await
    }

    /// The same without using the organization: what nobody uses is neither opened nor kept open by it.
    async fn relay_in_passing(&self, organization: OrganizationId) -> Result<usize, StoreError> {
        let visit = self.registry.visit(organization).await?;
        let relayed = self.relay_over(organization, visit.connection()).await;
        visit.end();
        relayed
    }

    async fn relay_over(
        &self,
        organization: OrganizationId,
        database: &DatabaseConnection,
    ) -> Result<usize, StoreError> {
        let mut relayed = 0;
        loop {
            let batch = tenant::take_batch(database, BATCH).await?;
            if batch.is_empty() {
                self.delays().stuck.remove(&organization);
                return Ok(relayed);
            }
            self.queue.enqueue_all(Some(organization), &batch).await?;
            self.note(&batch);
            tenant::forget(database, &batch).await.map_err(store_error)?;
            relayed += batch.len();
        }
    }

    /// The same for an organization that is known to have something waiting: while it cannot be relayed, it counts as late.
    pub async fn relay_announced(&self, organization: OrganizationId) -> Result<usize, StoreError> {
        let relayed = self.relay(organization).await;
        if relayed.is_err() {
            let now = self.queue.now();
            self.delays().stuck.entry(organization).or_insert(now);
        }
        relayed
    }

    /// Tries those again that could not be relayed although they are known to have something waiting. From time to time.
    pub async fn relay_stuck(&self) {
        for organization in self.stuck() {
            if let Err(error) = self.relay_announced(organization).await {
                tracing::debug!(organization.id = %organization, %error, "its outbox is still not relayed");
            }
        }
    }

    /// Organizations with messages that could not be relayed.
    fn stuck(&self) -> Vec<OrganizationId> {
        self.delays().stuck.keys().copied().collect()
    }

    /// How long the latest message of each lane has waited for the relay, of those relayed since the last call and of those that are
    /// known to wait still.
    pub fn take_lag(&self) -> [(Lane, TimeDelta); 3] {
        let now = self.queue.now();
        let mut delays = self.delays();
        let longest = std::mem::take(&mut delays.longest);
        let stuck = delays.stuck.values().map(|since| now - *since).max().unwrap_or_default();
        Lane::ALL.map(|lane| (lane, longest.get(&lane).copied().unwrap_or_default().max(stuck)))
    }

    fn note(&self, batch: &[OutboxMessage]) {
        let now = self.queue.now();
        let mut delays = self.delays();
        for message in batch {
            let longest = delays.longest.entry(message.lane).or_default();
            *longest = (now - message.run_at).max(*longest);
        }
    }

    fn delays(&self) -> std::sync::MutexGuard<'_, Delays> {
        self.delays.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Relays what every active organization has waiting, all of them now: for a command or a test that waits for it.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let active: Vec<Active> = Sql::new(
            &self.control,
            "SELECT id FROM organizations WHERE status IN ('active', 'read_only') ORDER BY id",
        )
        .all(&self.control)
        .await
        .map_err(store_error)?;
        let mut relayed = 0;
        for organization in active {
            match self.relay(organization.id.into()).await {
                Ok(count) => relayed += count,
                // One organization whose database does not answer must not hold up the others.
                Err(error) => {
                    tracing::warn!(organization.id = %organization.id, %error, "its outbox was not relayed");
                }
            }
        }
        Ok(relayed)
    }
}
