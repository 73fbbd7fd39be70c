use crate::Plan;
use crate::plans::{
    ChangePlan, ChangeTerms, LimitSetting, LimitUse, MemoryPlans, PlanError, PlanService, Plans, SetLimit,
    SetModule,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, json};
use std::sync::Arc;
use uuid::Uuid;
use vigie_kernel::testing::{CountedIds, FixedClock, member};
use vigie_kernel::{
    Clock, EntitlementSource, Module, OperatorContext, OrganizationId, Permission, PermissionSet, PlanLimit,
    Role, StoreError, UserId,
};

struct World {
    store: MemoryPlans,
    clock: Arc<FixedClock>,
    plans: Plans,
    organization: OrganizationId,
}

impl World {
    fn new() -> Self {
        let store = MemoryPlans::default();
        let clock = Arc::new(FixedClock::at_text("2026-11-20T12:00:00Z"));
        let plans = Plans::new(
            Arc::new(store.clone()),
            Arc::new(store.clone()),
            clock.clone(),
            Arc::new(CountedIds::default()),
        );
        let organization = OrganizationId::from(Uuid::from_u128(7));
        store.put(organization, Plan::Starter);
        Self { store, clock, plans, organization }
    }

    async fn max(&self, limit: PlanLimit) -> Option<u64> {
        self.plans.of(self.organization).await.unwrap().max(limit)
    }

    async fn set_kpis(&self, value: u64, expires_at: Option<DateTime<Utc>>) {
        let to = LimitSetting::Other { value: Some(value), expires_at };
        let command = SetLimit { organization: self.organization, limit: PlanLimit::Kpis, to };
        self.plans.set_limit(&operator(), command).await.unwrap();
    }

    #[allow(clippy::option_option, reason = "the three states of a PATCH")]
    fn module(&self, module: Module, enabled: Option<Option<bool>>) -> SetModule {
        SetModule { organization: self.organization, module, enabled, config: None }
    }
}

fn operator() -> OperatorContext {
    OperatorContext::new(None, "cli-1".to_owned())
}

#[tokio::test]
async fn another_plan_counts_at_once_and_is_written_down() {
    let world = World::new();
    assert_eq!(world.max(PlanLimit::Kpis).await, Some(100));
    let to = |plan, expected_version| ChangePlan { organization: world.organization, plan, expected_version };

    let changed = world.plans.change_plan(&operator(), to(Plan::Enterprise, Some(1))).await.unwrap();

    assert_eq!((changed.terms.plan, changed.version), (Plan::Enterprise, 2));
    assert_eq!(world.max(PlanLimit::Kpis).await, None);
    let audit = world.store.audited();
    assert_eq!((audit.len(), audit[0].action), (1, "organization.plan_changed"));
    assert_eq!(audit[0].details, json!({ "from": "starter", "to": "enterprise" }));
    let late = world.plans.change_plan(&operator(), to(Plan::Starter, Some(1))).await;
    assert!(matches!(late, Err(PlanError::ChangedMeanwhile)), "{late:?}");
    world.plans.change_plan(&operator(), to(Plan::Enterprise, None)).await.unwrap();
    assert_eq!(world.store.audited().len(), 1, "what is so already leaves no trace");
}

#[tokio::test]
async fn an_exception_ends_when_it_is_said_to() {
    let world = World::new();
    let tomorrow = world.clock.now() + TimeDelta::days(1);
    world.set_kpis(500, Some(tomorrow)).await;
    assert_eq!(world.max(PlanLimit::Kpis).await, Some(500));
    world.clock.advance(TimeDelta::days(1) - TimeDelta::seconds(1));
    assert_eq!(world.max(PlanLimit::Kpis).await, Some(500));
    world.clock.advance(TimeDelta::seconds(2));
    assert_eq!(world.max(PlanLimit::Kpis).await, Some(100), "the plan's limit counts again");

    world.set_kpis(1, None).await;
    assert_eq!(world.max(PlanLimit::Kpis).await, Some(1), "an exception may also be lower");
    let back =
        SetLimit { organization: world.organization, limit: PlanLimit::Kpis, to: LimitSetting::AsPlan };
    world.plans.set_limit(&operator(), back).await.unwrap();
    assert_eq!(world.max(PlanLimit::Kpis).await, Some(100));
}

#[tokio::test]
async fn a_limit_that_cannot_be_is_refused_with_every_error() {
    let world = World::new();
    let to = LimitSetting::Other { value: Some(0), expires_at: Some(world.clock.now()) };
    let command = SetLimit { organization: world.organization, limit: PlanLimit::Members, to };
    let Err(PlanError::Invalid(errors)) = world.plans.set_limit(&operator(), command).await else {
        panic!("an organization without members was accepted")
    };
    let told: Vec<_> = errors.as_slice().iter().map(|error| (error.field.as_str(), error.code)).collect();
    assert_eq!(told, [("value", "out_of_range"), ("expires_at", "instant_passed")]);
    assert!(world.store.audited().is_empty());
}

