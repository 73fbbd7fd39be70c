//! The use cases of plans.

use super::cache::EntitlementCache;
use super::terms_change::{Deed, Wanted, all_checked, checked, put_limit};
use super::{
    ChangePlan, ChangeTerms, ModuleState, ModuleSwitch, PlanError, PlanStore, PlanTerms, PlanWork, SetLimit,
    SetModule, Subscription, UsageReads,
};
use crate::{Change, Plan};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use vigie_kernel::{
    AuditEntry, Clock, EntitlementSource, Entitlements, FieldError, IdSource, Module, OperatorContext,
    OrganizationId, Permission, PlanLimit, StoreError, TenantContext,
};

/// Most bytes of a module's settings, as JSON.
const CONFIG_MAX: usize = 4_096;

/// What an organization uses of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitUse {
    /// The limit.
    pub limit: PlanLimit,
    /// The greatest number; `None` when there is no limit.
    pub max: Option<u64>,
    /// The number in use; `None` where each request counts for itself, or nothing is counted.
    pub used: Option<u64>,
    /// Whether `max` is an exception from the plan.
    pub is_exception: bool,
    /// Until when it is one; `None` is for good, or no exception.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What an organization may have and has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Its plan.
    pub plan: Plan,
    /// Each limit, in the order of [`PlanLimit::ALL`].
    pub limits: Vec<LimitUse>,
}

/// Plans, limits and modules.
#[async_trait]
pub trait PlanService: Send + Sync {
    /// The terms of every plan, the smallest first.
    async fn plans(&self) -> Result<Vec<PlanTerms>, PlanError>;

    /// The subscription of an organization. [`PlanError::NotFound`] when there is none or it is deleted.
    async fn subscription(&self, organization: OrganizationId) -> Result<Subscription, PlanError>;

    /// Puts an organization on another plan. Nothing that is there is taken away: what is beyond the new limits stays, and only
    /// cannot grow. Counts within two seconds in every process.
    async fn change_plan(
        &self,
        operator: &OperatorContext,
        command: ChangePlan,
    ) -> Result<Subscription, PlanError>;

    /// Makes an exception from a limit, for a time or for good, or takes it back. Field errors on `value` and `expires_at`.
    async fn set_limit(
        &self,
        operator: &OperatorContext,
        command: SetLimit,
    ) -> Result<Subscription, PlanError>;

    /// Finds what is wrong with a change of terms before anything is changed: field errors on `limits.<name>.value` and
    /// `limits.<name>.expires_at`.
    fn check_terms(&self, command: &ChangeTerms) -> Result<(), PlanError>;

    /// Changes plan and limits in one transaction. Errors as [`PlanService::check_terms`].
    async fn change_terms(
        &self,
        operator: &OperatorContext,
        command: ChangeTerms,
    ) -> Result<Subscription, PlanError>;

    /// Switches a module on or off, or changes its settings. The data of a module that is off stay. Field error on `config`.
    async fn set_module(
        &self,
        operator: &OperatorContext,
        command: SetModule,
    ) -> Result<Subscription, PlanError>;

    /// The modules of the caller's organization, all of them. Takes `OrganizationRead`.
    async fn modules(&self, tenant: &TenantContext) -> Result<Vec<ModuleState>, PlanError>;

    /// What the caller's organization may have and has. Takes `OrganizationRead`.
    async fn usage(&self, tenant: &TenantContext) -> Result<Usage, PlanError>;

    /// Forgets what is remembered of an organization, after another process changed its plan.
    fn forget(&self, organization: OrganizationId);
}

