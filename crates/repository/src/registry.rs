//! Organization -> pool: opened once, verified, bounded, closed when idle.

use crate::error::store_error;
use crate::fingerprint;
use crate::server::TenantServer;
use crate::sql::Sql;
use moka::future::Cache;
use moka::policy::EvictionPolicy;
use sea_orm::{DatabaseConnection, FromQueryResult};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;
use vigie_kernel::{OrganizationId, StoreError};

/// How many pools and connections the registry holds.
#[derive(Clone, Copy, Debug)]
pub struct RegistryLimits {
    /// Pools kept open at most; the least recently used idle one goes first.
    pub open_pools: u64,
    /// Units of work and reads under way at once, over all organizations of this process.
    pub connections: usize,
    /// A pool that nobody used for so long is closed.
    pub idle: Duration,
    /// How long a request waits for its turn before it is told to come back.
    pub patience: Duration,
}

impl Default for RegistryLimits {
    fn default() -> Self {
        Self {
            open_pools: 200,
            connections: 60,
            idle: Duration::from_mins(5),
            patience: Duration::from_secs(5),
        }
    }
}

/// Opens organizations' databases and keeps their pools.
pub struct Registry {
    control: DatabaseConnection,
    server: Arc<TenantServer>,
    pools: Cache<OrganizationId, DatabaseConnection>,
    permits: Arc<Semaphore>,
    patience: Duration,
    opened: AtomicU64,
}

/// The right to use one connection of an organization's pool; given back when dropped.
pub(crate) struct Lease {
    pub(crate) pool: DatabaseConnection,
    pub(crate) permit: OwnedSemaphorePermit,
}

#[derive(FromQueryResult)]
struct Placement {
    database_name: String,
    status: String,
}

#[derive(FromQueryResult)]
struct Meta {
    organization_id: Uuid,
    schema_fingerprint: String,
}

impl Registry {
    /// A registry over the control database and the server of the organizations' databases.
    #[must_use]
    pub fn new(control: DatabaseConnection, server: Arc<TenantServer>, limits: RegistryLimits) -> Self {
        let pools = Cache::builder()
            .max_capacity(limits.open_pools)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(limits.idle)
            .build();
        let permits = Arc::new(Semaphore::new(limits.connections));
        Self { control, server, pools, permits, patience: limits.patience, opened: AtomicU64::new(0) }
    }

    /// A connection's worth of an organization's pool. Concurrent first requests open the pool once; a failed opening is not kept.
    pub(crate) async fn lease(&self, organization: OrganizationId) -> Result<Lease, StoreError> {
        let pool = self.pool(organization).await?;
        let permit = tokio::time::timeout(self.patience, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| StoreError::TenantUnavailable("capacity"))?
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        Ok(Lease { pool, permit })
    }

    /// How many pools are open and how many connections are in use.
    #[must_use]
    pub fn usage(&self) -> (u64, usize) {
        (self.pools.entry_count(), self.permits.available_permits())
    }

    /// How many databases were opened since the start, those that were opened again included.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Forgets the pool, so that the next request opens it anew; what is in use goes on.
    pub async fn forget(&self, organization: OrganizationId) {
        self.pools.invalidate(&organization).await;
    }

    async fn pool(&self, organization: OrganizationId) -> Result<DatabaseConnection, StoreError> {
        if let Some(pool) = self.pools.get(&organization).await {
            return Ok(pool);
        }
        // Opening is rare and its future large: requests that find the pool must not carry it.
        let opened = Box::pin(self.pools.try_get_with(organization, Box::pin(self.open(organization)))).await;
        opened.map_err(|error: Arc<StoreError>| {
            Arc::try_unwrap(error).unwrap_or_else(|shared| match &*shared {
                StoreError::TenantUnavailable(code) => StoreError::TenantUnavailable(code),
                StoreError::Unavailable(_) => {
                    StoreError::Unavailable(Box::new(SharedFailure(Arc::clone(&shared))))
                }
                StoreError::Conflict(_) | StoreError::Stale | StoreError::Broken(_) => {
                    StoreError::Broken(Box::new(SharedFailure(Arc::clone(&shared))))
                }
            })
        })
    }

    async fn open(&self, organization: OrganizationId) -> Result<DatabaseConnection, StoreError> {
        let placement: Option<Placement> =
            Sql::new(&self.control, "SELECT database_name, status FROM organizations WHERE id = $1")
                .bind(organization.as_uuid())
                .one(&self.control)
                .await
                .map_err(store_error)?;
        let placement = placement
            .filter(|placement| !matches!(placement.status.as_str(), "deleted" | "archived" | "failed"))
            .ok_or(StoreError::TenantUnavailable("tenant_unknown"))?;
        let pool = self.server.open(&placement.database_name).await.map_err(store_error)?;
        verify(&pool, organization).await?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(organization.id = %organization, "opened the organization's database");
        Ok(pool)
    }
}

/// A database serves an organization only when it says itself that it is that organization's, at the schema of this binary.
pub(crate) async fn verify(
    pool: &DatabaseConnection,
    organization: OrganizationId,
) -> Result<(), StoreError> {
    let meta: Option<Meta> =
        Sql::new(pool, "SELECT organization_id, schema_fingerprint FROM org_meta WHERE id = 1")
            .one(pool)
            .await
            .map_err(store_error)?;
    let meta = meta.ok_or(StoreError::TenantUnavailable("tenant_provisioning"))?;
    if meta.organization_id != organization.as_uuid() {
        tracing::error!(organization.id = %organization, "the database bears another organization's id");
        return Err(StoreError::broken("the database bears another organization's id"));
    }
    if meta.schema_fingerprint != fingerprint::current() {
        return Err(StoreError::TenantUnavailable("tenant_schema_outdated"));
    }
    Ok(())
}

/// A failure that several waiting requests share.
#[derive(Debug, thiserror::Error)]
#[error("opening the organization's database failed")]
struct SharedFailure(#[source] Arc<StoreError>);
