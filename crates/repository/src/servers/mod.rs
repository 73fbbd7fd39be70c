//! The servers of organizations' databases: which ones there are, how many connections they get, which organization is on which.
//!
//! The server that the configuration names is the row `default`; further ones are rows that the operator adds. Every process keeps one
//! pool for each of them.

mod address;
mod admin;
mod default;
mod model;
mod moving;
mod placement;
mod rows;

pub use address::{ServerAddress, ServerSecrets};
pub use admin::FEWEST_CONNECTIONS;
pub use model::{NewServer, ServerChange, ServerError, ServerRecord, ServerState};
pub(crate) use placement::{place_locked, release_in};

use self::rows::ServerRow;
use crate::error::store_error;
use crate::pool::{PoolLimits, SERVER_DOWN, ServerPool, Usage, rejected};
use crate::server::TenantServer;
use crate::sql::Sql;
use sea_orm::{DatabaseConnection, FromQueryResult};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;
use vigie_kernel::{Clock, IdSource, OrganizationId, ServerId, StoreError};

/// The name of the server that the configuration names.
pub const DEFAULT_SERVER: &str = "default";
/// How long the connections of a server whose address changed may go on.
const REPLACED: Duration = Duration::from_secs(30);

/// One server, as this process uses it.
pub(crate) struct ServerNode {
    pub(crate) server: Arc<TenantServer>,
    pub(crate) pool: ServerPool,
    name: String,
    /// Of the address that it was made from; another one makes another node.
    digest: [u8; 32],
    /// Whether the operator has said that it is down.
    down: AtomicBool,
}

impl ServerNode {
    fn new(name: &str, server: TenantServer, limits: PoolLimits, digest: [u8; 32]) -> Self {
        let pool = ServerPool::new(name, limits, server.settles());
        Self { server: Arc::new(server), pool, name: name.to_owned(), digest, down: AtomicBool::new(false) }
    }

    /// Refuses when the operator has taken the server out of service.
    pub(crate) fn ready(&self) -> Result<(), StoreError> {
        if self.down.load(Ordering::Relaxed) {
            rejected(SERVER_DOWN);
            return Err(StoreError::TenantUnavailable(SERVER_DOWN));
        }
        Ok(())
    }

    /// The server's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// What [`TenantServers`] is made of.
pub struct ServerParts {
    /// The control database.
    pub control: DatabaseConnection,
    /// The server that the configuration names.
    pub default: TenantServer,
    /// Seals addresses that are kept in the control database.
    pub secrets: Arc<dyn ServerSecrets>,
    /// How each server's connections are kept.
    pub limits: PoolLimits,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives ids.
    pub ids: Arc<dyn IdSource>,
}

/// The servers of organizations' databases.
pub struct TenantServers {
    control: DatabaseConnection,
    default: Arc<ServerNode>,
    secrets: Arc<dyn ServerSecrets>,
    limits: PoolLimits,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    known: Mutex<HashMap<ServerId, Arc<ServerNode>>>,
    /// Two that read the servers at once would each make a node of a new one.
    refreshing: tokio::sync::Mutex<()>,
}

impl TenantServers {
    /// The servers of a control database. In a runtime, which must live as long as they do.
    #[must_use]
    pub fn new(parts: ServerParts) -> Self {
        let ServerParts { control, default, secrets, limits, clock, ids } = parts;
        let default = Arc::new(ServerNode::new(DEFAULT_SERVER, default, limits, [0; 32]));
        let (known, refreshing) = Default::default();
        Self { control, default, secrets, limits, clock, ids, known, refreshing }
    }

    /// The server that the configuration names.
    #[must_use]
    pub fn default_server(&self) -> &Arc<TenantServer> {
        &self.default.server
    }

    /// The server that an organization's database is on.
    pub async fn server_of(&self, organization: OrganizationId) -> Result<Arc<TenantServer>, StoreError> {
        Ok(Arc::clone(&self.of(organization).await?.server))
    }

    /// Closes the connections of this process to an organization's database and waits, not longer than `longest`, until none is in use any
    /// more: before it is replaced or dropped. Whether none is.
    pub async fn drain(&self, organization: OrganizationId, longest: Duration) -> Result<bool, StoreError> {
        Ok(self.of(organization).await?.pool.drain(organization, longest).await)
    }

    /// Closes this process's connections to an organization's databases, wherever they are; those in use when they come back.
    pub(crate) fn retire(&self, organization: OrganizationId, cause: &'static str) {
        for node in self.nodes() {
            node.pool.retire(organization, cause);
        }
    }

    /// What is open to each server, by name.
    #[must_use]
    pub fn usage(&self) -> Vec<Usage> {
        let mut usage: Vec<Usage> = self.nodes().iter().map(|node| node.pool.usage()).collect();
        usage.sort_by(|a, b| a.server.cmp(&b.server));
        usage
    }

