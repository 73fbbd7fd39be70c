//! Reserving, changing and removing organizations.

use crate::common::{Engine, count, session};
use crate::on_both_engines;
use vigie_auth::{IdentityStore, User};
use vigie_kernel::{Clock, Role, Slug, StoreError};
use vigie_tenancy::{
    DatabaseName, NewOrganization, Organization, OrganizationStatus, OrganizationStore, Plan,
    RULE_ORGANIZATION_DATABASE, RULE_ORGANIZATION_SLUG,
};

on_both_engines!(a_reserved_organization_waits_for_its_database, async |engine: Engine| {
    let organization = engine.reserved("gmah-paris").await;

    let stored = organization.snapshot();
    assert_eq!(stored.status, OrganizationStatus::Provisioning);
    assert_eq!(stored.plan, Plan::Community);
    assert_eq!((stored.schema_version, stored.version), (None, 1));
    assert_eq!((stored.created_at, stored.updated_at), (engine.clock.now(), engine.clock.now()));
    assert!(stored.database_name.as_str().ends_with("org_gmah_paris"), "{}", stored.database_name);
});

async fn insert(engine: &Engine, organization: &Organization) -> Result<(), StoreError> {
    let mut work = OrganizationStore::begin(&engine.control).await.unwrap();
    work.organizations().insert(organization).await?;
    work.commit().await
}

/// Wants the same slug, and a database name that nobody has.
fn another_paris(engine: &Engine) -> Organization {
    let mut snapshot = engine.new_organization("paris").snapshot().clone();
    snapshot.database_name = DatabaseName::parse("another_name").unwrap();
    Organization::restore(snapshot)
}

on_both_engines!(a_slug_is_given_once, async |engine: Engine| {
    engine.reserved("paris").await;
    let refused = insert(&engine, &another_paris(&engine)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(RULE_ORGANIZATION_SLUG))), "{refused:?}");
});

on_both_engines!(a_slug_in_use_is_found_until_its_organization_is_deleted, async |engine: Engine| {
    let organization = engine.reserved("paris").await;
    let slug = Slug::parse("paris").unwrap();
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    let found = work.organizations().find_by_slug(&slug).await.unwrap().unwrap();
    assert_eq!((found.id, found.name.as_str()), (organization.id(), "Organization paris"));
    drop(work);

    engine.control_sql("UPDATE organizations SET status = 'deleted' WHERE slug = 'paris'").await;

    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    assert_eq!(work.organizations().find_by_slug(&slug).await.unwrap(), None);
    drop(work);
    let refused = insert(&engine, &another_paris(&engine)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(RULE_ORGANIZATION_SLUG))), "{refused:?}");
});

fn renamed(organization: &Organization, database: &str) -> Organization {
    let mut snapshot = organization.snapshot().clone();
    snapshot.database_name = DatabaseName::parse(database).unwrap();
    snapshot.version += 1;
    Organization::restore(snapshot)
}

on_both_engines!(the_second_of_two_changes_of_an_organization_is_stale, async |engine: Engine| {
    let before = engine.reserved("paris").await;
    let mut work = OrganizationStore::begin(&engine.control).await.unwrap();
    work.organizations().update(&renamed(&before, "first")).await.unwrap();

    let second = work.organizations().update(&renamed(&before, "second")).await;
    assert!(matches!(second, Err(StoreError::Stale)), "{second:?}");
    work.commit().await.unwrap();

    assert_eq!(engine.found(before.id()).await, renamed(&before, "first"));
});

