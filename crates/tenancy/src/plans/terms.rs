//! The terms of a plan, and the exceptions that are made for an organization.

use crate::Plan;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use vigie_kernel::{Module, ModuleSet, PlanLimit, PlanLimits};

/// What a plan costs, allows and includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanTerms {
    /// The plan.
    pub plan: Plan,
    /// Euro cents a month; `None` is on quotation.
    pub price_cents: Option<u64>,
    /// What it allows.
    pub limits: PlanLimits,
    /// What it includes.
    pub modules: ModuleSet,
}

/// Another limit than the plan's, for one organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitOverride {
    /// Which limit.
    pub limit: PlanLimit,
    /// The number; `None` is no limit.
    pub value: Option<u64>,
    /// From when on the plan's limit counts again; `None` is never.
    pub expires_at: Option<DateTime<Utc>>,
}

impl LimitOverride {
    /// Whether it counts at that instant.
    #[must_use]
    pub fn counts_at(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// What an operator has decided about a module of one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleSwitch {
    /// The module.
    pub module: Module,
    /// On or off, whatever the plan says; `None` is as the plan says.
    pub enabled: Option<bool>,
    /// Settings of the module for this organization.
    pub config: Map<String, Value>,
}

impl ModuleSwitch {
    /// A module about which nothing is decided.
    #[must_use]
    pub fn undecided(module: Module) -> Self {
        Self { module, enabled: None, config: Map::new() }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.enabled.is_none() && self.config.is_empty()
    }
}
