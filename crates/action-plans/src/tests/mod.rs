//! Tests of the crate, by area.

mod actions;
mod comments;
mod events;
mod services;

use crate::{Action, ActionPlanError, ActionPlans, CreateAction, MemoryActionPlans, MemoryKpi, NewAction};
use chrono::{DateTime, NaiveDate, Utc};
use std::sync::Arc;
use uuid::Uuid;
use vigie_kernel::testing::{CountedIds, FixedClock, member};
use vigie_kernel::{
    ActionId, Clock, DashboardId, KpiId, OrganizationId, Permission, PermissionSet, Role, TenantContext,
    UserId,
};

pub(crate) const ANA: u128 = 0xa;
pub(crate) const BOB: u128 = 0xb;

/// A member with the rights of a user.
pub(crate) const USER: &[Permission] = &[
    Permission::DashboardRead,
    Permission::ActionCreate,
    Permission::ActionChangeOwn,
    Permission::CommentWrite,
];
/// A member with the rights of a manager.
pub(crate) const MANAGER: &[Permission] = &[
    Permission::DashboardRead,
    Permission::ActionCreate,
    Permission::ActionChange,
    Permission::CommentWrite,
    Permission::CommentModerate,
];

pub(crate) struct World {
    pub(crate) store: MemoryActionPlans,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) plans: ActionPlans,
}

impl World {
    /// An organization with the KPIs 1 (dashboard 1) and 2 (dashboard 2) and the members Ana and Bob.
    pub(crate) fn new() -> Self {
        let store = MemoryActionPlans::default();
        for number in [1, 2] {
            let kpi = MemoryKpi {
                code: format!("KPI-{number}"),
                name: format!("Indicator {number}"),
                dashboard_id: DashboardId::from(Uuid::from_u128(number)),
                process_name: Some(format!("Process {number}")),
            };
            store.put_kpi(organization(1), kpi_id(number), kpi);
        }
        store.put_member(organization(1), user(ANA));
        store.put_member(organization(1), user(BOB));
        let clock = Arc::new(FixedClock::at_text("2026-11-20T09:00:00Z"));
        let ids = Arc::new(CountedIds::default());
        let plans = ActionPlans::new(Arc::new(store.clone()), clock.clone(), ids);
        Self { store, clock, plans }
    }
}

pub(crate) fn organization(number: u128) -> OrganizationId {
    OrganizationId::from(Uuid::from_u128(number))
}

pub(crate) fn kpi_id(number: u128) -> KpiId {
    KpiId::from(Uuid::from_u128(number))
}

pub(crate) fn user(number: u128) -> UserId {
    UserId::from(Uuid::from_u128(number))
}

pub(crate) fn tenant(who: u128, permissions: &[Permission]) -> TenantContext {
    member(organization(1), user(who), Role::User, PermissionSet::of(permissions))
}

pub(crate) fn now() -> DateTime<Utc> {
    FixedClock::at_text("2026-11-20T09:00:00Z").now()
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn create(command: &CreateAction) -> Result<Action, ActionPlanError> {
    let new = NewAction { id: ActionId::from(Uuid::from_u128(7)), by: user(ANA), at: now() };
    Action::create(command, new)
}

pub(crate) fn field_codes<T: std::fmt::Debug>(
    result: Result<T, ActionPlanError>,
) -> Vec<(String, &'static str)> {
    match result {
        Err(ActionPlanError::Invalid(errors)) => {
            errors.as_slice().iter().map(|error| (error.field.clone(), error.code)).collect()
        }
        other => panic!("not refused for its content: {other:?}"),
    }
}