on_both_engines!(two_organizations_never_share_a_database_name, async |engine: Engine| {
    let paris = engine.reserved("paris").await;
    let lyon = engine.reserved("lyon").await;
    let taken = paris.database_name().clone();

    let mut work = OrganizationStore::begin(&engine.control).await.unwrap();
    let renaming = work.organizations().update(&renamed(&lyon, taken.as_str())).await;
    assert!(matches!(renaming, Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE))), "{renaming:?}");
    drop(work);

    let new = |slug: &str, database_name: DatabaseName| {
        Organization::reserve(
            NewOrganization {
                id: engine.ids.next(),
                slug: Slug::parse(slug).unwrap(),
                name: "Another".to_owned(),
                database_name,
                plan: Plan::Starter,
                settings: paris.snapshot().settings,
            },
            engine.clock.now(),
        )
    };
    let mut work = OrganizationStore::begin(&engine.control).await.unwrap();
    let inserting = work.organizations().insert(&new("nantes", taken)).await;
    assert!(matches!(inserting, Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE))), "{inserting:?}");
    drop(work);
    let mut work = OrganizationStore::begin(&engine.control).await.unwrap();
    let again = new("lyon", DatabaseName::parse("free").unwrap());
    let inserting = work.organizations().insert(&again).await;
    assert!(matches!(inserting, Err(StoreError::Conflict(RULE_ORGANIZATION_SLUG))), "{inserting:?}");
});

on_both_engines!(a_removed_organization_takes_only_its_own_accounts_along, async |engine: Engine| {
    let older = engine.account("older@example.org").await;
    engine.clock.advance(chrono::TimeDelta::milliseconds(1));
    let (paris, lyon) = (engine.reserved("paris").await, engine.reserved("lyon").await);
    engine.join(older.id(), paris.id(), Role::User).await;
    engine.account_in(paris.id(), "only.here@example.org", Role::Owner).await;
    let elsewhere = engine.account_in(paris.id(), "elsewhere@example.org", Role::User).await;
    engine.join(elsewhere.id(), lyon.id(), Role::User).await;
    let used = engine.account_in(paris.id(), "used@example.org", Role::User).await;
    let admin = engine.account_in(paris.id(), "admin@example.org", Role::User).await;
    let mut promoted = admin.snapshot().clone();
    promoted.is_platform_admin = true;
    promoted.version += 1;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.sessions().insert(&session(&engine, used.id(), None)).await.unwrap();
    work.users().update(&User::restore(promoted)).await.unwrap();
    work.commit().await.unwrap();

    let mut work = OrganizationStore::begin(&engine.control).await.unwrap();
    work.organizations().remove(&paris).await.unwrap();
    work.commit().await.unwrap();

    assert!(
        OrganizationStore::read(&engine.control).await.unwrap().find(paris.id()).await.unwrap().is_none()
    );
    let mut reads = IdentityStore::read(&engine.control).await.unwrap();
    assert!(reads.user_by_email("only.here@example.org").await.unwrap().is_none());
    for kept in ["older@example.org", "elsewhere@example.org", "used@example.org", "admin@example.org"] {
        assert!(reads.user_by_email(kept).await.unwrap().is_some(), "{kept}");
    }
    assert!(reads.organizations_of(used.id()).await.unwrap().is_empty());
    assert_eq!(reads.organizations_of(elsewhere.id()).await.unwrap().len(), 1);
    // The slug is free again.
    engine.reserved("paris").await;
});

on_both_engines!(an_organization_that_changed_or_was_active_is_not_removed, async |engine: Engine| {
    let before = engine.reserved("paris").await;
    let mut failed = before.clone();
    failed.fail("why", engine.clock.now()).unwrap();
    engine.save(&failed).await;
    let tenant = engine.organization().await;
    let active = engine.found(tenant.organization()).await;

    for refused in [&before, &active] {
        let mut work = OrganizationStore::begin(&engine.control).await.unwrap();
        let outcome = work.organizations().remove(refused).await;
        assert!(matches!(outcome, Err(StoreError::Stale)), "{outcome:?}");
    }
    assert_eq!(count(engine.control.connection(), "FROM organizations").await, 2);
    assert_eq!(count(engine.control.connection(), "FROM users").await, 1);
});
