//! The unit of work on an organization's database: every domain's slice on one transaction.

use super::audit::SeaAudit;
use super::outbox::SeaOutbox;
use super::repeats::Lent;
use crate::error::store_error;
use crate::pool::Lease;
use crate::read_on::ReadOn;
use crate::relay::RelaySignal;
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use vigie_jobs::Outbox;
use vigie_kernel::{AuditLog, IdSource, OrganizationId, StoreError, TenantContext, UnitOfWork};

/// What a unit of work holds besides its transaction.
pub(super) enum Held {
    /// A connection of its own.
    Own { _lease: Box<Lease> },
    /// Its place in the transaction of a request with a key.
    Lent(Lent),
}

/// One transaction on one organization's database. Dropped, it is rolled back.
pub(crate) struct TenantWork {
    // Before what it holds: the transaction ends first.
    pub(super) txn: DatabaseTransaction,
    pub(super) tenant: TenantContext,
    pub(super) ids: Arc<dyn IdSource>,
    outbox_written: AtomicBool,
    organization: OrganizationId,
    relay: RelaySignal,
    held: Held,
}

impl TenantWork {
    pub(super) fn new(
        txn: DatabaseTransaction,
        tenant: &TenantContext,
        ids: Arc<dyn IdSource>,
        relay: RelaySignal,
        held: Held,
    ) -> Self {
        Self {
            txn,
            tenant: tenant.clone(),
            ids,
            outbox_written: AtomicBool::new(false),
            organization: tenant.organization(),
            relay,
            held,
        }
    }

    pub(super) fn sea_outbox(&mut self) -> Box<dyn Outbox + '_> {
        Box::new(SeaOutbox { connection: &self.txn, written: &self.outbox_written })
    }

    pub(super) fn sea_audit(&mut self) -> Box<dyn AuditLog + '_> {
        Box::new(SeaAudit(&self.txn, "audit_log"))
    }
}

#[async_trait]
impl UnitOfWork for TenantWork {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let written = self.outbox_written.load(Ordering::Acquire);
        let committed = self.txn.commit().await.map_err(store_error);
        if let Held::Lent(lent) = &self.held {
            return lent.committed(committed, written);
        }
        committed?;
        if written {
            self.relay.notify(self.organization);
        }
        Ok(())
    }
}

/// Reads of one organization's database, each statement on its own.
pub(crate) struct TenantReads {
    pub(super) pool: ReadOn,
    pub(super) tenant: TenantContext,
    _lease: Option<Lease>,
}

impl TenantReads {
    pub(super) fn new(pool: ReadOn, tenant: &TenantContext, lease: Option<Lease>) -> Self {
        Self { pool, tenant: tenant.clone(), _lease: lease }
    }
}