#[tokio::test]
async fn plan_and_limits_change_together_or_not_at_all() {
    let world = World::new();
    let other = |value| LimitSetting::Other { value: Some(value), expires_at: None };
    let terms = |limits, expected_version| ChangeTerms {
        organization: world.organization,
        plan: Some(Plan::Professional),
        limits,
        expected_version,
    };
    let wrong = terms(vec![(PlanLimit::Kpis, other(7)), (PlanLimit::Members, other(0))], None);
    let Err(PlanError::Invalid(errors)) = world.plans.change_terms(&operator(), wrong.clone()).await else {
        panic!("an organization without members was accepted")
    };
    assert_eq!(errors.as_slice()[0].field, "limits.members.value");
    assert!(world.plans.check_terms(&wrong).is_err());
    assert!(world.store.audited().is_empty());

    let good = terms(vec![(PlanLimit::Kpis, other(7)), (PlanLimit::Members, other(2))], Some(1));
    let changed = world.plans.change_terms(&operator(), good.clone()).await.unwrap();

    assert_eq!((changed.terms.plan, changed.version), (Plan::Professional, 2));
    assert_eq!((world.max(PlanLimit::Kpis).await, world.max(PlanLimit::Members).await), (Some(7), Some(2)));
    let written: Vec<_> = world.store.audited().iter().map(|entry| entry.action).collect();
    assert_eq!(written, ["organization.plan_changed", "organization.limit_set", "organization.limit_set"]);
    let late = world.plans.change_terms(&operator(), good).await;
    assert!(matches!(late, Err(PlanError::ChangedMeanwhile)), "{late:?}");
}

#[tokio::test]
async fn a_module_is_switched_and_keeps_its_settings() {
    let world = World::new();
    let config = Map::from_iter([("max_rows".to_owned(), json!(5))]);
    let off = SetModule { config: Some(config.clone()), ..world.module(Module::Imports, Some(Some(false))) };
    world.plans.set_module(&operator(), off).await.unwrap();
    assert!(world.plans.of(world.organization).await.unwrap().require(Module::Imports).is_err());

    let changed =
        world.plans.set_module(&operator(), world.module(Module::Imports, Some(None))).await.unwrap();
    let state = changed.module(Module::Imports);
    assert_eq!((state.enabled, state.switched, state.config), (true, None, config));
    let details = &world.store.audited()[0].details;
    assert_eq!(details, &json!({ "module": "imports", "enabled": false, "config": ["max_rows"] }));

    let on = world.module(Module::Reporting, Some(Some(true)));
    world.plans.set_module(&operator(), on).await.unwrap();
    assert!(world.plans.of(world.organization).await.unwrap().require(Module::Reporting).is_ok());

    let long = Map::from_iter([("text".to_owned(), json!("x".repeat(5_000)))]);
    let long = SetModule { config: Some(long), ..world.module(Module::Imports, None) };
    let refused = world.plans.set_module(&operator(), long).await;
    assert!(matches!(refused, Err(PlanError::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn requests_one_after_the_other_ask_the_store_once_a_second() {
    let world = World::new();
    for _ in 0..50 {
        world.max(PlanLimit::Kpis).await;
        world.clock.advance(TimeDelta::milliseconds(10));
    }
    assert_eq!(world.store.asked(), 1);
}

#[tokio::test]
async fn what_another_process_changed_counts_within_two_seconds() {
    let world = World::new();
    assert_eq!(world.max(PlanLimit::Kpis).await, Some(100));
    world.store.put(world.organization, Plan::Professional);
    world.clock.advance(TimeDelta::seconds(2));
    assert_eq!(world.max(PlanLimit::Kpis).await, Some(300));
    world.store.put(world.organization, Plan::Starter);
    world.plans.forget(world.organization);
    assert_eq!(world.max(PlanLimit::Kpis).await, Some(100), "told of it, at once");
}

#[tokio::test]
async fn a_member_sees_what_his_organization_may_have_and_has() {
    let world = World::new();
    world.store.set_used(PlanLimit::Members, 4);
    world.store.set_used(PlanLimit::Kpis, 120);
    let until = world.clock.now() + TimeDelta::days(30);
    world.set_kpis(110, Some(until)).await;
    let reader = |permissions: &[Permission]| {
        let user = UserId::from(Uuid::from_u128(9));
        member(world.organization, user, Role::User, PermissionSet::of(permissions))
    };

    let usage = world.plans.usage(&reader(&[Permission::OrganizationRead])).await.unwrap();

    assert_eq!(usage.plan, Plan::Starter);
    let of = |limit| *usage.limits.iter().find(|one| one.limit == limit).unwrap();
    let plain = |limit, max, used| LimitUse { limit, max, used, is_exception: false, expires_at: None };
    assert_eq!(of(PlanLimit::Members), plain(PlanLimit::Members, Some(10), Some(4)));
    assert_eq!(of(PlanLimit::ImportValues), plain(PlanLimit::ImportValues, None, None));
    let kpis = LimitUse {
        is_exception: true,
        expires_at: Some(until),
        ..plain(PlanLimit::Kpis, Some(110), Some(120))
    };
    assert_eq!(of(PlanLimit::Kpis), kpis, "more may be in use than is allowed");
    let modules = world.plans.modules(&reader(&[Permission::OrganizationRead])).await.unwrap();
    assert_eq!(modules.len(), Module::ALL.len());
    for denied in
        [world.plans.usage(&reader(&[])).await.is_err(), world.plans.modules(&reader(&[])).await.is_err()]
    {
        assert!(denied);
    }
}

#[tokio::test]
async fn an_organization_that_is_not_there_has_no_plan() {
    let world = World::new();
    let nobody = OrganizationId::from(Uuid::from_u128(99));
    let asked = world.plans.of(nobody).await;
    assert!(matches!(asked, Err(StoreError::TenantUnavailable("tenant_unknown"))), "{asked:?}");
    let command = ChangePlan { organization: nobody, plan: Plan::Starter, expected_version: None };
    let changed = world.plans.change_plan(&operator(), command).await;
    assert!(matches!(changed, Err(PlanError::NotFound)), "{changed:?}");
}