/// The one implementation of [`PlanService`], which also tells everybody else what organizations may have and use.
pub struct Plans {
    store: Arc<dyn PlanStore>,
    usage: Arc<dyn UsageReads>,
    cache: EntitlementCache,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Plans {
    /// The service.
    #[must_use]
    pub fn new(
        store: Arc<dyn PlanStore>,
        usage: Arc<dyn UsageReads>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self { store, usage, cache: EntitlementCache::default(), clock, ids }
    }

    async fn load(&self, organization: OrganizationId) -> Result<Subscription, PlanError> {
        self.store.subscription(organization).await?.ok_or(PlanError::NotFound)
    }

    /// Changes plan and limits, with every exception checked already.
    async fn apply(&self, operator: &OperatorContext, wanted: Wanted) -> Result<Subscription, PlanError> {
        let (now, organization) = (self.clock.now(), wanted.organization);
        let mut work = self.store.begin().await?;
        let mut subscription = locked_in(&mut *work, organization).await?;
        if wanted.expected_version.is_some_and(|expected| expected != subscription.version) {
            return Err(PlanError::ChangedMeanwhile);
        }
        let mut deeds = Vec::new();
        if let Some(plan) = wanted.plan {
            let from = subscription.terms.plan;
            let terms = work.subscriptions().terms(plan).await?;
            if subscription.change_plan(terms) == Change::Applied {
                work.subscriptions().put_plan(&subscription, now).await?;
                let details = json!({ "from": from.name(), "to": plan.name() });
                deeds.push(Deed { action: "organization.plan_changed", details });
            }
        }
        for (limit, exception) in wanted.limits {
            deeds.extend(put_limit(&mut *work, &mut subscription, limit, exception, now).await?);
        }
        if !deeds.is_empty() {
            self.close(work, operator, organization, deeds).await?;
        }
        Ok(subscription)
    }

    /// Ends the transaction of a change, with its audit lines, and lets it count here at once.
    async fn close(
        &self,
        mut work: Box<dyn PlanWork>,
        operator: &OperatorContext,
        organization: OrganizationId,
        deeds: Vec<Deed>,
    ) -> Result<(), PlanError> {
        for deed in deeds {
            let entry = AuditEntry {
                id: self.ids.next(),
                at: self.clock.now(),
                actor: operator.actor(),
                action: deed.action,
                subject_kind: "organization",
                subject_id: organization.as_uuid(),
                request_id: operator.request_id().to_owned(),
                details: deed.details,
            };
            work.audit().record(&entry).await?;
        }
        let committed = work.commit().await;
        // Also when nobody knows whether it was committed.
        self.cache.forget(organization);
        Ok(committed?)
    }
}

/// The subscription of a transaction, locked.
async fn locked_in(work: &mut dyn PlanWork, organization: OrganizationId) -> Result<Subscription, PlanError> {
    work.subscriptions().find_for_update(organization).await?.ok_or(PlanError::NotFound)
}

fn check_config(config: Option<&Map<String, Value>>) -> Result<(), FieldError> {
    let length = config.map_or(0, |config| Value::Object(config.clone()).to_string().len());
    if length > CONFIG_MAX {
        return Err(FieldError::new("config", "body_too_large").with("max_bytes", CONFIG_MAX));
    }
    Ok(())
}

#[async_trait]
impl PlanService for Plans {
    async fn plans(&self) -> Result<Vec<PlanTerms>, PlanError> {
        Ok(self.store.plans().await?)
    }

    async fn subscription(&self, organization: OrganizationId) -> Result<Subscription, PlanError> {
        self.load(organization).await
    }

    async fn change_plan(
        &self,
        operator: &OperatorContext,
        command: ChangePlan,
    ) -> Result<Subscription, PlanError> {
        let ChangePlan { organization, plan, expected_version } = command;
        self.apply(operator, Wanted { organization, plan: Some(plan), limits: Vec::new(), expected_version })
            .await
    }

    async fn set_limit(
        &self,
        operator: &OperatorContext,
        command: SetLimit,
    ) -> Result<Subscription, PlanError> {
        let SetLimit { organization, limit, to } = command;
        let exception = checked(limit, to, self.clock.now(), "")?;
        let limits = vec![(limit, exception)];
        self.apply(operator, Wanted { organization, plan: None, limits, expected_version: None }).await
    }

