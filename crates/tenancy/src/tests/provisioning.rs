use super::{World, named, operator};
use crate::ProvisioningStep::{Create, Drop, Migrate, Probe, Seed};
use crate::{
    MemoryDatabases, OrganizationStatus, ProvisioningStep, ResumeReport, TenancyError, TenancyService,
};
use chrono::TimeDelta;
use uuid::Uuid;
use vigie_kernel::{OrganizationId, StoreError};

const STEPS: [ProvisioningStep; 4] = [Create, Migrate, Seed, Probe];

fn steps(world: &World) -> Vec<ProvisioningStep> {
    world.databases.calls().into_iter().map(|(step, _)| step).collect()
}

fn down() -> StoreError {
    StoreError::Unavailable("connection refused".into())
}

#[tokio::test]
async fn a_new_organization_becomes_active() {
    let world = World::new();
    let reserved = world.tenancy.reserve(&operator(), named("GMAH Paris", None)).await.unwrap();
    assert_eq!(reserved.status(), OrganizationStatus::Provisioning);
    assert_eq!(reserved.database_name().as_str(), "vigie_org_gmah_paris");

    let active = world.tenancy.provision(reserved.id()).await.unwrap();

    assert_eq!(active.status(), OrganizationStatus::Active);
    assert_eq!(active.snapshot().schema_version, Some(MemoryDatabases::SCHEMA_VERSION));
    assert_eq!(steps(&world), STEPS);
    assert_eq!(world.databases.names(), ["vigie_org_gmah_paris"]);
    assert_eq!(world.tenancy.get(reserved.id()).await.unwrap(), active);
    assert_eq!(world.tenancy.provision(reserved.id()).await.unwrap(), active, "a second time does nothing");
    assert_eq!(steps(&world), STEPS);
    let done: Vec<_> = world.store.audited().iter().map(|entry| entry.action).collect();
    assert_eq!(done, ["organization.reserved", "organization.activated"]);
}

#[tokio::test]
async fn wherever_it_stops_the_next_attempt_finishes_it() {
    for step in STEPS {
        let world = World::new();
        let paris = world.given("paris", OrganizationStatus::Provisioning);
        world.databases.fail_at(step, down);
        let failed = world.tenancy.provision(paris).await;
        assert!(matches!(failed, Err(TenancyError::Step { step: failing, .. }) if failing == step));
        assert_eq!(world.tenancy.get(paris).await.unwrap().status(), OrganizationStatus::Provisioning);
        world.databases.heal();
        assert_eq!(world.tenancy.provision(paris).await.unwrap().status(), OrganizationStatus::Active);
        assert_eq!(world.databases.names(), ["vigie_org_paris"]);
    }
}

#[tokio::test]
async fn a_failed_organization_can_be_tried_again() {
    let world = World::new();
    let paris = world.given("paris", OrganizationStatus::Failed);
    assert_eq!(world.tenancy.provision(paris).await.unwrap().status(), OrganizationStatus::Active);
}

#[tokio::test]
async fn what_is_put_away_is_not_provisioned() {
    let world = World::new();
    let paris = world.given("paris", OrganizationStatus::Archived);
    assert!(matches!(world.tenancy.provision(paris).await, Err(TenancyError::Transition { .. })));
    let nobody = OrganizationId::from(Uuid::from_u128(404));
    assert!(matches!(world.tenancy.provision(nobody).await, Err(TenancyError::NotFound)));
    assert_eq!(steps(&world), []);
}

#[tokio::test]
async fn a_database_of_somebody_else_is_left_alone() {
    let world = World::new();
    let other = OrganizationId::from(Uuid::from_u128(9));
    world.databases.occupy("vigie_org_paris", other);
    world.databases.occupy("vigie_org_paris_2", other);
    let paris = world.given("paris", OrganizationStatus::Provisioning);

    let active = world.tenancy.provision(paris).await.unwrap();

    assert_eq!(active.database_name().as_str(), "vigie_org_paris_3");
    assert_eq!(world.tenancy.get(paris).await.unwrap().database_name(), active.database_name());
    assert_eq!(world.databases.names(), ["vigie_org_paris", "vigie_org_paris_2", "vigie_org_paris_3"]);
}

#[tokio::test]
async fn a_reserved_database_name_gets_a_suffix_and_a_taken_slug_is_told() {
    let world = World::new();
    world.tenancy.reserve(&operator(), named("Paris", Some("paris"))).await.unwrap();
    let again = world.tenancy.reserve(&operator(), named("Paris", None)).await;
    assert!(matches!(again, Err(TenancyError::SlugTaken)));
    // `a-b` with a suffix and `a-b-2` want the same database.
    world.databases.occupy("vigie_org_lyon", OrganizationId::from(Uuid::from_u128(9)));
    let lyon = world.given("lyon", OrganizationStatus::Provisioning);
    world.tenancy.provision(lyon).await.unwrap();
    let second = world.tenancy.reserve(&operator(), named("Lyon 2", None)).await.unwrap();
    assert_eq!(second.database_name().as_str(), "vigie_org_lyon_2_2");
}

