//! Bringing the databases of all organizations to the current schema.

use crate::common::{Engine, count};
use crate::on_both_engines;
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use std::sync::Arc;
use vigie_kernel::{AuditEntry, Clock as _, OperatorContext, PageRequest, Slug, TenantContext};
use vigie_repository::ServerDatabases;
use vigie_tenancy::{
    FailureBudget, Fleet, FleetDatabases as _, FleetOptions, FleetSelection, FleetService as _,
    FleetStore as _, MigrationOutcome, MigrationRun, NoProgress, OrganizationStatus, RunState,
    TenancyService as _, TenantDatabases as _, Timer,
};

/// What a migration made that nothing after it needs.
const NEWEST: (&str, &str) = ("m20261120_000007_latest_values", "kpi_latest_values");

/// Lets no time pass.
struct NoPause;

#[async_trait::async_trait]
impl Timer for NoPause {
    async fn pause(&self, _: std::time::Duration) {
        tokio::task::yield_now().await;
    }
}

fn fleet(engine: &Engine) -> Fleet {
    Fleet::new(
        Arc::new(engine.control.clone()),
        engine.databases.clone(),
        engine.clock.clone(),
        Arc::clone(&engine.ids),
        Arc::new(NoPause),
    )
}

/// The same, taking the last migration for one that must not run beside writes.
fn exclusive_fleet(engine: &Engine) -> Fleet {
    let (servers, control) = (Arc::clone(&engine.servers), engine.control.connection().clone());
    let databases = ServerDatabases::new(servers, control, engine.clock.clone());
    Fleet::new(
        Arc::new(engine.control.clone()),
        Arc::new(databases.with_exclusive(&[ServerDatabases::CURRENT_VERSION])),
        engine.clock.clone(),
        Arc::clone(&engine.ids),
        Arc::new(NoPause),
    )
}

async fn status(engine: &Engine, tenant: &TenantContext) -> OrganizationStatus {
    engine.found(tenant.organization()).await.status()
}

fn patient() -> FleetOptions {
    FleetOptions { failure_budget: FailureBudget::UNLIMITED, ..FleetOptions::default() }
}

async fn migrate(engine: &Engine, options: FleetOptions) -> MigrationRun {
    let operator = OperatorContext::new(None, "test".to_owned());
    fleet(engine).migrate(&operator, &options, &NoProgress).await.unwrap()
}

async fn behind(engine: &Engine) -> Vec<String> {
    let behind = engine.control.behind(ServerDatabases::CURRENT_VERSION).await.unwrap();
    behind.iter().map(|one| one.organization.snapshot().slug.to_string()).collect()
}

async fn outcomes(engine: &Engine, run: &MigrationRun) -> Vec<(String, &'static str)> {
    let page = PageRequest { limit: 100, after: None };
    let (stored, results) = fleet(engine).results(run.id, None, &page).await.unwrap();
    assert_eq!(stored, *run);
    results.items.iter().map(|result| (result.slug.to_string(), result.outcome.name())).collect()
}

/// Takes an organization's database back to before the last migration. With its table left in place that migration fails.
async fn age(engine: &Engine, tenant: &TenantContext, with_its_table: bool) {
    let database = engine.raw(tenant.organization()).await;
    if with_its_table {
        database.execute_unprepared(&format!("DROP TABLE {}", NEWEST.1)).await.unwrap();
    }
    let forget = format!("DELETE FROM seaql_migrations WHERE version = '{}'", NEWEST.0);
    database.execute_unprepared(&forget).await.unwrap();
    let organization = engine.found(tenant.organization()).await;
    let slug = organization.snapshot().slug.as_str();
    engine
        .control_sql(&format!(
            "UPDATE organizations SET schema_version = schema_version - 1 WHERE slug = '{slug}'"
        ))
        .await;
}

async fn repair(engine: &Engine, tenant: &TenantContext) {
    let database = engine.raw(tenant.organization()).await;
    database.execute_unprepared(&format!("DROP TABLE {}", NEWEST.1)).await.unwrap();
}

