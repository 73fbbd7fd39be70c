//! Opens units of work and reads for a tenant.

use super::work::{TenantReads, TenantWork};
use crate::registry::Registry;
use crate::relay::RelaySignal;
use crate::transaction;
use std::sync::Arc;
use vigie_kernel::{IdSource, StoreError, TenantContext};

/// Every domain's store, on the databases of the organizations. A [`TenantContext`] is the only key.
#[derive(Clone)]
pub struct TenantStore {
    registry: Arc<Registry>,
    relay: RelaySignal,
    ids: Arc<dyn IdSource>,
}

impl TenantStore {
    /// A store over a registry; `relay` learns which organizations have messages to relay.
    #[must_use]
    pub const fn new(registry: Arc<Registry>, relay: RelaySignal, ids: Arc<dyn IdSource>) -> Self {
        Self { registry, relay, ids }
    }

    pub(super) async fn work(&self, tenant: &TenantContext) -> Result<Box<TenantWork>, StoreError> {
        let lease = self.registry.lease(tenant.organization()).await?;
        let txn = transaction::begin(&lease.pool).await?;
        Ok(Box::new(TenantWork::new(txn, tenant, Arc::clone(&self.ids), self.relay.clone(), lease.permit)))
    }

    pub(super) async fn reads(&self, tenant: &TenantContext) -> Result<Box<TenantReads>, StoreError> {
        let lease = self.registry.lease(tenant.organization()).await?;
        Ok(Box::new(TenantReads::new(lease.pool, tenant, lease.permit)))
    }
}
