//! Bringing the databases of all organizations to the current schema.

use crate::common::{Engine, count};
use crate::on_both_engines;
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use std::sync::Arc;
use vigie_kernel::{Clock as _, OperatorContext, PageRequest, Slug, TenantContext};
use vigie_repository::ServerDatabases;
use vigie_tenancy::{
    FailureBudget, Fleet, FleetDatabases as _, FleetOptions, FleetSelection, FleetService as _,
    FleetStore as _, MigrationOutcome, MigrationRun, NoProgress, RunState, TenantDatabases as _,
};

/// What the last migration made.
const NEWEST: (&str, &str) = ("m20261120_000007_latest_values", "kpi_latest_values");

fn fleet(engine: &Engine) -> Fleet {
    Fleet::new(
        Arc::new(engine.control.clone()),
        engine.databases.clone(),
        engine.clock.clone(),
        Arc::clone(&engine.ids),
    )
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
    let results = fleet(engine).results(run.id, None, &page).await.unwrap();
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
    let failed = fleet(&engine).results(run.id, Some(MigrationOutcome::Failed), &page).await.unwrap();
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