on_both_engines!(only_organizations_in_service_that_are_behind_are_migrated, async |engine: Engine| {
    engine.reserved("being-made").await;
    engine.organization_named("current").await;
    let old = engine.organization_named("old").await;
    let paused = engine.organization_named("paused").await;
    age(&engine, &old, true).await;
    age(&engine, &paused, true).await;
    engine.control_sql("UPDATE organizations SET status = 'suspended' WHERE slug = 'paused'").await;
    assert_eq!(behind(&engine).await, ["old", "paused"]);
    let before = engine.found(old.organization()).await;
    engine.clock.advance(chrono::TimeDelta::hours(1));

    let run = migrate(&engine, FleetOptions::default()).await;

    assert_eq!((run.state, run.counts.ok), (RunState::Done, 2));
    assert_eq!(outcomes(&engine, &run).await, [("old".to_owned(), "ok"), ("paused".to_owned(), "ok")]);
    assert_eq!(behind(&engine).await, [""; 0]);
    let after = engine.found(old.organization()).await;
    assert_eq!(after.snapshot().schema_version, Some(ServerDatabases::CURRENT_VERSION));
    assert_eq!(after.snapshot().version, before.snapshot().version + 1);
    assert_eq!(after.snapshot().updated_at, engine.clock.now());
    engine.databases.probe(&after).await.unwrap();
    assert_eq!(fleet(&engine).run(run.id).await.unwrap(), run, "what is stored is what was told");
    assert_eq!(
        count(engine.control.connection(), "FROM platform_audit WHERE subject_kind = 'migration_run'").await,
        2
    );

    assert_eq!(migrate(&engine, FleetOptions::default()).await.planned, 0);
});

on_both_engines!(those_that_fail_keep_their_schema_and_a_retry_finishes_them, async |engine: Engine| {
    let mut organizations = Vec::new();
    for number in 0..10 {
        let tenant = engine.organization_named(&format!("org-{number}")).await;
        age(&engine, &tenant, number > 2).await;
        organizations.push(tenant);
    }
    let run = migrate(&engine, patient()).await;
    assert_eq!((run.state, run.counts.ok, run.counts.failed), (RunState::Partial, 7, 3));
    assert_eq!(behind(&engine).await, ["org-0", "org-1", "org-2"]);
    let page = PageRequest::default();
    let (_, failed) = fleet(&engine).results(run.id, Some(MigrationOutcome::Failed), &page).await.unwrap();
    assert_eq!(failed.items.len(), 3);
    assert!(failed.items.iter().all(|one| one.error.as_ref().unwrap().contains(NEWEST.1)), "{failed:?}");
    for tenant in &organizations[..3] {
        let database = engine.raw(tenant.organization()).await;
        let remembered = format!("FROM seaql_migrations WHERE version = '{}'", NEWEST.0);
        assert_eq!(count(&database, &remembered).await, 0, "a failed migration leaves no trace");
        repair(&engine, tenant).await;
    }

    let selection = FleetSelection::UnfinishedOf(run.id);
    let retried = migrate(&engine, FleetOptions { selection, ..patient() }).await;
    assert_eq!((retried.state, retried.counts.ok), (RunState::Done, 3));
    assert_eq!(behind(&engine).await, [""; 0]);
});

on_both_engines!(failing_three_times_in_a_row_is_quarantine, async |engine: Engine| {
    let tenant = engine.organization_named("bad").await;
    age(&engine, &tenant, false).await;
    for _ in 0..3 {
        assert_eq!(migrate(&engine, patient()).await.counts.failed, 1);
    }
    assert_eq!(migrate(&engine, patient()).await.counts.quarantined, 1);
    repair(&engine, &tenant).await;
    let selection = FleetSelection::One(Slug::parse("bad").unwrap());
    assert_eq!(migrate(&engine, FleetOptions { selection, ..patient() }).await.counts.ok, 1);
    assert_eq!(count(engine.control.connection(), "FROM migration_failures").await, 0);
});

on_both_engines!(two_migrators_at_once_apply_each_step_once, async |engine: Engine| {
    for number in 0..12 {
        let tenant = engine.organization_named(&format!("org-{number:02}")).await;
        age(&engine, &tenant, true).await;
    }
    let (one, other) = tokio::join!(migrate(&engine, patient()), migrate(&engine, patient()));
    let sum = |outcome: fn(&MigrationRun) -> u32| outcome(&one) + outcome(&other);
    assert_eq!(sum(|run| run.counts.troubled()), 0, "{one:?} {other:?}");
    assert_eq!(sum(|run| run.counts.ok), 12, "each is migrated by one of them");
    assert_eq!(behind(&engine).await, [""; 0]);
});

