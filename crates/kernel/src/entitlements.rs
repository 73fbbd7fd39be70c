//! What an organization may have and use, as its plan and the exceptions made for it say.

use crate::{
    LimitReached, Module, ModuleDisabled, ModuleSet, OrganizationId, PlanLimit, PlanLimits, StoreError, Taken,
};
use async_trait::async_trait;
use thiserror::Error;

/// Nothing may leave the organization now, as nothing leaves a copy until an operator confirms it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("nothing may leave the organization until an operator confirms it")]
pub struct OutgoingPaused;

/// What an organization may have and use. Tells nothing of what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entitlements {
    plan: &'static str,
    limits: PlanLimits,
    modules: ModuleSet,
    switched_off: ModuleSet,
    outgoing_paused: bool,
}

impl Entitlements {
    /// Everything, without limits: for what is no organization's request, and for tests.
    pub const UNLIMITED: Self = Self::new("unlimited", PlanLimits::NONE, ModuleSet::ALL, ModuleSet::NONE);

    /// `plan` is the plan's stable name; `modules` those that are on, `switched_off` those that an operator has switched off for
    /// this organization, whatever its plan has.
    #[must_use]
    pub const fn new(
        plan: &'static str,
        limits: PlanLimits,
        modules: ModuleSet,
        switched_off: ModuleSet,
    ) -> Self {
        Self { plan, limits, modules, switched_off, outgoing_paused: false }
    }

    /// The same, with nothing or anything leaving the organization.
    #[must_use]
    pub const fn with_outgoing_paused(self, outgoing_paused: bool) -> Self {
        Self { outgoing_paused, ..self }
    }

    /// Refuses mails, calls to other systems and whatever else would leave the organization while that is paused. Whoever sends asks
    /// here right before; the inbox is inside.
    pub const fn may_send(&self) -> Result<(), OutgoingPaused> {
        if self.outgoing_paused { Err(OutgoingPaused) } else { Ok(()) }
    }

    /// The stable name of the plan.
    #[must_use]
    pub const fn plan(&self) -> &'static str {
        self.plan
    }

    /// The limits.
    #[must_use]
    pub const fn limits(&self) -> &PlanLimits {
        &self.limits
    }

    /// The greatest number of one thing; `None` when there is no limit.
    #[must_use]
    pub const fn max(&self, limit: PlanLimit) -> Option<u64> {
        self.limits.get(limit)
    }

    /// The modules that are on.
    #[must_use]
    pub const fn modules(&self) -> ModuleSet {
        self.modules
    }

    /// Refuses what is beyond a limit that each request is held against by itself.
    pub fn allow(&self, limit: PlanLimit, wanted: u64) -> Result<(), LimitReached> {
        match self.max(limit) {
            Some(max) if wanted > max => Err(LimitReached { limit, max, used: wanted, plan: self.plan }),
            Some(_) | None => Ok(()),
        }
    }

    /// Turns what a count answered into the refusal that goes with it.
    pub fn granted(&self, limit: PlanLimit, taken: Taken) -> Result<(), LimitReached> {
        match taken {
            Taken::Yes => Ok(()),
            Taken::No { used } => {
                Err(LimitReached { limit, max: self.max(limit).unwrap_or(u64::MAX), used, plan: self.plan })
            }
        }
    }

    /// Refuses what only an organization with the module may use.
    pub const fn require(&self, module: Module) -> Result<(), ModuleDisabled> {
        if self.modules.contains(module) { Ok(()) } else { Err(ModuleDisabled(module)) }
    }

    /// Refuses what every plan has of a module, when an operator has switched the module off for the organization.
    pub const fn require_basic(&self, module: Module) -> Result<(), ModuleDisabled> {
        if self.switched_off.contains(module) { Err(ModuleDisabled(module)) } else { Ok(()) }
    }
}

/// Tells what organizations may have and use, at most two seconds after it changed anywhere.
#[async_trait]
pub trait EntitlementSource: Send + Sync {
    /// What an organization may have and use. [`StoreError::TenantUnavailable`] when there is none of that id.
    async fn of(&self, organization: OrganizationId) -> Result<Entitlements, StoreError>;
}

/// The same for every organization.
#[async_trait]
impl EntitlementSource for Entitlements {
    async fn of(&self, _organization: OrganizationId) -> Result<Entitlements, StoreError> {
        Ok(*self)
    }
}
