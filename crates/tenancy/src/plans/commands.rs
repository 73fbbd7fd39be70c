//! What operators ask for.

use crate::Plan;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use vigie_kernel::{Module, OrganizationId, PlanLimit};

/// Puts an organization on a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangePlan {
    /// The organization.
    pub organization: OrganizationId,
    /// The plan.
    pub plan: Plan,
    /// The version of the organization that the caller has seen; `None` changes whatever is there.
    pub expected_version: Option<i64>,
}

/// What is to count as a limit of one organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitSetting {
    /// What its plan says.
    AsPlan,
    /// Something else.
    Other {
        /// The number, at least 1 for members; `None` is no limit.
        value: Option<u64>,
        /// From when on the plan's limit counts again, after now; `None` is never.
        expires_at: Option<DateTime<Utc>>,
    },
}

/// Makes an exception from a limit for an organization, or takes it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetLimit {
    /// The organization.
    pub organization: OrganizationId,
    /// The limit.
    pub limit: PlanLimit,
    /// What is to count.
    pub to: LimitSetting,
}

/// Switches a module of an organization, or changes its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetModule {
    /// The organization.
    pub organization: OrganizationId,
    /// The module.
    pub module: Module,
    /// On or off, or (`Some(None)`) as the plan says; `None` keeps what is decided.
    pub enabled: Option<Option<bool>>,
    /// Its settings, at most 4,096 bytes as JSON; `None` keeps them.
    pub config: Option<Map<String, Value>>,
}

/// Changes the plan and the limits of an organization, all of it or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeTerms {
    /// The organization.
    pub organization: OrganizationId,
    /// Its plan; `None` keeps it.
    pub plan: Option<Plan>,
    /// What is to count as each of these limits, at most one entry each; the others stay.
    pub limits: Vec<(PlanLimit, LimitSetting)>,
    /// The version of the organization that the caller has seen; `None` changes whatever is there.
    pub expected_version: Option<i64>,
}