on_both_engines!(a_database_that_is_locked_or_gone_stops_nobody, async |engine: Engine| {
    let busy = engine.organization_named("busy").await;
    let free = engine.organization_named("free").await;
    let gone = engine.organization_named("gone").await;
    for tenant in [&busy, &free, &gone] {
        age(&engine, tenant, true).await;
    }
    engine.databases.drop_database(&engine.found(gone.organization()).await).await.unwrap();
    let database = engine.raw(busy.organization()).await;
    let holder = database.begin().await.unwrap();
    holder.execute_unprepared("UPDATE org_meta SET schema_fingerprint = schema_fingerprint").await.unwrap();
    holder.execute_unprepared("ALTER TABLE kpis ADD COLUMN held_for_a_while INTEGER").await.unwrap();

    let run = migrate(&engine, patient()).await;

    let expected = [("busy", "blocked"), ("free", "ok")].map(|(slug, outcome)| (slug.to_owned(), outcome));
    let told = outcomes(&engine, &run).await;
    assert_eq!(told[..2], expected);
    assert!(["unreachable", "failed"].contains(&told[2].1), "{told:?}");
    holder.rollback().await.unwrap();
    assert_eq!(migrate(&engine, patient()).await.counts.ok, 1);
});

on_both_engines!(a_dry_run_finds_what_would_fail_and_leaves_nothing, async |engine: Engine| {
    let good = engine.organization_named("good").await;
    let bad = engine.organization_named("bad").await;
    age(&engine, &good, true).await;
    age(&engine, &bad, false).await;

    let run = migrate(&engine, FleetOptions { dry_run: true, ..patient() }).await;

    assert_eq!(
        outcomes(&engine, &run).await,
        [("bad".to_owned(), "failed"), ("good".to_owned(), "ok")],
        "{:?}",
        fleet(&engine).results(run.id, None, &PageRequest::default()).await
    );
    assert_eq!(behind(&engine).await, ["bad", "good"]);
    let organization = engine.found(good.organization()).await;
    let rehearsed = engine.databases.rehearse(&organization).await.unwrap();
    assert_eq!((rehearsed.applied, rehearsed.schema_version), (1, ServerDatabases::CURRENT_VERSION));
    assert_eq!(engine.left_by_rehearsals().await, 0);
});

on_both_engines!(a_database_that_is_newer_is_left_alone, async |engine: Engine| {
    let newer = engine.organization_named("newer").await;
    let old = engine.organization_named("old").await;
    age(&engine, &old, true).await;
    engine
        .control_sql("UPDATE organizations SET schema_version = schema_version + 1 WHERE slug = 'newer'")
        .await;

    let run = migrate(&engine, patient()).await;

    assert_eq!((run.planned, run.counts.ok), (1, 1), "an older binary does not touch what a newer one made");
    let recorded = engine.found(newer.organization()).await.snapshot().schema_version;
    assert_eq!(recorded, Some(ServerDatabases::CURRENT_VERSION + 1));
});

on_both_engines!(a_migration_that_does_not_bear_writes_gives_the_status_back, async |engine: Engine| {
    let good = engine.organization_named("good").await;
    let quiet = engine.organization_named("quiet").await;
    let bad = engine.organization_named("bad").await;
    for (tenant, dropped) in [(&good, true), (&quiet, true), (&bad, false)] {
        age(&engine, tenant, dropped).await;
    }
    engine.control_sql("UPDATE organizations SET status = 'read_only' WHERE slug = 'quiet'").await;
    let operator = OperatorContext::new(None, "test".to_owned());

    let run = exclusive_fleet(&engine).migrate(&operator, &patient(), &NoProgress).await.unwrap();

    assert_eq!((run.counts.ok, run.counts.failed), (2, 1));
    assert_eq!(status(&engine, &good).await, OrganizationStatus::Active);
    assert_eq!(status(&engine, &quiet).await, OrganizationStatus::ReadOnly);
    assert_eq!(status(&engine, &bad).await, OrganizationStatus::Active, "it goes on at its old schema");
    assert_eq!(behind(&engine).await, ["bad"]);
});

