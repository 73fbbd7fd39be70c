//! Opening organizations' databases.

use crate::common::{Engine, count};
use crate::on_both_engines;
use sea_orm::ConnectionTrait;
use std::sync::Arc;
use tokio::task::JoinSet;
use vigie_kernel::testing::CountedIds;
use vigie_kernel::{Clock, StoreError, TenantContext};
use vigie_kpis::{Dashboard, DashboardSnapshot, KpiStore};
use vigie_repository::{Registry, RegistryLimits, RelaySignal, SchemaWindow, TenantStore};
use vigie_tenancy::TenantDatabases;

/// A first look into the organization's database, through a registry that has nothing open.
async fn look(registry: &Arc<Registry>, tenant: &TenantContext) -> Result<(), StoreError> {
    let store =
        TenantStore::new(Arc::clone(registry), RelaySignal::default(), Arc::new(CountedIds::default()));
    KpiStore::read(&store, tenant).await.map(|_| ())
}

pub(crate) fn dashboard(engine: &Engine, tenant: &TenantContext) -> Dashboard {
    let now = engine.clock.now();
    Dashboard::restore(DashboardSnapshot {
        id: engine.ids.next(),
        title: "Quality".to_owned(),
        description: None,
        process_name: None,
        owner_id: tenant.actor(),
        version: 1,
        created_at: now,
        created_by: tenant.actor(),
        updated_at: now,
        updated_by: tenant.actor(),
    })
}

on_both_engines!(twenty_first_requests_open_the_database_once, async |engine: Engine| {
    let tenant = engine.organization().await;
    let registry = engine.fresh_registry();
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let (registry, tenant) = (Arc::clone(&registry), tenant.clone());
        requests.spawn(async move { look(&registry, &tenant).await });
    }
    while let Some(request) = requests.join_next().await {
        request.unwrap().unwrap();
    }
    assert_eq!(registry.opened(), 1);

    registry.forget(tenant.organization());
    look(&registry, &tenant).await.unwrap();
    assert_eq!(registry.opened(), 2);
});

