//! Opens units of work and reads for a tenant.

use super::repeats::ongoing;
use super::work::{Held, TenantReads, TenantWork};
use crate::pool::Lease;
use crate::read_on::ReadOn;
use crate::registry::{Patience, Registry};
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
    patience: Patience,
}

impl TenantStore {
    /// A store over a registry; `relay` learns which organizations have messages to relay.
    #[must_use]
    pub const fn new(registry: Arc<Registry>, relay: RelaySignal, ids: Arc<dyn IdSource>) -> Self {
        Self { registry, relay, ids, patience: Patience::Request }
    }

    /// The same store for work of the background, which waits longer for a connection than a request does.
    #[must_use]
    pub fn for_background(&self) -> Self {
        Self { patience: Patience::Background, ..self.clone() }
    }

    pub(super) async fn work(&self, tenant: &TenantContext) -> Result<Box<TenantWork>, StoreError> {
        let (txn, held) = if let Some(request) = ongoing() {
            // Boxed: requests without a key must not carry it.
            let (txn, lent) = Box::pin(request.lend(tenant)).await?;
            (txn, Held::Lent(lent))
        } else {
            let lease = self.lease(tenant).await?;
            (transaction::begin(lease.connection()).await?, Held::Own { _lease: Box::new(lease) })
        };
        Ok(Box::new(TenantWork::new(txn, tenant, Arc::clone(&self.ids), self.relay.clone(), held)))
    }

    pub(super) async fn reads(&self, tenant: &TenantContext) -> Result<Box<TenantReads>, StoreError> {
        if let Some(request) = ongoing()
            && let Some(txn) = Box::pin(request.opened(tenant)).await?
        {
            return Ok(Box::new(TenantReads::new(ReadOn::Request(txn), tenant, None)));
        }
        let lease = self.lease(tenant).await?;
        Ok(Box::new(TenantReads::new(ReadOn::Pool(lease.connection().clone()), tenant, Some(lease))))
    }

    pub(super) async fn lease(&self, tenant: &TenantContext) -> Result<Lease, StoreError> {
        self.registry.lease(tenant.organization(), self.patience).await
    }

    pub(super) const fn relay(&self) -> &RelaySignal {
        &self.relay
    }
}
