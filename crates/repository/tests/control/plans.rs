//! Plans, exceptions, modules, and the places that members take.

use crate::common::{Engine, count};
use crate::on_both_engines;
use chrono::TimeDelta;
use serde_json::json;
use std::sync::Arc;
use tokio::task::JoinSet;
use vigie_auth::testing::{MemoryIdentity, fake_ports};
use vigie_auth::{AddMember, Auth, AuthError, AuthPolicy, AuthPorts, AuthService, SecretText};
use vigie_kernel::{
    Clock, EntitlementSource, Module, OperatorContext, OrganizationId, PlanLimit, Role, StoreError,
};
use vigie_tenancy::{ChangePlan, LimitSetting, Plan, PlanError, PlanService, Plans, SetLimit, SetModule};

fn plans(engine: &Engine) -> Plans {
    let store = Arc::new(engine.control.clone());
    Plans::new(store, Arc::new(engine.tenants.clone()), engine.clock.clone(), Arc::clone(&engine.ids))
}

fn operator() -> OperatorContext {
    OperatorContext::new(None, "test".to_owned())
}

fn auth(engine: &Engine) -> Auth {
    let ports = fake_ports(&MemoryIdentity::default(), engine.clock.clone(), Arc::clone(&engine.ids));
    Auth::new(AuthPorts { store: Arc::new(engine.control.clone()), ..ports }, AuthPolicy::default())
}

fn newcomer(number: u32) -> AddMember {
    AddMember {
        organization_slug: "paris".to_owned(),
        email: format!("member{number}@example.org"),
        full_name: "Marie Curie".to_owned(),
        role: Role::User,
        password: SecretText::new("sept petits crapauds verts 42"),
    }
}

fn limit(organization: OrganizationId, limit: PlanLimit, value: Option<u64>) -> SetLimit {
    SetLimit { organization, limit, to: LimitSetting::Other { value, expires_at: None } }
}

on_both_engines!(the_four_plans_are_there, async |engine: Engine| {
    let all = plans(&engine).plans().await.unwrap();
    let told: Vec<_> =
        all.iter().map(|terms| (terms.plan.name(), terms.price_cents, terms.limits.members)).collect();
    assert_eq!(
        told,
        [
            ("starter", Some(0), Some(50)),
            ("community", Some(4_900), Some(500)),
            ("professional", Some(14_900), Some(2_000)),
            ("enterprise", None, None),
        ]
    );
    let starter: Vec<_> = all[0].modules.iter().map(Module::name).collect();
    assert_eq!(starter, ["dashboards", "kpis", "action_plans", "imports"]);
    for terms in &all[1..] {
        assert_eq!(terms.modules.iter().count(), Module::ALL.len(), "{}", terms.plan.name());
    }
});

on_both_engines!(a_plan_with_exceptions_comes_back_as_it_was_set, async |engine: Engine| {
    let organization = engine.organization_named("paris").await.organization();
    let plans = plans(&engine);
    let change = |plan, expected_version| ChangePlan { organization, plan, expected_version };
    let version = engine.found(organization).await.snapshot().version;
    let changed = plans.change_plan(&operator(), change(Plan::Professional, Some(version))).await.unwrap();
    assert_eq!(engine.found(organization).await.snapshot().plan, Plan::Professional);
    let late = plans.change_plan(&operator(), change(Plan::Starter, Some(version))).await;
    assert!(matches!(late, Err(PlanError::ChangedMeanwhile)), "{late:?}");

    let until = engine.clock.now() + TimeDelta::days(3);
    let to = LimitSetting::Other { value: Some(7), expires_at: Some(until) };
    let kpis = SetLimit { organization, limit: PlanLimit::Kpis, to };
    plans.set_limit(&operator(), kpis).await.unwrap();
    plans.set_limit(&operator(), limit(organization, PlanLimit::Members, None)).await.unwrap();
    let config = serde_json::from_value(json!({ "a": [1, "é"] })).unwrap();
    let module =
        SetModule { organization, module: Module::Imports, enabled: Some(Some(false)), config: Some(config) };
    let set = plans.set_module(&operator(), module).await.unwrap();

    let mut read = plans.subscription(organization).await.unwrap();
    read.overrides.sort_by_key(|exception| exception.limit.name());
    let mut wanted = set.clone();
    wanted.overrides.sort_by_key(|exception| exception.limit.name());
    assert_eq!((read, set.version), (wanted, changed.version));
    let audited =
        count(engine.control.connection(), "FROM platform_audit WHERE action LIKE 'organization.%_set'");
    assert_eq!(audited.await, 3);

    assert_eq!(plans.of(organization).await.unwrap().max(PlanLimit::Kpis), Some(7));
    engine.clock.advance(TimeDelta::days(3));
    assert_eq!(plans.of(organization).await.unwrap().max(PlanLimit::Kpis), Some(50_000), "it has expired");
});

