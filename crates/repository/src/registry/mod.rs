//! Organization -> connection: opened once, verified, counted, closed when idle.
//!
//! The registry knows where organizations are; the connections themselves are in the pool of their server (`crate::pool`).

mod entries;
mod keeper;
mod verify;
mod visit;

pub(crate) use verify::{verify, verify_current};

use self::entries::{Entries, Known, Opened};
use crate::error::store_error;
use crate::fingerprint::SchemaWindow;
use crate::pool::{Lease, Usage, evicted};
use crate::servers::TenantServers;
use crate::sql::Sql;
use sea_orm::{DatabaseConnection, FromQueryResult};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use uuid::Uuid;
use vigie_kernel::{OrganizationId, ServerId, StoreError};

/// How long work of the background waits for its turn: longer than anybody at a browser would.
const BACKGROUND_PATIENCE: Duration = Duration::from_secs(10);

/// How many organizations the registry keeps open, and which schemas it opens.
#[derive(Clone, Copy, Debug)]
pub struct RegistryLimits {
    /// Organizations kept open at most; the least recently used one that nobody uses goes first.
    pub open_organizations: usize,
    /// An organization that nobody used for so long is closed.
    pub idle: Duration,
    /// The schema versions that are served.
    pub window: SchemaWindow,
}

impl Default for RegistryLimits {
    fn default() -> Self {
        Self { open_organizations: 1_000, idle: Duration::from_mins(5), window: SchemaWindow::default() }
    }
}

/// Who waits for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// A request: told to come back after a moment.
    Request,
    /// A job or another work of the background.
    Background,
}

/// Opens organizations' databases and keeps where they are. Cloning shares it.
#[derive(Clone)]
pub struct Registry(Arc<Shared>);

struct Shared {
    control: DatabaseConnection,
    servers: Arc<TenantServers>,
    entries: Entries,
    limits: RegistryLimits,
    opened: AtomicU64,
    runtime: Handle,
}

impl Registry {
    /// A registry over the control database and the servers of the organizations' databases. In a runtime, which must live as long as
    /// it does: a task in it closes what is idle, until the registry is dropped.
    #[must_use]
    pub fn new(control: DatabaseConnection, servers: Arc<TenantServers>, limits: RegistryLimits) -> Self {
        let shared = Arc::new(Shared {
            control,
            servers,
            entries: Entries::default(),
            limits,
            opened: AtomicU64::new(0),
            runtime: Handle::current(),
        });
        keeper::start(&shared);
        Self(shared)
    }

    /// A connection to an organization's database. Requests that come together open it once; a failed opening is not kept.
    pub(crate) async fn lease(
        &self,
        organization: OrganizationId,
        patience: Patience,
    ) -> Result<Lease, StoreError> {
        let began = Instant::now();
        loop {
            let (opened, first) = self.entry(organization, patience).await?;
            opened.node.ready()?;
            let longest = match patience {
                Patience::Request => opened.node.pool.patience(),
                Patience::Background => BACKGROUND_PATIENCE,
            };
            let Opened { node, database, .. } = &*opened;
            let lease = match first {
                Some(first) => first,
                None => node.pool.lease(organization, &node.server, database, began + longest).await?,
            };
            // It may have been moved while this one was waiting.
            if !opened.is_forgotten() {
                return Ok(lease);
            }
            lease.discard();
        }
    }

    /// The organizations that are open and were used since then; all that are open without an instant.
    pub(crate) fn used_since(&self, since: Option<Instant>) -> Vec<OrganizationId> {
        self.0.entries.used_since(since)
    }

    /// What is open to each server.
    #[must_use]
    pub fn usage(&self) -> Vec<Usage> {
        self.0.servers.usage()
    }

    /// How many organizations are kept open.
    #[must_use]
    pub fn open_organizations(&self) -> usize {
        self.0.entries.len()
    }