    /// Closes every connection that is not in use, and waits for the others, not longer than `longest`.
    pub async fn close(&self, longest: Duration) {
        let nodes = self.nodes();
        let closing = nodes.iter().map(|node| async move {
            if !node.pool.shut(longest).await {
                tracing::warn!(server = node.name(), "connections to the database server are still in use");
            }
        });
        futures_util::future::join_all(closing).await;
    }

    /// Reads the servers anew: another address, another budget, another state takes effect.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.refreshing.lock().await;
        for row in rows::all(&self.control).await? {
            self.take_up(&row);
        }
        Ok(())
    }

    /// Closes what has been idle for too long.
    pub(crate) fn tidy(&self) {
        for node in self.nodes() {
            node.pool.tidy();
        }
    }

    /// The server of that id; the configured one for organizations from before there were others.
    pub(crate) async fn node(&self, id: Option<ServerId>) -> Result<Arc<ServerNode>, StoreError> {
        let Some(id) = id else { return Ok(Arc::clone(&self.default)) };
        if let Some(node) = self.known(id) {
            return Ok(node);
        }
        // Added by another process a moment ago, or one whose address cannot be read here.
        self.refresh().await?;
        self.known(id).ok_or_else(|| {
            rejected(SERVER_DOWN);
            StoreError::TenantUnavailable(SERVER_DOWN)
        })
    }

    /// The server of an organization: the configured one while it is not placed.
    pub(crate) async fn of(&self, organization: OrganizationId) -> Result<Arc<ServerNode>, StoreError> {
        match self.placed(organization).await? {
            Some(node) => Ok(node),
            None => self.node(None).await,
        }
    }

    /// The server that an organization was placed on, if it was.
    pub(crate) async fn placed(
        &self,
        organization: OrganizationId,
    ) -> Result<Option<Arc<ServerNode>>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            server_id: Option<Uuid>,
        }
        let row: Option<Row> = Sql::new(&self.control, "SELECT server_id FROM organizations WHERE id = $1")
            .bind(organization.as_uuid())
            .one(&self.control)
            .await
            .map_err(store_error)?;
        match row.and_then(|row| row.server_id) {
            Some(id) => self.node(Some(id.into())).await.map(Some),
            None => Ok(None),
        }
    }

    /// Every server, whatever its state. An error when one of them has no address here: who looks for something must not miss it.
    pub(crate) async fn every(&self) -> Result<Vec<Arc<TenantServer>>, StoreError> {
        let mut every = vec![Arc::clone(&self.default.server)];
        for row in rows::all(&self.control).await? {
            let node = self.node(Some(row.id.into())).await?;
            if !Arc::ptr_eq(&node, &self.default) {
                every.push(Arc::clone(&node.server));
            }
        }
        Ok(every)
    }

    /// Makes a row's server usable, or brings it up to date.
    fn take_up(&self, row: &ServerRow) {
        let node = match self.node_of(row) {
            Ok(node) => node,
            Err(error) => {
                tracing::error!(
                    server = row.name,
                    error = %error,
                    "the address of a database server cannot be used: its organizations get 503"
                );
                self.lock().remove(&row.id.into());
                return;
            }
        };
        let budget = row.connection_budget.and_then(|budget| usize::try_from(budget).ok());
        node.pool.resize(budget.unwrap_or(self.limits.connections));
        node.down.store(row.state == ServerState::Down.name(), Ordering::Relaxed);
        let before = self.lock().insert(row.id.into(), Arc::clone(&node));
        if let Some(before) = before.filter(|before| !Arc::ptr_eq(before, &node)) {
            tracing::info!(server = row.name, "the address of a database server has changed");
            tokio::spawn(async move { before.pool.shut(REPLACED).await });
        }
    }

    fn node_of(&self, row: &ServerRow) -> Result<Arc<ServerNode>, ServerError> {
        let address = row.address(self.secrets.as_ref())?;
        let Some(address) = address else { return Ok(Arc::clone(&self.default)) };
        let digest: [u8; 32] = Sha256::digest(address.expose().as_bytes()).into();
        if let Some(node) = self.known(row.id.into()).filter(|node| node.digest == digest) {
            return Ok(node);
        }
        let server = TenantServer::at(address.expose())?;
        Ok(Arc::new(ServerNode::new(&row.name, server, self.limits, digest)))
    }

    fn known(&self, id: ServerId) -> Option<Arc<ServerNode>> {
        self.lock().get(&id).cloned()
    }

    /// Every server once: the configured one may have a row, or none yet.
    fn nodes(&self) -> Vec<Arc<ServerNode>> {
        let mut nodes: Vec<_> = self.lock().values().cloned().collect();
        if !nodes.iter().any(|node| Arc::ptr_eq(node, &self.default)) {
            nodes.push(Arc::clone(&self.default));
        }
        nodes
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ServerId, Arc<ServerNode>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
