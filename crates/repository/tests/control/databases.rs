//! Making, filling, probing and dropping organizations' databases.

use crate::common::{Engine, count};
use crate::on_both_engines;
use sea_orm::ConnectionTrait;
use vigie_auth::{MemberDirectory, MemberProfile};
use vigie_kernel::{Role, StoreError};
use vigie_repository::ServerDatabases;
use vigie_tenancy::{Organization, RULE_ORGANIZATION_DATABASE, TenantDatabases};

/// Another organization that names the same database.
async fn squatter(engine: &Engine, of: &Organization) -> Organization {
    let mut snapshot = engine.reserved("squatter").await.snapshot().clone();
    snapshot.database_name = of.database_name().clone();
    Organization::restore(snapshot)
}

on_both_engines!(every_step_can_be_repeated, async |engine: Engine| {
    let organization = engine.reserved("paris").await;
    engine.account_in(organization.id(), "marie@example.org", Role::Owner).await;
    for _ in 0..2 {
        engine.databases.create(&organization).await.unwrap();
        let version = engine.databases.migrate(&organization).await.unwrap();
        assert_eq!(version, ServerDatabases::CURRENT_VERSION);
        engine.databases.seed(&organization).await.unwrap();
        engine.databases.probe(&organization).await.unwrap();
    }
    let database = engine.raw(organization.id()).await;
    assert_eq!(count(&database, "FROM members WHERE role = 'OWNER' AND is_active").await, 1);
    assert_eq!(count(&database, "FROM org_meta").await, 1);

    let name = organization.database_name().as_str();
    assert!(engine.database_exists(name).await);
    drop(database);
    for _ in 0..2 {
        engine.databases.drop_database(&organization).await.unwrap();
        assert!(!engine.database_exists(name).await);
    }
});

on_both_engines!(a_database_of_another_organization_is_left_alone, async |engine: Engine| {
    let organization = engine.reserved("paris").await;
    engine.databases.create(&organization).await.unwrap();
    engine.databases.migrate(&organization).await.unwrap();
    let squatter = squatter(&engine, &organization).await;

    let created = engine.databases.create(&squatter).await;
    assert!(matches!(created, Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE))), "{created:?}");
    let migrated = engine.databases.migrate(&squatter).await;
    assert!(matches!(migrated, Err(StoreError::Broken(_))), "{migrated:?}");
    let seeded = engine.databases.seed(&squatter).await;
    assert!(matches!(seeded, Err(StoreError::Broken(_))), "{seeded:?}");
    let probed = engine.databases.probe(&squatter).await;
    assert!(matches!(probed, Err(StoreError::Broken(_))), "{probed:?}");
    engine.databases.drop_database(&squatter).await.unwrap();

    engine.databases.probe(&organization).await.unwrap();
});

on_both_engines!(what_is_not_there_is_not_made_by_looking, async |engine: Engine| {
    let organization = engine.reserved("paris").await;

    assert!(engine.databases.migrate(&organization).await.is_err());
    assert!(engine.databases.seed(&organization).await.is_err());
    assert!(engine.databases.probe(&organization).await.is_err());

    assert!(!engine.database_exists(organization.database_name().as_str()).await);
});

on_both_engines!(a_database_without_an_owner_is_not_ready, async |engine: Engine| {
    let organization = engine.reserved("paris").await;
    engine.databases.create(&organization).await.unwrap();

    let probed = engine.databases.probe(&organization).await;

    assert!(matches!(probed, Err(StoreError::TenantUnavailable("tenant_provisioning"))), "{probed:?}");
});

on_both_engines!(twenty_organizations_are_made_at_once, async |engine: Engine| {
    let mut making = tokio::task::JoinSet::new();
    for number in 0..20 {
        let organization = engine.reserved(&format!("paris-{number}")).await;
        let databases = engine.databases.clone();
        making.spawn(async move {
            databases.create(&organization).await?;
            databases.migrate(&organization).await?;
            databases.probe(&organization).await
        });
    }
    while let Some(made) = making.join_next().await {
        made.unwrap().unwrap();
    }
});

on_both_engines!(members_follow_the_control_database, async |engine: Engine| {
    let tenant = engine.organization().await;
    let organization = engine.found(tenant.organization()).await;
    let marie = engine.account_in(organization.id(), "marie@example.org", Role::Manager).await;
    let locked = engine.account_in(organization.id(), "locked@example.org", Role::User).await;
    engine.control_sql("UPDATE users SET is_active = FALSE WHERE email_key = 'locked@example.org'").await;
    engine.databases.seed(&organization).await.unwrap();
    let database = engine.raw(organization.id()).await;
    assert_eq!(count(&database, "FROM members").await, 3);
    assert_eq!(count(&database, "FROM members WHERE role = 'USER' AND NOT is_active").await, 1);

    for (user, name) in [(marie.id(), "Marie Curie"), (locked.id(), "Locked Out")] {
        let profile = MemberProfile { user, full_name: name.to_owned(), role: Role::Admin, active: true };
        engine.members.put(&tenant, &profile).await.unwrap();
    }

    assert_eq!(count(&database, "FROM members").await, 3);
    let renamed =
        "FROM members WHERE full_name IN ('Marie Curie', 'Locked Out') AND role = 'ADMIN' AND is_active";
    assert_eq!(count(&database, renamed).await, 2);
});

on_both_engines!(a_probe_leaves_nothing_behind, async |engine: Engine| {
    let tenant = engine.organization().await;
    let database = engine.raw(tenant.organization()).await;
    database.execute_unprepared("DELETE FROM org_meta").await.unwrap();
    let organization = engine.found(tenant.organization()).await;

    assert!(engine.databases.probe(&organization).await.is_err());
    assert_eq!(count(&database, "FROM org_meta").await, 0);
    engine.databases.migrate(&organization).await.unwrap();
    engine.databases.probe(&organization).await.unwrap();
});
