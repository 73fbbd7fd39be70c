//! A store in memory that behaves like a database: rules, optimistic versions, and nothing is kept of a unit of work that is
//! dropped. For tests of this crate and of the crates above.

mod reads;
mod state;
mod work;

use crate::{ActionCounts, KpiReads, KpiStore, KpiWork, ReportingReads, ReportingStore};
use async_trait::async_trait;
use reads::MemoryReads;
use state::State;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vigie_jobs::OutboxMessage;
use vigie_kernel::{AuditEntry, KpiId, OrganizationId, StoreError, TenantContext, UserId};
use work::MemoryWork;

type Tenants = Mutex<HashMap<OrganizationId, State>>;

fn lock(tenants: &Tenants) -> MutexGuard<'_, HashMap<OrganizationId, State>> {
    tenants.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One database for each organization, in memory. Clones share them.
#[derive(Clone, Default)]
pub struct MemoryStore {
    tenants: Arc<Tenants>,
}

impl MemoryStore {
    /// Makes only these users members of the organization; before that, everybody is.
    pub fn set_members(&self, organization: OrganizationId, members: impl IntoIterator<Item = UserId>) {
        lock(&self.tenants).entry(organization).or_default().members = Some(members.into_iter().collect());
    }

    /// Says how many actions a KPI has, for reports.
    pub fn set_actions(&self, organization: OrganizationId, kpi: KpiId, actions: ActionCounts) {
        lock(&self.tenants).entry(organization).or_default().actions.insert(kpi, actions);
    }

    /// The audit trail of the organization.
    #[must_use]
    pub fn audit_trail(&self, organization: OrganizationId) -> Vec<AuditEntry> {
        self.state(organization).audit
    }

    /// What the organization's units of work have announced.
    #[must_use]
    pub fn announced(&self, organization: OrganizationId) -> Vec<OutboxMessage> {
        self.state(organization).outbox
    }

    fn state(&self, organization: OrganizationId) -> State {
        lock(&self.tenants).get(&organization).cloned().unwrap_or_default()
    }
}

#[async_trait]
impl KpiStore for MemoryStore {
    async fn begin(&self, tenant: &TenantContext) -> Result<Box<dyn KpiWork>, StoreError> {
        let organization = tenant.organization();
        let state = self.state(organization);
        Ok(Box::new(MemoryWork::new(Arc::clone(&self.tenants), organization, state)))
    }

    async fn read(&self, tenant: &TenantContext) -> Result<Box<dyn KpiReads>, StoreError> {
        Ok(Box::new(MemoryReads(self.state(tenant.organization()))))
    }
}

#[async_trait]
impl ReportingStore for MemoryStore {
    async fn reporting(&self, tenant: &TenantContext) -> Result<Box<dyn ReportingReads>, StoreError> {
        Ok(Box::new(MemoryReads(self.state(tenant.organization()))))
    }
}
