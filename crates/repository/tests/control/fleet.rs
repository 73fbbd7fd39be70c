//! Bringing the databases of all organizations to the current schema.

use crate::common::Engine;
use crate::on_both_engines;
use vigie_kernel::Clock;
use vigie_repository::ServerDatabases;
use vigie_tenancy::TenantDatabases;

async fn migrate(engine: &Engine) -> Vec<(String, bool)> {
    let databases: std::sync::Arc<dyn TenantDatabases> = engine.databases.clone();
    let migrated = engine.control.migrate_fleet(databases, engine.clock.clone()).await.unwrap();
    migrated.into_iter().map(|one| (one.slug.to_string(), one.outcome.is_ok())).collect()
}

async fn behind(engine: &Engine) -> Vec<String> {
    let version = ServerDatabases::schema_version().unwrap();
    let organizations = engine.control.organizations_behind(version).await.unwrap();
    organizations.iter().map(|organization| organization.snapshot().slug.to_string()).collect()
}

on_both_engines!(only_organizations_in_service_that_are_behind_are_migrated, async |engine: Engine| {
    engine.reserved("being-made").await;
    engine.organization_named("current").await;
    let old = engine.organization_named("old").await;
    engine.organization_named("paused").await;
    engine
        .control_sql(
            "UPDATE organizations SET schema_version = schema_version - 1 WHERE slug IN ('old', 'paused')",
        )
        .await;
    engine.control_sql("UPDATE organizations SET status = 'suspended' WHERE slug = 'paused'").await;
    assert_eq!(behind(&engine).await, ["old", "paused"]);
    let before = engine.found(old.organization()).await;
    engine.clock.advance(chrono::TimeDelta::hours(1));

    assert_eq!(migrate(&engine).await, [("old".to_owned(), true), ("paused".to_owned(), true)]);

    assert_eq!(behind(&engine).await, [""; 0]);
    let after = engine.found(old.organization()).await;
    assert_eq!(after.snapshot().schema_version, Some(ServerDatabases::schema_version().unwrap()));
    assert_eq!(after.snapshot().version, before.snapshot().version + 1);
    assert_eq!(after.snapshot().updated_at, engine.clock.now());
    assert_eq!(migrate(&engine).await, []);
});

on_both_engines!(
    one_organization_that_cannot_be_migrated_does_not_stop_the_others,
    async |engine: Engine| {
        for number in 0..10 {
            engine.organization_named(&format!("org-{number}")).await;
        }
        let broken = engine.organization_named("broken").await;
        engine.databases.drop_database(&engine.found(broken.organization()).await).await.unwrap();
        engine.control_sql("UPDATE organizations SET schema_version = 0").await;

        let migrated = migrate(&engine).await;

        assert_eq!(migrated.len(), 11);
        assert_eq!(migrated[0], ("broken".to_owned(), false));
        assert!(migrated[1..].iter().all(|(_, migrated)| *migrated), "{migrated:?}");
        assert_eq!(behind(&engine).await, ["broken"]);
    }
);
