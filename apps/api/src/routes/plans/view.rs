//! How modules and limits are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use vigie_tenancy::{LimitUse, ModuleState, Usage};

/// A module of an organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModuleView {
    /// `dashboards`, `kpis`, `action_plans`, `imports`, `notifications` or `reporting`.
    key: &'static str,
    /// Whether it is on.
    enabled: bool,
    /// Whether the plan includes it.
    in_plan: bool,
    /// What the platform has decided, whatever the plan says; null when nothing.
    switched: Option<bool>,
    /// Settings of the module for this organization.
    #[schema(value_type = Object)]
    config: Map<String, Value>,
}

impl From<ModuleState> for ModuleView {
    fn from(state: ModuleState) -> Self {
        let ModuleState { module, enabled, in_plan, switched, config } = state;
        Self { key: module.name(), enabled, in_plan, switched, config }
    }
}

/// What an organization may have and has.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageView {
    /// `starter`, `community`, `professional` or `enterprise`.
    plan: &'static str,
    limits: Vec<LimitUseView>,
}

/// One limit, and what is in use of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitUseView {
    /// `members`, `storage_bytes`, `kpis`, `import_values` or `notifications_per_day`.
    key: &'static str,
    /// The greatest number; null when there is no limit.
    limit: Option<u64>,
    /// The number in use, which may be beyond a limit that was lowered; null where each request counts for itself or nothing
    /// is counted.
    used: Option<u64>,
    /// Whether the limit is an exception from the plan.
    exception: bool,
    /// Until when it is one; null is for good, or no exception.
    expires_at: Option<DateTime<Utc>>,
}

impl From<LimitUse> for LimitUseView {
    fn from(one: LimitUse) -> Self {
        let LimitUse { limit, max, used, is_exception, expires_at } = one;
        Self { key: limit.name(), limit: max, used, exception: is_exception, expires_at }
    }
}

impl From<Usage> for UsageView {
    fn from(usage: Usage) -> Self {
        let Usage { plan, limits } = usage;
        Self { plan: plan.name(), limits: limits.into_iter().map(LimitUseView::from).collect() }
    }
}