#[tokio::test]
async fn a_bad_name_and_a_bad_slug_are_told_together() {
    let world = World::new();
    let Err(TenancyError::Invalid(errors)) =
        world.tenancy.reserve(&operator(), named(" ", Some("A B"))).await
    else {
        panic!("accepted");
    };
    let told: Vec<_> = errors.as_slice().iter().map(|error| (error.field.as_str(), error.code)).collect();
    assert_eq!(told, [("name", "required"), ("slug", "slug_invalid")]);
    let Err(TenancyError::Invalid(errors)) = world.tenancy.reserve(&operator(), named("日本", None)).await
    else {
        panic!("accepted");
    };
    assert_eq!((errors.as_slice()[0].field.as_str(), errors.as_slice()[0].code), ("slug", "required"));
}

#[tokio::test]
async fn what_was_never_active_can_be_removed_without_a_trace() {
    for status in [OrganizationStatus::Provisioning, OrganizationStatus::Failed] {
        let world = World::new();
        let paris = world.given("paris", status);
        world.databases.occupy("vigie_org_paris", paris);
        world.tenancy.discard(paris).await.unwrap();
        assert_eq!(world.databases.names(), [""; 0]);
        assert!(matches!(world.tenancy.get(paris).await, Err(TenancyError::NotFound)));
        world.tenancy.reserve(&operator(), named("Paris", None)).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_active_is_never_discarded() {
    for status in OrganizationStatus::ALL {
        if matches!(status, OrganizationStatus::Provisioning | OrganizationStatus::Failed) {
            continue;
        }
        let world = World::new();
        let paris = world.given("paris", status);
        world.databases.occupy("vigie_org_paris", paris);
        assert!(
            matches!(world.tenancy.discard(paris).await, Err(TenancyError::Transition { .. })),
            "{status:?}"
        );
        assert_eq!(world.databases.names(), ["vigie_org_paris"]);
        assert_eq!(steps(&world), []);
    }
}

#[tokio::test]
async fn an_interrupted_undo_goes_on_and_nothing_else() {
    let world = World::new();
    let paris = world.given("paris", OrganizationStatus::Provisioning);
    world.databases.fail_at(Drop, down);
    world.tenancy.discard(paris).await.unwrap_err();
    let refused = world.tenancy.provision(paris).await;
    assert!(matches!(refused, Err(TenancyError::Transition { .. })), "it is being undone");
    world.databases.heal();
    world.clock.advance(TimeDelta::seconds(61));
    let report = world.tenancy.resume_unfinished().await.unwrap();
    assert_eq!(report, ResumeReport { discarded: 1, ..ResumeReport::default() });
    assert!(matches!(world.tenancy.get(paris).await, Err(TenancyError::NotFound)));
}

#[tokio::test]
async fn at_start_what_stood_still_for_a_minute_is_finished() {
    let world = World::new();
    let old = world.given("old-one", OrganizationStatus::Provisioning);
    let failed = world.given("bad-one", OrganizationStatus::Failed);
    world.clock.advance(TimeDelta::seconds(61));
    let fresh = world.given("new-one", OrganizationStatus::Provisioning);

    let report = world.tenancy.resume_unfinished().await.unwrap();

    assert_eq!(report, ResumeReport { finished: 1, ..ResumeReport::default() });
    let status = async |id| world.tenancy.get(id).await.unwrap().status();
    assert_eq!(status(old).await, OrganizationStatus::Active);
    assert_eq!(status(fresh).await, OrganizationStatus::Provisioning, "somebody may be at it");
    assert_eq!(status(failed).await, OrganizationStatus::Failed, "the operator decides");
}

#[tokio::test]
async fn at_start_a_server_that_is_down_costs_nobody_his_organization() {
    let world = World::new();
    let paris = world.given("paris", OrganizationStatus::Provisioning);
    world.clock.advance(TimeDelta::seconds(61));
    world.databases.fail_at(Create, down);
    let report = world.tenancy.resume_unfinished().await.unwrap();
    assert_eq!(report, ResumeReport { left: 1, ..ResumeReport::default() });
    assert_eq!(world.tenancy.get(paris).await.unwrap().status(), OrganizationStatus::Provisioning);
}

#[tokio::test]
async fn at_start_what_cannot_be_finished_is_discarded() {
    let world = World::new();
    let paris = world.given("paris", OrganizationStatus::Provisioning);
    world.clock.advance(TimeDelta::seconds(61));
    world.databases.fail_at(Migrate, || StoreError::broken("damaged"));
    let report = world.tenancy.resume_unfinished().await.unwrap();
    assert_eq!(report, ResumeReport { discarded: 1, ..ResumeReport::default() });
    assert!(matches!(world.tenancy.get(paris).await, Err(TenancyError::NotFound)));
    assert_eq!(world.databases.names(), [""; 0]);
}