on_both_engines!(exceptions_are_taken_back_and_go_with_their_organization, async |engine: Engine| {
    let organization = engine.reserved("paris").await.id();
    let plans = plans(&engine);
    plans.set_limit(&operator(), limit(organization, PlanLimit::Kpis, Some(7))).await.unwrap();
    let back = SetLimit { organization, limit: PlanLimit::Kpis, to: LimitSetting::AsPlan };
    plans.set_limit(&operator(), back).await.unwrap();
    assert_eq!(count(engine.control.connection(), "FROM organization_limits").await, 0);
    plans.set_limit(&operator(), limit(organization, PlanLimit::Kpis, Some(7))).await.unwrap();
    let off =
        |enabled| SetModule { organization, module: Module::Kpis, enabled: Some(enabled), config: None };
    plans.set_module(&operator(), off(Some(false))).await.unwrap();
    plans.set_module(&operator(), off(None)).await.unwrap();
    assert_eq!(count(engine.control.connection(), "FROM organization_features").await, 0);
    plans.set_module(&operator(), off(Some(false))).await.unwrap();
    engine.control_sql("DELETE FROM organizations").await;
    let left = "FROM organization_limits l CROSS JOIN organization_features f";
    assert_eq!(count(engine.control.connection(), left).await, 0);
    let gone = plans.of(organization).await;
    assert!(matches!(gone, Err(StoreError::TenantUnavailable("tenant_unknown"))), "{gone:?}");
});

on_both_engines!(fifty_at_the_last_seat_add_exactly_one_member, async |engine: Engine| {
    let organization = engine.organization_named("paris").await.organization();
    plans(&engine).set_limit(&operator(), limit(organization, PlanLimit::Members, Some(3))).await.unwrap();
    let auth = Arc::new(auth(&engine));
    auth.add_member(&operator(), newcomer(0)).await.unwrap();

    let mut tasks = JoinSet::new();
    for number in 1..=50 {
        let auth = Arc::clone(&auth);
        tasks.spawn(async move { auth.add_member(&operator(), newcomer(number)).await });
    }
    let outcomes = tasks.join_all().await;

    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        let AuthError::LimitReached(reached) = refused else { panic!("{refused:?}") };
        assert_eq!((reached.limit, reached.max, reached.used), (PlanLimit::Members, 3, 3));
    }
    let connection = engine.control.connection();
    assert_eq!(count(connection, "FROM memberships").await, 3);
    assert_eq!(count(connection, "FROM users").await, 3, "who was refused leaves no account");
    let again = auth.add_member(&operator(), newcomer(0)).await;
    assert!(matches!(again, Err(AuthError::AlreadyMember)), "{again:?}");
});

on_both_engines!(who_may_not_come_in_takes_no_seat, async |engine: Engine| {
    let organization = engine.organization_named("paris").await.organization();
    plans(&engine).set_limit(&operator(), limit(organization, PlanLimit::Members, Some(2))).await.unwrap();
    let auth = auth(&engine);
    auth.add_member(&operator(), newcomer(0)).await.unwrap();
    engine.control_sql("UPDATE memberships SET is_active = FALSE WHERE role = 'USER'").await;
    auth.add_member(&operator(), newcomer(1)).await.unwrap();
    let full = auth.add_member(&operator(), newcomer(2)).await;
    assert!(matches!(full, Err(AuthError::LimitReached(_))), "{full:?}");
});

on_both_engines!(what_may_leave_an_organization_is_known_with_its_plan, async |engine: Engine| {
    let (paris, copy) = (engine.open("paris").await, engine.open("copy").await);
    engine.set_outgoing_paused(copy, true).await;
    assert!(plans(&engine).of(paris).await.unwrap().may_send().is_ok());
    assert!(plans(&engine).of(copy).await.unwrap().may_send().is_err());
    engine.set_outgoing_paused(copy, false).await;
    assert!(plans(&engine).of(copy).await.unwrap().may_send().is_ok());
});
