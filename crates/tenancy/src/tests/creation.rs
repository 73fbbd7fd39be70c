use super::{World, address, named, operator, signed_up};
use crate::{
    CreateOrganization, FirstOwner, MemoryDatabases, OperationState, OperationStep, OrganizationStatus,
    Patience, StepOutcome, TenancyError, TenancyService, TenantHints,
};
use chrono::TimeDelta;
use uuid::Uuid;
use vigie_kernel::{IdempotencyKey, OperatorContext, OrganizationId, StoreError, UserId};

fn down() -> StoreError {
    StoreError::Unavailable("connection refused".into())
}

fn codes(error: &TenancyError) -> Vec<(&str, &str)> {
    let TenancyError::Invalid(errors) = error else { panic!("{error:?}") };
    errors.as_slice().iter().map(|error| (error.field.as_str(), error.code)).collect()
}

#[tokio::test]
async fn a_new_organization_becomes_active_step_by_step() {
    let world = World::new();
    let begun = world.begin("GMAH Paris").await;
    let reserved = begun.organization.clone().unwrap();
    assert_eq!(reserved.status(), OrganizationStatus::Provisioning);
    assert_eq!(reserved.database_name().as_str(), "vigie_org_gmah_paris");

    let outcome = world.tenancy.run(begun, Patience::Patient).await.unwrap();

    let active = outcome.organization.unwrap();
    assert_eq!(active.status(), OrganizationStatus::Active);
    assert_eq!(active.snapshot().schema_version, Some(MemoryDatabases::SCHEMA_VERSION));
    assert_eq!(world.tenancy.get(active.id()).await.unwrap(), active);
    assert_eq!(world.databases.names(), ["vigie_org_gmah_paris"]);
    assert_eq!(world.databases.calls(), ["create", "configure", "migrate", "seed", "probe"]);
    let operation = outcome.operation;
    assert_eq!(operation.state(), OperationState::Succeeded);
    let steps: Vec<_> = operation.snapshot().steps.iter().map(|result| result.step).collect();
    assert_eq!(steps, operation.snapshot().kind.steps());
    let mail = operation.result(OperationStep::Mail).unwrap();
    assert_eq!(
        (mail.outcome, mail.note.as_deref()),
        (StepOutcome::Skipped, Some("this version sends no mail"))
    );
    assert_eq!(operation.snapshot().placement.as_deref(), Some("default"));
    assert_eq!((operation.snapshot().holder, operation.snapshot().fence), (None, 1));
    let done: Vec<_> = world.store.audited().iter().map(|entry| entry.action).collect();
    assert_eq!(done, ["organization.reserved", "organization.activated"]);
}

#[tokio::test]
async fn an_owner_without_an_account_gets_a_token_and_one_with_an_account_keeps_it() {
    let world = World::new();
    let begun = world.begin("Paris").await;
    let given = begun.set_password.unwrap();
    assert_eq!(given.token.expose(), "token-1");
    assert_eq!(format!("{given:?}").matches("token-1").count(), 0, "a token must not reach a log");
    assert_eq!(world.store.addresses(), ["paris@example.org"]);

    let owner = FirstOwner::Named { email: "PARIS@example.org".to_owned(), full_name: None };
    let second = CreateOrganization { owner, ..named("Lyon", None) };
    let second = world.tenancy.begin(&operator(), second).await.unwrap();
    assert_eq!((second.owner, second.set_password), (begun.owner, None));
}

#[tokio::test]
async fn who_signs_up_with_a_taken_address_is_told() {
    let world = World::new();
    world.store.put_account(UserId::from(Uuid::from_u128(5)), "jean@example.org");
    let taken = world.tenancy.begin(&operator(), signed_up("Paris", "jean@example.org")).await;
    assert!(matches!(taken, Err(TenancyError::EmailTaken)));
    assert_eq!(world.store.all(), []);
}

#[tokio::test]
async fn a_slug_made_from_the_name_is_made_unique_and_a_given_one_is_taken_or_not() {
    let world = World::new();
    let mut slugs = Vec::new();
    for number in 0..12 {
        let command = signed_up("Démo", &format!("user{number}@example.org"));
        let begun = world.tenancy.begin(&operator(), command).await.unwrap();
        slugs.push(begun.organization.unwrap().snapshot().slug.to_string());
    }
    assert_eq!(slugs[..3], ["demo", "demo-2", "demo-3"]);
    assert_eq!(slugs[8], "demo-9");
    assert!(slugs[9].starts_with("demo-") && slugs[9].len() == 10, "{}", slugs[9]);
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 12);
    let given = world.tenancy.begin(&operator(), named("Other", Some("demo"))).await;
    assert!(matches!(given, Err(TenancyError::SlugTaken)));
}

