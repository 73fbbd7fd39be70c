//! Subscriptions in memory, for tests of this crate and of the crates above.

use super::{
    LimitOverride, ModuleSwitch, PlanStore, PlanTerms, PlanWork, Subscription, SubscriptionRepository,
    UsageReads,
};
use crate::Plan;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vigie_kernel::{
    AuditEntry, AuditLog, Module, ModuleSet, OrganizationId, PlanLimit, PlanLimits, StoreError,
    TenantContext, UnitOfWork,
};

#[derive(Clone, Default)]
struct State {
    subscriptions: BTreeMap<OrganizationId, Subscription>,
    counts: BTreeMap<PlanLimit, u64>,
    audit: Vec<AuditEntry>,
    asked: u32,
}

/// Subscriptions in memory. Plans differ in their number of members (10, 20, 30, none) and of KPIs (100, 200, 300, none); the
/// starter lacks notifications and reporting.
#[derive(Clone, Default)]
pub struct MemoryPlans(Arc<Mutex<State>>);

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn terms(plan: Plan) -> PlanTerms {
    let times = |number: u64| match plan {
        Plan::Starter => Some(number),
        Plan::Community => Some(2 * number),
        Plan::Professional => Some(3 * number),
        Plan::Enterprise => None,
    };
    let modules = ModuleSet::ALL;
    PlanTerms {
        plan,
        price_cents: times(100),
        limits: PlanLimits { members: times(10), kpis: times(100), ..PlanLimits::NONE },
        modules: match plan {
            Plan::Starter => modules.without(Module::Notifications).without(Module::Reporting),
            Plan::Community | Plan::Professional | Plan::Enterprise => modules,
        },
    }
}

impl MemoryPlans {
    /// Puts an organization on a plan, without exceptions.
    pub fn put(&self, organization: OrganizationId, plan: Plan) {
        let subscription = Subscription {
            organization,
            version: 1,
            terms: terms(plan),
            overrides: Vec::new(),
            switches: Vec::new(),
            outgoing_paused: false,
        };
        lock(&self.0).subscriptions.insert(organization, subscription);
    }

    /// Says how much is in use; every organization has the same.
    pub fn set_used(&self, limit: PlanLimit, used: u64) {
        lock(&self.0).counts.insert(limit, used);
    }

    /// The audit trail so far.
    #[must_use]
    pub fn audited(&self) -> Vec<AuditEntry> {
        lock(&self.0).audit.clone()
    }

    /// How often a subscription was asked for outside a transaction.
    #[must_use]
    pub fn asked(&self) -> u32 {
        lock(&self.0).asked
    }
}

#[async_trait]
impl PlanStore for MemoryPlans {
    async fn begin(&self) -> Result<Box<dyn PlanWork>, StoreError> {
        Ok(Box::new(Work { shared: Arc::clone(&self.0), own: lock(&self.0).clone() }))
    }

    async fn plans(&self) -> Result<Vec<PlanTerms>, StoreError> {
        Ok(Plan::ALL.map(terms).to_vec())
    }

    async fn subscription(&self, organization: OrganizationId) -> Result<Option<Subscription>, StoreError> {
        let mut state = lock(&self.0);
        state.asked += 1;
        Ok(state.subscriptions.get(&organization).cloned())
    }

    async fn members(&self, _: OrganizationId, _: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(lock(&self.0).counts.get(&PlanLimit::Members).copied().unwrap_or_default())
    }
}

#[async_trait]
impl UsageReads for MemoryPlans {
    async fn counted(&self, _: &TenantContext) -> Result<Vec<(PlanLimit, u64)>, StoreError> {
        let state = lock(&self.0);
        let counts = state.counts.iter().filter(|(limit, _)| **limit != PlanLimit::Members);
        Ok(counts.map(|(limit, used)| (*limit, *used)).collect())
    }
}

struct Work {
    shared: Arc<Mutex<State>>,
    own: State,
}

#[async_trait]
impl UnitOfWork for Work {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        *lock(&self.shared) = self.own;
        Ok(())
    }
}

impl PlanWork for Work {
    fn subscriptions(&mut self) -> Box<dyn SubscriptionRepository + '_> {
        Box::new(&mut self.own)
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        Box::new(&mut self.own)
    }
}

#[async_trait]
impl AuditLog for &mut State {
    async fn record(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.audit.push(entry.clone());
        Ok(())
    }
}

impl State {
    fn change(&mut self, organization: OrganizationId, change: impl FnOnce(&mut Subscription)) {
        self.subscriptions.get_mut(&organization).map(change);
    }
}

#[async_trait]
impl SubscriptionRepository for &mut State {
    async fn find_for_update(&mut self, id: OrganizationId) -> Result<Option<Subscription>, StoreError> {
        Ok(self.subscriptions.get(&id).cloned())
    }

    async fn terms(&mut self, plan: Plan) -> Result<PlanTerms, StoreError> {
        Ok(terms(plan))
    }

    async fn put_plan(&mut self, subscription: &Subscription, _: DateTime<Utc>) -> Result<(), StoreError> {
        let stored = self.subscriptions.get_mut(&subscription.organization).ok_or(StoreError::Stale)?;
        if stored.version != subscription.version - 1 {
            return Err(StoreError::Stale);
        }
        stored.terms = subscription.terms.clone();
        stored.version = subscription.version;
        Ok(())
    }

    async fn put_limit(
        &mut self,
        id: OrganizationId,
        exception: &LimitOverride,
        _: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.change(id, |stored| {
            stored.set_limit(*exception);
        });
        Ok(())
    }

    async fn remove_limit(&mut self, id: OrganizationId, limit: PlanLimit) -> Result<(), StoreError> {
        self.change(id, |stored| {
            stored.clear_limit(limit);
        });
        Ok(())
    }

    async fn put_module(
        &mut self,
        id: OrganizationId,
        switch: &ModuleSwitch,
        _: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.change(id, |stored| {
            stored.set_module(switch.clone());
        });
        Ok(())
    }
}