    fn check_terms(&self, command: &ChangeTerms) -> Result<(), PlanError> {
        all_checked(command, self.clock.now())?;
        Ok(())
    }

    async fn change_terms(
        &self,
        operator: &OperatorContext,
        command: ChangeTerms,
    ) -> Result<Subscription, PlanError> {
        let limits = all_checked(&command, self.clock.now())?;
        let ChangeTerms { organization, plan, limits: _, expected_version } = command;
        self.apply(operator, Wanted { organization, plan, limits, expected_version }).await
    }

    async fn set_module(
        &self,
        operator: &OperatorContext,
        command: SetModule,
    ) -> Result<Subscription, PlanError> {
        check_config(command.config.as_ref())?;
        let (now, organization, module) = (self.clock.now(), command.organization, command.module);
        let mut work = self.store.begin().await?;
        let mut subscription = locked_in(&mut *work, organization).await?;
        let known = subscription.switch(module).cloned();
        let known = known.unwrap_or_else(|| ModuleSwitch::undecided(module));
        let switch = ModuleSwitch {
            module,
            enabled: command.enabled.unwrap_or(known.enabled),
            config: command.config.unwrap_or(known.config),
        };
        if subscription.set_module(switch.clone()) == Change::None {
            return Ok(subscription);
        }
        work.subscriptions().put_module(organization, &switch, now).await?;
        let details = json!({
            "module": module.name(),
            "enabled": switch.enabled,
            "config": switch.config.keys().collect::<Vec<_>>(),
        });
        let deed = Deed { action: "organization.module_set", details };
        self.close(work, operator, organization, vec![deed]).await?;
        Ok(subscription)
    }

    async fn modules(&self, tenant: &TenantContext) -> Result<Vec<ModuleState>, PlanError> {
        tenant.require(Permission::OrganizationRead)?;
        let subscription = self.load(tenant.organization()).await?;
        Ok(Module::ALL.into_iter().map(|module| subscription.module(module)).collect())
    }

    async fn usage(&self, tenant: &TenantContext) -> Result<Usage, PlanError> {
        tenant.require(Permission::OrganizationRead)?;
        let now = self.clock.now();
        let subscription = self.load(tenant.organization()).await?;
        let members = self.store.members(tenant.organization(), now).await?;
        let counted = self.usage.counted(tenant).await?;
        let used = |limit: PlanLimit| match limit {
            PlanLimit::Members => Some(members),
            PlanLimit::StorageBytes
            | PlanLimit::Kpis
            | PlanLimit::ImportValues
            | PlanLimit::NotificationsPerDay => {
                counted.iter().find(|(known, _)| *known == limit).map(|(_, used)| *used)
            }
        };
        let limits = PlanLimit::ALL.into_iter().map(|limit| {
            let exception = subscription.exception(limit).filter(|exception| exception.counts_at(now));
            LimitUse {
                limit,
                max: subscription.limit(limit, now),
                used: used(limit),
                is_exception: exception.is_some(),
                expires_at: exception.and_then(|exception| exception.expires_at),
            }
        });
        Ok(Usage { plan: subscription.terms.plan, limits: limits.collect() })
    }

    fn forget(&self, organization: OrganizationId) {
        self.cache.forget(organization);
    }
}

#[async_trait]
impl EntitlementSource for Plans {
    async fn of(&self, organization: OrganizationId) -> Result<Entitlements, StoreError> {
        let now = self.clock.now();
        let generation = match self.cache.recall(organization, now) {
            Ok(known) => return Ok(known),
            Err(generation) => generation,
        };
        let subscription = self.store.subscription(organization).await?;
        let subscription = subscription.ok_or(StoreError::TenantUnavailable("tenant_unknown"))?;
        let entitlements = subscription.entitlements(now);
        self.cache.remember(organization, entitlements, generation, now);
        Ok(entitlements)
    }
}
