//! The plan of an organization with the exceptions made for it.

use super::{LimitOverride, ModuleSwitch, PlanTerms};
use crate::Change;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use vigie_kernel::{Entitlements, Module, ModuleSet, OrganizationId, PlanLimit, PlanLimits};

/// The limit that counts at an instant: the exception as long as it lasts, else the plan's.
#[must_use]
pub fn effective_limit(
    plan: Option<u64>,
    exception: Option<&LimitOverride>,
    now: DateTime<Utc>,
) -> Option<u64> {
    match exception {
        Some(exception) if exception.counts_at(now) => exception.value,
        Some(_) | None => plan,
    }
}

/// A module of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleState {
    /// The module.
    pub module: Module,
    /// Whether it is on.
    pub enabled: bool,
    /// Whether the plan includes it.
    pub in_plan: bool,
    /// What an operator has decided, whatever the plan says.
    pub switched: Option<bool>,
    /// Its settings for this organization.
    pub config: Map<String, Value>,
}

/// The plan of an organization with the exceptions made for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The organization.
    pub organization: OrganizationId,
    /// The version of the organization's row, one more at each change of the plan.
    pub version: i64,
    /// The terms of its plan.
    pub terms: PlanTerms,
    /// Other limits, at most one of each kind; expired ones too.
    pub overrides: Vec<LimitOverride>,
    /// Modules about which something is decided, at most one entry each.
    pub switches: Vec<ModuleSwitch>,
    /// Whether nothing may leave the organization.
    pub outgoing_paused: bool,
}

impl Subscription {
    /// The exception from a limit, whether or not it has expired.
    #[must_use]
    pub fn exception(&self, limit: PlanLimit) -> Option<&LimitOverride> {
        self.overrides.iter().find(|exception| exception.limit == limit)
    }

    /// The limit that counts at that instant; `None` when there is none.
    #[must_use]
    pub fn limit(&self, limit: PlanLimit, now: DateTime<Utc>) -> Option<u64> {
        effective_limit(self.terms.limits.get(limit), self.exception(limit), now)
    }

    /// What is decided about a module.
    #[must_use]
    pub fn switch(&self, module: Module) -> Option<&ModuleSwitch> {
        self.switches.iter().find(|switch| switch.module == module)
    }

    /// One module.
    #[must_use]
    pub fn module(&self, module: Module) -> ModuleState {
        let in_plan = self.terms.modules.contains(module);
        let switch = self.switch(module);
        let switched = switch.and_then(|switch| switch.enabled);
        ModuleState {
            module,
            enabled: switched.unwrap_or(in_plan),
            in_plan,
            switched,
            config: switch.map(|switch| switch.config.clone()).unwrap_or_default(),
        }
    }

    /// What the organization may have and use at that instant.
    #[must_use]
    pub fn entitlements(&self, now: DateTime<Utc>) -> Entitlements {
        let limits = PlanLimit::ALL
            .into_iter()
            .fold(PlanLimits::NONE, |all, limit| all.with(limit, self.limit(limit, now)));
        let mut modules = self.terms.modules;
        let mut switched_off = ModuleSet::NONE;
        for switch in &self.switches {
            match switch.enabled {
                Some(true) => modules = modules.with(switch.module),
                Some(false) => {
                    modules = modules.without(switch.module);
                    switched_off = switched_off.with(switch.module);
                }
                None => {}
            }
        }
        Entitlements::new(self.terms.plan.name(), limits, modules, switched_off)
            .with_outgoing_paused(self.outgoing_paused)
    }

    /// Puts the organization on another plan. Nothing that is there is taken away; the exceptions stay.
    pub fn change_plan(&mut self, terms: PlanTerms) -> Change {
        if self.terms.plan == terms.plan {
            return Change::None;
        }
        self.terms = terms;
        self.version += 1;
        Change::Applied
    }

    /// Makes an exception from a limit, over an earlier one.
    pub fn set_limit(&mut self, exception: LimitOverride) -> Change {
        if self.exception(exception.limit) == Some(&exception) {
            return Change::None;
        }
        self.overrides.retain(|known| known.limit != exception.limit);
        self.overrides.push(exception);
        Change::Applied
    }

    /// Lets the plan's limit count again.
    pub fn clear_limit(&mut self, limit: PlanLimit) -> Change {
        let before = self.overrides.len();
        self.overrides.retain(|known| known.limit != limit);
        if self.overrides.len() == before { Change::None } else { Change::Applied }
    }

    /// Decides about a module, over an earlier decision.
    pub fn set_module(&mut self, switch: ModuleSwitch) -> Change {
        let known = self.switch(switch.module).cloned();
        if known.unwrap_or_else(|| ModuleSwitch::undecided(switch.module)) == switch {
            return Change::None;
        }
        self.switches.retain(|known| known.module != switch.module);
        if !switch.is_undecided() {
            self.switches.push(switch);
        }
        Change::Applied
    }
}