    /// How many databases were opened since the start, those that were opened again included.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.0.opened.load(Ordering::Relaxed)
    }

    /// Forgets where an organization is, and closes its connections, those in use when they come back: the next request opens it anew.
    pub fn forget(&self, organization: OrganizationId) {
        // Entry or not: the steps that set a database up connect to it without one.
        drop(self.0.entries.forget(organization));
        self.0.servers.retire(organization, "forgotten");
    }

    /// Forgets an organization and waits, not longer than `longest`, until none of its connections is in use: before its database is
    /// replaced or dropped. Whether none is.
    pub async fn drain(&self, organization: OrganizationId, longest: Duration) -> Result<bool, StoreError> {
        self.forget(organization);
        self.0.servers.drain(organization, longest).await
    }

    /// Closes every connection that is not in use, and waits for the others, not longer than `longest`: for the end of the process.
    pub async fn close(&self, longest: Duration) {
        self.0.servers.close(longest).await;
    }

    /// Where the organization is, verified.
    ///
    /// Who had it opened gets the connection with which it was verified: given back, it would go to the next in line when the server's are
    /// all taken, and be opened a second time.
    async fn entry(
        &self,
        organization: OrganizationId,
        patience: Patience,
    ) -> Result<(Arc<Opened>, Option<Lease>), StoreError> {
        loop {
            let (mut opening, first) = match self.0.entries.look(organization) {
                Known::Open(opened) => return Ok((opened, None)),
                Known::Opening(opening) => (opening, None),
                Known::Ours(opener) => {
                    // In a task of its own: the others wait for it even when this request goes away.
                    let this = self.clone();
                    let opening = opener.watch();
                    let (sender, first) = oneshot::channel();
                    self.0.runtime.spawn(async move {
                        match this.reach(organization, patience).await {
                            Ok((reached, lease)) => {
                                // Sent before the others hear of it; when nobody waits any more it is given back.
                                drop(sender.send(lease));
                                this.settle(organization, opener, Ok(reached));
                            }
                            Err(error) => this.settle(organization, opener, Err(error)),
                        }
                    });
                    (opening, Some(first))
                }
            };
            match opening.outcome().await {
                Some(Ok(opened)) => {
                    let first = first.and_then(|mut first| first.try_recv().ok());
                    return Ok((opened, first));
                }
                Some(Err(error)) => return Err(error),
                // Its task was ended before it was through.
                None => tokio::task::yield_now().await,
            }
        }
    }

    fn settle(
        &self,
        organization: OrganizationId,
        opener: entries::Opener,
        outcome: Result<Opened, StoreError>,
    ) {
        if outcome.is_ok() {
            self.0.opened.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(organization.id = %organization, "opened the organization's database");
        }
        opener.settle(outcome, || {
            let in_use = |id: OrganizationId, opened: &Opened| opened.node.pool.is_used(id);
            for (id, opened) in self.0.entries.beyond(self.0.limits.open_organizations, in_use) {
                opened.node.pool.retire(id, "lru");
                evicted("organization_lru");
            }
        });
    }

    /// Looks up where an organization is and connects to its database, which must be its own and of a schema that is served.
    async fn reach(
        &self,
        organization: OrganizationId,
        patience: Patience,
    ) -> Result<(Opened, Lease), StoreError> {
        #[derive(FromQueryResult)]
        struct Placement {
            database_name: String,
            status: String,
            server_id: Option<Uuid>,
        }
        let placement: Option<Placement> = Sql::new(
            &self.0.control,
            "SELECT database_name, status, server_id FROM organizations WHERE id = $1",
        )
        .bind(organization.as_uuid())
        .one(&self.0.control)
        .await
        .map_err(store_error)?;
        let placement = placement
            .filter(|placement| is_open(&placement.status))
            .ok_or(StoreError::TenantUnavailable("tenant_unknown"))?;
        let node = self.0.servers.node(placement.server_id.map(ServerId::from)).await?;
        node.ready()?;
        let longest = match patience {
            Patience::Request => node.pool.patience(),
            Patience::Background => BACKGROUND_PATIENCE,
        };
        let deadline = Instant::now() + longest;
        let lease = node.pool.lease(organization, &node.server, &placement.database_name, deadline).await?;
        match verify(lease.connection(), organization, self.0.limits.window).await {
            Ok(()) => Ok((Opened::new(node, placement.database_name), lease)),
            Err(error) => {
                lease.discard();
                Err(error)
            }
        }
    }
}

/// Whether an organization of that status has a database that may be opened.
fn is_open(status: &str) -> bool {
    !matches!(status, "deleted" | "archived" | "failed")
}

/// A failure that several waiting requests share.
#[derive(Debug, thiserror::Error)]
#[error("opening the organization's database failed")]
struct SharedFailure(#[source] Arc<StoreError>);

/// The failure as one of those who wait for it gets it.
fn shared(error: &Arc<StoreError>) -> StoreError {
    match &**error {
        StoreError::TenantUnavailable(code) => StoreError::TenantUnavailable(code),
        StoreError::Unavailable(_) => StoreError::Unavailable(Box::new(SharedFailure(Arc::clone(error)))),
        StoreError::Conflict(_) | StoreError::Stale | StoreError::Broken(_) => {
            StoreError::Broken(Box::new(SharedFailure(Arc::clone(error))))
        }
    }
}
