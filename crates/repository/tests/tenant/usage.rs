//! What an organization uses of its plan, counted however many ask at once.

use crate::common::{Engine, count};
use crate::on_both_engines;
use crate::rig::{a_dashboard, kpis};
use std::sync::Arc;
use tokio::task::JoinSet;
use vigie_imports::ImportStore;
use vigie_kernel::{Clock, Entitlements, Frequency, ModuleSet, PlanLimit, PlanLimits, Taken, TenantContext};
use vigie_kpis::{ChangeKpi, DefineKpi, Direction, Kpi, KpiError, KpiService, KpiStore};
use vigie_tenancy::UsageReads;

fn with_kpis(tenant: &TenantContext, max: u64) -> TenantContext {
    let limits = PlanLimits { kpis: Some(max), ..PlanLimits::NONE };
    tenant.clone().with_entitlements(Entitlements::new("starter", limits, ModuleSet::ALL, ModuleSet::NONE))
}

async fn used(engine: &Engine, tenant: &TenantContext, limit: PlanLimit) -> u64 {
    let counted = engine.tenants.counted(tenant).await.unwrap();
    counted.into_iter().find(|(known, _)| *known == limit).unwrap().1
}

on_both_engines!(fifty_at_the_last_free_place_make_exactly_one_kpi, async |engine: Engine| {
    let tenant = with_kpis(&engine.organization().await, 3);
    let dashboard = a_dashboard(&engine, &tenant, "D").await.snapshot().id;
    let define = |number: u32| {
        DefineKpi::new(dashboard, format!("KPI {number}"), Frequency::Monthly, Direction::UpIsBetter)
    };
    let service = Arc::new(kpis(&engine));
    for number in 0..2 {
        service.define_kpi(&tenant, define(number)).await.unwrap();
    }

    let mut tasks = JoinSet::new();
    for number in 10..60 {
        let (service, tenant, command) = (Arc::clone(&service), tenant.clone(), define(number));
        tasks.spawn(async move { service.define_kpi(&tenant, command).await });
    }
    let outcomes: Vec<Result<Kpi, KpiError>> = tasks.join_all().await;

    let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(made, 1);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        let KpiError::LimitReached(reached) = refused else { panic!("{refused:?}") };
        assert_eq!(
            (reached.limit, reached.max, reached.used, reached.plan),
            (PlanLimit::Kpis, 3, 3, "starter")
        );
    }
    assert_eq!(count(&engine.raw(tenant.organization()).await, "FROM kpis").await, 3);
    assert_eq!(used(&engine, &tenant, PlanLimit::Kpis).await, 3);
});

on_both_engines!(archived_kpis_do_not_count_and_a_lower_limit_takes_nothing, async |engine: Engine| {
    let tenant = with_kpis(&engine.organization().await, 2);
    let dashboard = a_dashboard(&engine, &tenant, "D").await.snapshot().id;
    let define = |name: &str| DefineKpi::new(dashboard, name, Frequency::Monthly, Direction::UpIsBetter);
    let service = kpis(&engine);
    let first = service.define_kpi(&tenant, define("One")).await.unwrap();
    service.define_kpi(&tenant, define("Two")).await.unwrap();
    let archive = |archived: bool| ChangeKpi { archived: Some(archived), ..ChangeKpi::of(first.id()) };

    let fewer = with_kpis(&tenant, 1);
    service.change_kpi(&fewer, archive(true)).await.unwrap();
    assert_eq!(used(&engine, &tenant, PlanLimit::Kpis).await, 1);
    let restored = service.change_kpi(&fewer, archive(false)).await;
    assert!(matches!(restored, Err(KpiError::LimitReached(_))), "{restored:?}");
    assert!(service.kpi(&fewer, first.id()).await.unwrap().snapshot().archived);
    service.change_kpi(&tenant, archive(false)).await.unwrap();
    assert_eq!(used(&engine, &tenant, PlanLimit::Kpis).await, 2);
});

on_both_engines!(a_count_ends_where_its_limit_is_and_never_below_zero, async |engine: Engine| {
    let tenant = engine.organization().await;
    let mut work = KpiStore::begin(&engine.tenants, &tenant).await.unwrap();
    let limit = PlanLimit::StorageBytes;
    assert_eq!(work.usage().take(limit, 10, Some(10)).await.unwrap(), Taken::Yes);
    assert_eq!(work.usage().take(limit, 1, Some(10)).await.unwrap(), Taken::No { used: 10 });
    assert_eq!(work.usage().take(limit, 20, Some(5)).await.unwrap(), Taken::No { used: 10 });
    assert_eq!(work.usage().take(limit, 5, None).await.unwrap(), Taken::Yes);
    assert_eq!(work.usage().take(limit, u64::MAX, None).await.unwrap(), Taken::No { used: 15 });
    work.usage().give_back(limit, 100).await.unwrap();
    assert_eq!(work.usage().take(limit, 0, Some(0)).await.unwrap(), Taken::Yes);
    drop(work);
    assert_eq!(used(&engine, &tenant, limit).await, 0, "what is dropped counts nothing");
});

on_both_engines!(a_content_is_listed_once, async |engine: Engine| {
    let tenant = engine.organization().await;
    let mut work = ImportStore::begin(&engine.tenants, &tenant).await.unwrap();
    let now = engine.clock.now();
    assert!(work.stored_files().add("aa", 5, now).await.unwrap());
    assert!(!work.stored_files().add("aa", 5, now).await.unwrap());
    assert!(work.stored_files().remove("aa").await.unwrap());
    assert!(!work.stored_files().remove("aa").await.unwrap());
});