#[tokio::test]
async fn everything_wrong_is_told_at_once() {
    let world = World::new();
    let command = CreateOrganization {
        domain: Some("localhost".to_owned()),
        owner: FirstOwner::Named { email: "nobody".to_owned(), full_name: Some("x".repeat(121)) },
        ..named(" ", Some("A B"))
    };
    let error = world.tenancy.begin(&operator(), command).await.unwrap_err();
    let told = [
        ("name", "required"),
        ("slug", "slug_invalid"),
        ("domain", "domain_invalid"),
        ("admin_email", "email_invalid"),
        ("admin_full_name", "too_long"),
    ];
    assert_eq!(codes(&error), told);
    let unnamed = CreateOrganization {
        owner: FirstOwner::Named { email: "a@b.fr".to_owned(), full_name: None },
        ..named("日本", None)
    };
    assert_eq!(codes(&world.tenancy.begin(&operator(), unnamed).await.unwrap_err()), [("slug", "required")]);
}

#[tokio::test]
async fn a_domain_names_the_organization_from_then_on() {
    let world = World::new();
    let with_domain = |name: &str, domain: &str| CreateOrganization {
        domain: Some(domain.to_owned()),
        ..named(name, None)
    };
    let begun = world.tenancy.begin(&operator(), with_domain("Paris", "KPI.Paris.example.")).await.unwrap();
    let id = begun.operation.organization();
    world.tenancy.run(begun, Patience::Patient).await.unwrap();
    let hints = TenantHints { host: Some("kpi.paris.example:443".to_owned()), ..TenantHints::default() };
    assert_eq!(world.tenancy.resolve(&hints).await.unwrap().unwrap().id, id);
    let again = world.tenancy.begin(&operator(), with_domain("Lyon", "kpi.paris.example")).await;
    assert!(matches!(again, Err(TenancyError::DomainTaken)));
    for bad in [
        "paris.vigie.example",
        "console.corp.example",
        "vigie.example",
        "a.b.vigie.example",
        "10.0.0.1",
        "x:80",
    ] {
        let refused = world.tenancy.begin(&operator(), with_domain("Nice", bad)).await.unwrap_err();
        assert_eq!(codes(&refused), [("domain", "domain_invalid")], "{bad}");
    }
}

#[tokio::test]
async fn the_same_key_gives_the_same_operation() {
    let world = World::new();
    let keyed = |key: &str, name: &str| CreateOrganization {
        idempotency_key: IdempotencyKey::parse(key),
        ..named(name, None)
    };
    let first = world.tenancy.begin(&operator(), keyed("k-1", "Paris")).await.unwrap();
    let id = first.operation.id();
    let again = world.tenancy.begin(&operator(), keyed("k-1", "Paris")).await.unwrap();
    assert!(again.replayed && again.set_password.is_none());
    assert_eq!(again.operation.id(), id);
    world.tenancy.run(first, Patience::Patient).await.unwrap();
    let told = world.tenancy.run(again, Patience::Patient).await.unwrap();
    assert_eq!(told.operation.id(), id);
    let later = world.tenancy.begin(&operator(), keyed("k-1", "Paris")).await.unwrap();
    assert_eq!(later.operation.state(), OperationState::Succeeded);
    assert_eq!(world.store.all().len(), 1);

    let other = world.tenancy.begin(&operator(), keyed("k-1", "Lyon")).await;
    assert!(matches!(other, Err(TenancyError::KeyReused)));
    let admin = OperatorContext::new(Some(UserId::from(Uuid::from_u128(7))), "r".to_owned());
    world.tenancy.begin(&admin, keyed("k-1", "Lyon")).await.unwrap();
    world.clock.advance(TimeDelta::hours(24));
    let free = world.tenancy.begin(&operator(), keyed("k-1", "Nice")).await.unwrap();
    assert!(!free.replayed, "a key is remembered for a day");
}

#[tokio::test]
async fn a_database_of_somebody_else_is_left_alone() {
    let world = World::new();
    let other = OrganizationId::from(Uuid::from_u128(9));
    world.databases.occupy("vigie_org_paris", other);
    world.databases.occupy("vigie_org_paris_2", other);

    let active = world.create("Paris").await.organization.unwrap();

    assert_eq!(active.database_name().as_str(), "vigie_org_paris_3");
    assert_eq!(world.tenancy.get(active.id()).await.unwrap().database_name(), active.database_name());
    let second = world.begin("Paris 3").await.organization.unwrap();
    assert_eq!(second.database_name().as_str(), "vigie_org_paris_3_2");
}