on_both_engines!(killed_in_such_a_migration_it_stays_closed_until_it_is_migrated, async |engine: Engine| {
    let tenant = engine.organization_named("usine").await;
    age(&engine, &tenant, true).await;
    // What a process that was killed has left: its run is running, the organization closed, the database wherever it was.
    let begun = MigrationRun::begin(engine.ids.next(), &patient(), 10, 1, engine.clock.now());
    let store = &engine.control;
    let operator = OperatorContext::new(None, "test".to_owned());
    let entry = entry(&engine, &begun);
    store.begin_run(&begun, &entry).await.unwrap();
    assert!(store.close_for(&begun, tenant.organization(), engine.clock.now()).await.unwrap());
    assert_eq!(status(&engine, &tenant).await, OrganizationStatus::Migrating);
    let tenancy = engine.tenancy();
    let told = async || {
        let found = tenancy.examine(&operator).await.unwrap();
        found.iter().map(|one| (one.kind(), one.subject())).collect::<Vec<_>>()
    };
    assert!(told().await.is_empty(), "somebody may be at it");

    // Another run in between that fails leaves it closed: it is not its to open.
    let other = MigrationRun::begin(engine.ids.next(), &patient(), 10, 1, engine.clock.now());
    store.begin_run(&other, &self::entry(&engine, &other)).await.unwrap();
    store.close_for(&other, tenant.organization(), engine.clock.now()).await.unwrap();
    store.reopen_after(other.id, tenant.organization(), engine.clock.now()).await.unwrap();
    assert_eq!(status(&engine, &tenant).await, OrganizationStatus::Migrating);

    engine.clock.advance(chrono::TimeDelta::minutes(16));
    assert_eq!(told().await, [("interrupted_migration", "usine".to_owned())]);
    let retry = FleetOptions { selection: FleetSelection::UnfinishedOf(begun.id), ..patient() };
    let run = exclusive_fleet(&engine).migrate(&operator, &retry, &NoProgress).await.unwrap();
    assert_eq!((run.state, run.counts.ok), (RunState::Done, 1));
    assert_eq!(status(&engine, &tenant).await, OrganizationStatus::Active);
    assert!(told().await.is_empty());
});

on_both_engines!(closed_by_a_run_that_died_after_its_migration_it_is_opened_again, async |engine: Engine| {
    let tenant = engine.organization_named("usine").await;
    let begun = MigrationRun::begin(engine.ids.next(), &patient(), 10, 1, engine.clock.now());
    engine.control.begin_run(&begun, &entry(&engine, &begun)).await.unwrap();
    engine.control.close_for(&begun, tenant.organization(), engine.clock.now()).await.unwrap();
    assert_eq!(behind(&engine).await, ["usine"], "current, but closed");

    let run = migrate(&engine, patient()).await;

    assert_eq!((run.planned, run.counts.skipped), (1, 1));
    assert_eq!(status(&engine, &tenant).await, OrganizationStatus::Active);
    assert_eq!(behind(&engine).await, [""; 0]);
});

on_both_engines!(who_is_suspended_meanwhile_stays_so, async |engine: Engine| {
    let tenant = engine.organization_named("usine").await;
    let run = MigrationRun::begin(engine.ids.next(), &patient(), 10, 1, engine.clock.now());
    engine.control.begin_run(&run, &entry(&engine, &run)).await.unwrap();
    engine.control.close_for(&run, tenant.organization(), engine.clock.now()).await.unwrap();
    let operator = OperatorContext::new(None, "test".to_owned());
    engine.tenancy().suspend(&operator, tenant.organization(), "Unpaid").await.unwrap();
    engine.control.reopen_after(run.id, tenant.organization(), engine.clock.now()).await.unwrap();
    assert_eq!(status(&engine, &tenant).await, OrganizationStatus::Suspended);
});

fn entry(engine: &Engine, run: &MigrationRun) -> AuditEntry {
    AuditEntry {
        id: engine.ids.next(),
        at: engine.clock.now(),
        actor: None,
        action: "fleet.migration-started",
        subject_kind: "migration_run",
        subject_id: run.id.as_uuid(),
        request_id: "test".to_owned(),
        details: serde_json::json!({}),
    }
}