on_both_engines!(a_database_that_bears_another_organizations_id_is_refused, async |engine: Engine| {
    let (paris, lyon) = (engine.organization_named("paris").await, engine.organization_named("lyon").await);
    engine.control_sql("UPDATE organizations SET database_name = 'parked' WHERE slug = 'lyon'").await;
    let taken = engine.found(paris.organization()).await.database_name().to_string();
    engine.control_sql("UPDATE organizations SET database_name = 'gone' WHERE slug = 'paris'").await;
    let swap = format!("UPDATE organizations SET database_name = '{taken}' WHERE slug = 'lyon'");
    engine.control_sql(&swap).await;
    let registry = engine.fresh_registry();

    let refused = look(&registry, &lyon).await;

    assert!(matches!(refused, Err(StoreError::Broken(_) | StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(registry.opened(), 0);
});

on_both_engines!(opening_never_makes_a_database, async |engine: Engine| {
    let tenant = engine.organization().await;
    let organization = engine.found(tenant.organization()).await;
    engine.databases.drop_database(&organization).await.unwrap();

    assert!(look(&engine.fresh_registry(), &tenant).await.is_err());

    assert!(!engine.database_exists(organization.database_name().as_str()).await);
});

on_both_engines!(an_organization_that_is_gone_or_not_ready_has_no_database, async |engine: Engine| {
    let tenant = engine.organization().await;
    for status in ["deleted", "archived", "failed"] {
        engine.control_sql(&format!("UPDATE organizations SET status = '{status}'")).await;
        let refused = look(&engine.fresh_registry(), &tenant).await;
        let unknown = matches!(refused, Err(StoreError::TenantUnavailable("tenant_unknown")));
        assert!(unknown, "{status}: {refused:?}");
    }
    engine.control_sql("UPDATE organizations SET status = 'active'").await;
    let database = engine.raw(tenant.organization()).await;
    sea_orm::ConnectionTrait::execute_unprepared(
        &database,
        "UPDATE org_meta SET schema_fingerprint = 'older'",
    )
    .await
    .unwrap();
    let refused = look(&engine.fresh_registry(), &tenant).await;
    assert!(matches!(refused, Err(StoreError::TenantUnavailable("tenant_schema_outdated"))), "{refused:?}");

    // A failed opening is not remembered.
    let registry = engine.fresh_registry();
    assert!(look(&registry, &tenant).await.is_err());
    engine.databases.migrate(&engine.found(tenant.organization()).await).await.unwrap();
    look(&registry, &tenant).await.unwrap();
});

on_both_engines!(two_organizations_never_see_each_others_rows, async |engine: Engine| {
    let (paris, lyon) = (engine.organization().await, engine.organization().await);
    let in_paris = dashboard(&engine, &paris);
    let mut work = KpiStore::begin(&engine.tenants, &paris).await.unwrap();
    work.dashboards().insert(&in_paris).await.unwrap();
    work.commit().await.unwrap();

    let id = in_paris.snapshot().id;
    let mut work = KpiStore::begin(&engine.tenants, &lyon).await.unwrap();
    assert_eq!(work.dashboards().find(id).await.unwrap(), None);
    drop(work);
    let mut work = KpiStore::begin(&engine.tenants, &paris).await.unwrap();
    assert_eq!(work.dashboards().find(id).await.unwrap(), Some(in_paris));
    drop(work);
    let database = engine.raw(lyon.organization()).await;
    assert_eq!(count(&database, "FROM dashboards").await, 0);
    assert_eq!(count(&database, "FROM members").await, 1);
});

on_both_engines!(a_database_of_an_older_schema_serves_inside_the_window, async |engine: Engine| {
    let tenant = engine.organization().await;
    let older = SchemaWindow::fingerprint_of(3).unwrap();
    let database = engine.raw(tenant.organization()).await;
    let behind = format!("UPDATE org_meta SET schema_fingerprint = '{older}'");
    database.execute_unprepared(&behind).await.unwrap();
    let window =
        |oldest| RegistryLimits { window: SchemaWindow::from_version(oldest), ..RegistryLimits::default() };

    look(&engine.registry_with(window(3)), &tenant).await.unwrap();

    let refused = look(&engine.registry_with(window(4)), &tenant).await;
    assert!(matches!(refused, Err(StoreError::TenantUnavailable("tenant_schema_outdated"))), "{refused:?}");
});

on_both_engines!(an_organization_that_was_moved_is_found_again, async |engine: Engine| {
    let (paris, lyon) = (engine.organization_named("paris").await, engine.organization_named("lyon").await);
    let planted = dashboard(&engine, &lyon);
    let mut work = KpiStore::begin(&engine.tenants, &lyon).await.unwrap();
    work.dashboards().insert(&planted).await.unwrap();
    work.commit().await.unwrap();
    look(&engine.registry, &paris).await.unwrap();
    // As a restore in place does it: the organization gets another database, which says that it is its.
    let taken = engine.found(lyon.organization()).await.database_name().to_string();
    let database = engine.raw(lyon.organization()).await;
    let id = if engine.control.connection().get_database_backend() == sea_orm::DbBackend::Sqlite {
        format!("X'{}'", paris.organization().as_uuid().simple())
    } else {
        format!("'{}'", paris.organization())
    };
    let owner = format!("UPDATE org_meta SET organization_id = {id}");
    database.execute_unprepared(&owner).await.unwrap();
    engine.control_sql("UPDATE organizations SET database_name = 'parked' WHERE slug = 'lyon'").await;
    engine
        .control_sql(&format!("UPDATE organizations SET database_name = '{taken}' WHERE slug = 'paris'"))
        .await;

    engine.registry.forget(paris.organization());
    let mut reads = KpiStore::read(&engine.tenants, &paris).await.unwrap();
    assert_eq!(reads.dashboard(planted.snapshot().id).await.unwrap(), Some(planted));
});

on_both_engines!(a_change_by_another_process_is_noticed, async |engine: Engine| {
    let tenant = engine.organization().await;
    look(&engine.registry, &tenant).await.unwrap();
    assert_eq!(engine.registry.open_organizations(), 1);

    engine.control_sql("UPDATE organizations SET status = 'archived'").await;

    for _ in 0..600 {
        if engine.registry.open_organizations() == 0 {
            let refused = look(&engine.registry, &tenant).await;
            assert!(matches!(refused, Err(StoreError::TenantUnavailable("tenant_unknown"))), "{refused:?}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the organization is still open");
});

on_both_engines!(the_least_recently_used_organization_is_closed_first, async |engine: Engine| {
    let registry =
        engine.registry_with(RegistryLimits { open_organizations: 2, ..RegistryLimits::default() });
    let (one, two, three) =
        (engine.organization().await, engine.organization().await, engine.organization().await);
    let store =
        TenantStore::new(Arc::clone(&registry), RelaySignal::default(), Arc::new(CountedIds::default()));
    let in_use = KpiStore::begin(&store, &one).await.unwrap();
    for tenant in [&two, &three, &two, &three] {
        look(&registry, tenant).await.unwrap();
        assert!(registry.open_organizations() <= 2);
    }
    // The first one is older than all of them, and stays: somebody uses it.
    assert_eq!(registry.opened(), 5);
    in_use.commit().await.unwrap();
    look(&registry, &one).await.unwrap();
    assert_eq!(registry.opened(), 5);
});
