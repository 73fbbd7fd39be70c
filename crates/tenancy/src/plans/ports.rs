//! What plans need from the control database and from the organizations' databases.

use super::{LimitOverride, ModuleSwitch, PlanTerms, Subscription};
use crate::Plan;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vigie_kernel::{AuditLog, OrganizationId, PlanLimit, StoreError, TenantContext, UnitOfWork};

/// Plans and subscriptions, in the control database.
#[async_trait]
pub trait PlanStore: Send + Sync {
    /// Opens a transaction.
    async fn begin(&self) -> Result<Box<dyn PlanWork>, StoreError>;

    /// The terms of every plan, the smallest first.
    async fn plans(&self) -> Result<Vec<PlanTerms>, StoreError>;

    /// The subscription of an organization that is not deleted; `None` when there is none.
    async fn subscription(&self, organization: OrganizationId) -> Result<Option<Subscription>, StoreError>;

    /// How many members an organization has at that instant: active ones, and invitations that count as seats.
    async fn members(&self, organization: OrganizationId, now: DateTime<Utc>) -> Result<u64, StoreError>;
}

/// A transaction on subscriptions.
pub trait PlanWork: UnitOfWork {
    /// The subscriptions.
    fn subscriptions(&mut self) -> Box<dyn SubscriptionRepository + '_>;
    /// The platform's own audit trail.
    fn audit(&mut self) -> Box<dyn AuditLog + '_>;
}

/// The subscriptions, inside a transaction.
#[async_trait]
pub trait SubscriptionRepository: Send {
    /// As [`PlanStore::subscription`], with the organization's row locked until the transaction ends: who counts seats waits.
    async fn find_for_update(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Option<Subscription>, StoreError>;
    /// The terms of a plan.
    async fn terms(&mut self, plan: Plan) -> Result<PlanTerms, StoreError>;
    /// Stores the plan; [`StoreError::Stale`] when the stored version is not the one before.
    async fn put_plan(&mut self, subscription: &Subscription, now: DateTime<Utc>) -> Result<(), StoreError>;
    /// Stores an exception, over an earlier one from the same limit.
    async fn put_limit(
        &mut self,
        organization: OrganizationId,
        exception: &LimitOverride,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// Removes the exception from a limit. Absent is no error.
    async fn remove_limit(
        &mut self,
        organization: OrganizationId,
        limit: PlanLimit,
    ) -> Result<(), StoreError>;
    /// Stores what is decided about a module, over an earlier decision; one that says nothing is removed.
    async fn put_module(
        &mut self,
        organization: OrganizationId,
        switch: &ModuleSwitch,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
}

/// What an organization's own database counts.
#[async_trait]
pub trait UsageReads: Send + Sync {
    /// Every count there is.
    async fn counted(&self, tenant: &TenantContext) -> Result<Vec<(PlanLimit, u64)>, StoreError>;
}