#[tokio::test]
async fn trouble_that_may_pass_is_tried_again_later_and_later() {
    let world = World::new();
    world.databases.fail_at("seed", down);
    let waiting = world.create("Paris").await;
    let operation = waiting.operation;
    assert_eq!(operation.state(), OperationState::Running);
    assert_eq!(operation.error(), Some("seed: the database is not available: connection refused"));
    assert_eq!(waiting.organization.unwrap().status(), OrganizationStatus::Provisioning);

    assert_eq!(world.tenancy.resume_unfinished().await.unwrap().left, 0, "not before its time");
    world.clock.advance(TimeDelta::seconds(5));
    assert_eq!(world.tenancy.resume_unfinished().await.unwrap().left, 1);
    world.databases.heal();
    world.clock.advance(TimeDelta::seconds(5));
    assert_eq!(world.tenancy.resume_unfinished().await.unwrap().finished, 0, "the pause has doubled");
    world.clock.advance(TimeDelta::seconds(5));
    assert_eq!(world.tenancy.resume_unfinished().await.unwrap().finished, 1);
    let calls = world.databases.calls();
    assert_eq!(calls.iter().filter(|call| **call == "create").count(), 1, "what was done is not done again");
}

#[tokio::test]
async fn after_a_day_it_is_left_to_the_operator_who_retries_or_undoes_it() {
    for undo in [false, true] {
        let world = World::new();
        world.databases.fail_at("migrate", down);
        let id = world.create("Paris").await.operation.id();
        world.clock.advance(TimeDelta::hours(24));
        world.tenancy.resume_unfinished().await.unwrap();
        let failed = world.tenancy.operation(&operator(), id).await.unwrap();
        assert_eq!(failed.operation.state(), OperationState::Failed);
        assert_eq!(failed.organization.unwrap().status(), OrganizationStatus::Failed);
        world.databases.heal();
        if undo {
            let undone = world.tenancy.undo(&operator(), id).await.unwrap();
            assert_eq!(undone.operation.state(), OperationState::Undone);
            world.assert_empty().await;
        } else {
            let done = world.tenancy.retry(&operator(), id).await.unwrap();
            assert_eq!(done.organization.unwrap().status(), OrganizationStatus::Active);
        }
        let ended = world.tenancy.retry(&operator(), id).await;
        assert!(matches!(ended, Err(TenancyError::OperationEnded(_))));
    }
}

#[tokio::test]
async fn what_cannot_be_finished_is_undone_without_a_trace() {
    for effect in ["create", "configure", "migrate", "seed", "probe"] {
        let world = World::new();
        world.databases.fail_at(effect, || StoreError::broken("damaged"));
        let outcome = world.create("Paris").await;
        assert_eq!(outcome.operation.state(), OperationState::Undone, "{effect}");
        assert!(outcome.organization.is_none());
        assert!(outcome.operation.error().unwrap().contains("damaged"));
        world.assert_empty().await;
        world.databases.heal();
        assert_eq!(world.create("Paris").await.operation.state(), OperationState::Succeeded);
    }
}

#[tokio::test]
async fn who_waits_himself_finds_nothing_in_his_way() {
    let world = World::new();
    world.databases.fail_at("probe", down);
    let begun = world.tenancy.begin(&operator(), signed_up("Paris", &address("Paris"))).await.unwrap();
    let outcome = world.tenancy.run(begun, Patience::Impatient).await.unwrap();
    assert_eq!(outcome.operation.state(), OperationState::Undone);
    world.assert_empty().await;
}

#[tokio::test]
async fn an_undo_that_cannot_go_on_is_left_to_the_operator_and_never_goes_forward_again() {
    let world = World::new();
    world.databases.fail_at("migrate", || StoreError::broken("damaged"));
    world.databases.fail_at("drop", || StoreError::broken("permission denied"));
    let id = world.create("Paris").await.operation.id();
    for _ in 0..5 {
        world.clock.advance(TimeDelta::minutes(5));
        world.tenancy.resume_unfinished().await.unwrap();
    }
    let failed = world.tenancy.operation(&operator(), id).await.unwrap().operation;
    assert_eq!(failed.state(), OperationState::Failed);
    world.databases.heal();
    let retried = world.tenancy.retry(&operator(), id).await.unwrap();
    assert_eq!(retried.operation.state(), OperationState::Undone);
    world.assert_empty().await;
}

#[tokio::test]
async fn what_an_earlier_version_left_is_taken_up_after_a_minute() {
    let world = World::new();
    let half = world.given("half-made", OrganizationStatus::Provisioning);
    let owner = UserId::from(Uuid::from_u128(5));
    world.store.put_account(owner, "a@example.org");
    world.store.put_owner(half, owner);
    let bad = world.given("half-undone", OrganizationStatus::Failed);
    assert_eq!(world.tenancy.resume_unfinished().await.unwrap(), crate::ResumeReport::default());
    world.clock.advance(TimeDelta::seconds(61));
    let report = world.tenancy.resume_unfinished().await.unwrap();
    assert_eq!((report.finished, report.discarded, report.left), (1, 1, 0));
    assert_eq!(world.tenancy.get(half).await.unwrap().status(), OrganizationStatus::Active);
    assert!(matches!(world.tenancy.get(bad).await, Err(TenancyError::NotFound)));
}
