use super::{World, operator};
use crate::{
    FileSpaces, Finding, OperationState, OrganizationStatus, Patience, TenancyError, TenancyService,
};
use chrono::TimeDelta;
use uuid::Uuid;
use vigie_kernel::{OrganizationId, StoreError};

async fn kinds(world: &World) -> Vec<&'static str> {
    world.tenancy.examine(&operator()).await.unwrap().iter().map(Finding::kind).collect()
}

async fn repair_all(world: &World) {
    for finding in world.tenancy.examine(&operator()).await.unwrap() {
        if finding.is_repairable() {
            world.tenancy.repair(&operator(), &finding).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_healthy_installation_has_nothing() {
    let world = World::new();
    world.create("Paris").await;
    let begun = world.begin("Lyon").await;
    assert_eq!(kinds(&world).await, [""; 0], "one that is being made is no finding");
    world.tenancy.run(begun, Patience::Patient).await.unwrap();
    assert_eq!(kinds(&world).await, [""; 0]);
}

#[tokio::test]
async fn what_belongs_to_nobody_is_found_both_ways_and_removed() {
    let world = World::new();
    world.create("Paris").await;
    let gone = OrganizationId::from(Uuid::from_u128(404));
    world.databases.occupy("vigie_org_gone", gone);
    world.databases.occupy("another_product", gone);
    world.outside.files.prepare(gone).await.unwrap();
    let lost = world.given("lost-one", OrganizationStatus::Active);

    let findings = world.tenancy.examine(&operator()).await.unwrap();
    let told: Vec<_> =
        findings.iter().map(|one| (one.kind(), one.subject(), one.destroys(), one.is_repairable())).collect();
    assert_eq!(
        told,
        [
            ("orphan_database", "vigie_org_gone".to_owned(), true, true),
            ("orphan_files", gone.to_string(), true, true),
            ("missing_database", "lost-one".to_owned(), false, false),
        ]
    );
    let refused = world.tenancy.repair(&operator(), &findings[2]).await;
    assert!(matches!(refused, Err(TenancyError::NotRepairable(_))));

    repair_all(&world).await;
    assert_eq!(kinds(&world).await, ["missing_database"]);
    assert_eq!(world.databases.names(), ["another_product", "vigie_org_paris"]);
    assert!(world.tenancy.get(lost).await.is_ok());
}

#[tokio::test]
async fn an_orphan_that_has_an_owner_by_now_is_left_alone() {
    let world = World::new();
    let paris = super::organization("paris", chrono::DateTime::UNIX_EPOCH).id();
    world.databases.occupy("vigie_org_paris", paris);
    let findings = world.tenancy.examine(&operator()).await.unwrap();
    assert_eq!(findings[0].kind(), "orphan_database");
    world.given("paris", OrganizationStatus::Active);
    let refused = world.tenancy.repair(&operator(), &findings[0]).await;
    assert!(matches!(refused, Err(TenancyError::NotRepairable(_))));
    assert_eq!(world.databases.names(), ["vigie_org_paris"]);
}

#[tokio::test]
async fn what_is_stuck_or_unattended_is_found_and_ends() {
    let world = World::new();
    world.databases.fail_at("migrate", || StoreError::Unavailable("down".into()));
    let stuck = world.create("Paris").await.operation.id();
    let alone = world.given("half-made", OrganizationStatus::Failed);
    assert_eq!(kinds(&world).await, ["unattended_organization"]);
    world.clock.advance(TimeDelta::minutes(6));
    assert_eq!(kinds(&world).await, ["unattended_organization", "stuck_operation"]);
    world.databases.heal();

    repair_all(&world).await;

    assert_eq!(kinds(&world).await, [""; 0]);
    let ended = world.tenancy.operation(&operator(), stuck).await.unwrap().operation;
    assert_eq!(ended.state(), OperationState::Succeeded);
    assert!(matches!(world.tenancy.get(alone).await, Err(TenancyError::NotFound)));
}

#[tokio::test]
async fn members_out_of_step_are_written_again() {
    let world = World::new();
    let paris = world.create("Paris").await.organization.unwrap().id();
    world.databases.lose_step(paris);
    assert_eq!(kinds(&world).await, ["members_out_of_step"]);
    repair_all(&world).await;
    assert_eq!(kinds(&world).await, [""; 0]);
    let last = world.store.audited().pop().unwrap();
    assert_eq!(
        (last.action, last.details["finding"].as_str()),
        ("organization.repaired", Some("members_out_of_step"))
    );
}
