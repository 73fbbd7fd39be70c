//! Creating organizations: operations with leases and fences, and what they make on a real server.

use crate::common::{Engine, count};
use crate::on_both_engines;
use chrono::TimeDelta;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use vigie_auth::IdentityStore;
use vigie_kernel::{
    Clock, EmailAddress, IdempotencyKey, OperatorContext, OrganizationSettings, PageRequest, StoreError,
};
use vigie_tenancy::{
    CreateOrganization, FirstOwner, ListOperations, ListOrganizations, OPERATION_LEASE, OperationState,
    OperationStep, Organization, OrganizationOrder, OrganizationStatus, OrganizationStore, Patience, Plan,
    Redacted, StepOutcome, Tenancy, TenancyError, TenancyService, TenantDatabases,
};

fn operator() -> OperatorContext {
    OperatorContext::new(None, "test".to_owned())
}

fn named(slug: &str) -> CreateOrganization {
    CreateOrganization {
        name: format!("Organization {slug}"),
        slug: Some(slug.to_owned()),
        domain: None,
        plan: Plan::Starter,
        settings: OrganizationSettings::default(),
        owner: FirstOwner::Named { email: format!("owner@{slug}.example"), full_name: None },
        idempotency_key: None,
    }
}

async fn create(tenancy: &Tenancy, command: CreateOrganization) -> Result<OperationState, TenancyError> {
    let begun = tenancy.begin(&operator(), command).await?;
    Ok(tenancy.run(begun, Patience::Patient).await?.operation.state())
}

async fn nothing_to_find(tenancy: &Tenancy) {
    let found = tenancy.examine(&operator()).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
}

on_both_engines!(an_organization_is_created_with_its_database_and_owner, async |engine: Engine| {
    let tenancy = engine.tenancy();
    let command = CreateOrganization { domain: Some("kpi.paris.example".to_owned()), ..named("paris") };
    let begun = tenancy.begin(&operator(), command).await.unwrap();
    assert!(begun.set_password.is_some());
    let outcome = tenancy.run(begun, Patience::Patient).await.unwrap();

    let organization = outcome.organization.unwrap();
    assert_eq!(organization.status(), OrganizationStatus::Active);
    assert_eq!(outcome.operation.state(), OperationState::Succeeded);
    let read = tenancy.operation(&operator(), outcome.operation.id()).await.unwrap();
    assert_eq!(read.operation, outcome.operation, "what was stored is what was done");
    assert_eq!(read.organization.unwrap(), engine.found(organization.id()).await);
    let mail = read.operation.result(OperationStep::Mail).unwrap();
    assert_eq!(mail.outcome, StepOutcome::Skipped);

    let database = engine.raw(organization.id()).await;
    assert_eq!(count(&database, "FROM members WHERE role = 'OWNER' AND is_active").await, 1);
    drop(database);
    let mut reads = OrganizationStore::read(&engine.control).await.unwrap();
    assert_eq!(
        reads.domains(&[organization.id()]).await.unwrap(),
        [(organization.id(), "kpi.paris.example".to_owned())]
    );
    let mut reads = IdentityStore::read(&engine.control).await.unwrap();
    let owner = reads.user_by_email("owner@paris.example").await.unwrap().unwrap();
    assert_eq!(owner.snapshot().password_hash.as_phc(), "!");
    assert_eq!(count(engine.control.connection(), "FROM one_time_tokens WHERE used_at IS NULL").await, 1);
    nothing_to_find(&tenancy).await;
});

on_both_engines!(fifty_creations_at_once_are_all_active, async |engine: Engine| {
    let tenancy = Arc::new(engine.tenancy());
    let mut creations = JoinSet::new();
    for number in 0..50 {
        let tenancy = Arc::clone(&tenancy);
        creations.spawn(async move { create(&tenancy, named(&format!("org-{number}"))).await });
    }
    while let Some(created) = creations.join_next().await {
        assert_eq!(created.unwrap().unwrap(), OperationState::Succeeded);
    }
    assert_eq!(count(engine.control.connection(), "FROM organizations WHERE status = 'active'").await, 50);
});

on_both_engines!(whoever_dies_in_the_middle_leaves_an_organization_active_or_gone, async |engine: Engine| {
    let first = Arc::new(engine.tenancy());
    assert_eq!(create(&first, named("first-one")).await.unwrap(), OperationState::Succeeded);
    for number in 0..16_u64 {
        let tenancy = Arc::new(engine.tenancy());
        let slug = format!("org-{number}");
        let creation = tokio::spawn(async move { create(&tenancy, named(&slug)).await });
        // Wherever it is by then; a task that is aborted is a process that dies.
        tokio::time::sleep(Duration::from_millis(number * 4)).await;
        creation.abort();
        let _ = creation.await;
    }
    for _ in 0..3 {
        engine.clock.advance(TimeDelta::minutes(6));
        engine.tenancy().resume_unfinished().await.unwrap();
    }
    let open = "FROM operations WHERE state NOT IN ('succeeded', 'undone')";
    assert_eq!(count(engine.control.connection(), open).await, 0);
    assert_eq!(count(engine.control.connection(), "FROM organizations WHERE status <> 'active'").await, 0);
    nothing_to_find(&first).await;
});

on_both_engines!(what_cannot_be_finished_leaves_nothing, async |engine: Engine| {
    let tenancy = engine.tenancy();
    let begun = tenancy.begin(&operator(), named("paris")).await.unwrap();
    let organization = begun.organization.clone().unwrap();
    engine.databases.create(&organization).await.unwrap();
    engine.control_sql("UPDATE memberships SET is_active = FALSE").await;

    let outcome = tenancy.run(begun, Patience::Patient).await.unwrap();

    assert_eq!(outcome.operation.state(), OperationState::Undone);
    assert_eq!(outcome.operation.error(), Some("owner: the store is broken: nobody owns the organization"));
    assert!(!engine.database_exists(organization.database_name().as_str()).await);
    for table in ["organizations", "users", "memberships", "one_time_tokens", "organization_domains"] {
        assert_eq!(count(engine.control.connection(), &format!("FROM {table}")).await, 0, "{table}");
    }
    nothing_to_find(&tenancy).await;
    assert_eq!(create(&tenancy, named("paris")).await.unwrap(), OperationState::Succeeded);
});

on_both_engines!(one_holder_at_a_time_and_only_his_writes_count, async |engine: Engine| {
    let tenancy = engine.tenancy();
    let held = tenancy.begin(&operator(), named("paris")).await.unwrap().operation;
    let (now, other) = (engine.clock.now(), engine.ids.next_uuid());
    assert!(engine.control.take_operation(held.id(), other, now, true).await.unwrap().is_none());

    let later = now + OPERATION_LEASE;
    let mut takers = JoinSet::new();
    for _ in 0..8 {
        let (control, holder, id) = (engine.control.clone(), engine.ids.next_uuid(), held.id());
        takers.spawn(async move { control.take_operation(id, holder, later, false).await.unwrap() });
    }
    let mut taken = Vec::new();
    while let Some(taker) = takers.join_next().await {
        taken.extend(taker.unwrap());
    }
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].snapshot().fence, taken[0].snapshot().attempt), (2, 2));
    let late = engine.control.record(&held).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    let late = engine.control.prolong(&held, later).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    engine.control.prolong(&taken[0], later + OPERATION_LEASE).await.unwrap();
    engine.control.record(&taken[0]).await.unwrap();
});

on_both_engines!(twenty_requests_with_one_key_make_one_organization, async |engine: Engine| {
    let tenancy = Arc::new(engine.tenancy());
    let keyed =
        |slug: &str| CreateOrganization { idempotency_key: IdempotencyKey::parse("k-1"), ..named(slug) };
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let (tenancy, command) = (Arc::clone(&tenancy), keyed("paris"));
        requests.spawn(async move { tenancy.begin(&operator(), command).await.unwrap() });
    }
    let mut operations = Vec::new();
    let mut firsts = 0;
    while let Some(request) = requests.join_next().await {
        let begun = request.unwrap();
        firsts += u32::from(!begun.replayed);
        operations.push(begun.operation.id());
    }
    operations.dedup();
    assert_eq!((operations.len(), firsts), (1, 1));
    let other = tenancy.begin(&operator(), keyed("lyon")).await;
    assert!(matches!(other, Err(TenancyError::KeyReused)));
    engine.clock.advance(TimeDelta::hours(25));
    assert!(!tenancy.begin(&operator(), keyed("lyon")).await.unwrap().replayed);
});

on_both_engines!(taken_names_are_told, async |engine: Engine| {
    let tenancy = engine.tenancy();
    let domain = Some("kpi.example.org".to_owned());
    let first = CreateOrganization { domain: domain.clone(), ..named("paris") };
    tenancy.begin(&operator(), first).await.unwrap();
    let slug = tenancy.begin(&operator(), named("paris")).await;
    assert!(matches!(slug, Err(TenancyError::SlugTaken)));
    let domain = tenancy.begin(&operator(), CreateOrganization { domain, ..named("lyon") }).await;
    assert!(matches!(domain, Err(TenancyError::DomainTaken)));
    let owner = FirstOwner::SignedUp {
        email: EmailAddress::parse("Owner@Paris.example").unwrap(),
        full_name: "Jean".to_owned(),
        password_hash: Redacted::new("hash"),
        locale: None,
    };
    let address = tenancy.begin(&operator(), CreateOrganization { owner, ..named("nice") }).await;
    assert!(matches!(address, Err(TenancyError::EmailTaken)));
    assert_eq!(count(engine.control.connection(), "FROM organizations").await, 1);
    assert_eq!(count(engine.control.connection(), "FROM operations").await, 1);
});

on_both_engines!(organizations_and_operations_are_listed, async |engine: Engine| {
    let tenancy = engine.tenancy();
    for slug in ["lyon", "paris", "nice"] {
        assert_eq!(create(&tenancy, named(slug)).await.unwrap(), OperationState::Succeeded);
        engine.clock.advance(TimeDelta::seconds(1));
    }
    let list = async |filter: ListOrganizations, limit: u16| {
        let mut slugs = Vec::new();
        let mut page = PageRequest { limit, after: None };
        loop {
            let found = tenancy.list(&operator(), &filter, &page).await.unwrap();
            slugs.extend(found.items.iter().map(|one| one.snapshot().slug.to_string()));
            page.after = found.next;
            if page.after.is_none() {
                return slugs;
            }
        }
    };
    let newest = ListOrganizations { order: OrganizationOrder::Newest, ..ListOrganizations::default() };
    assert_eq!(list(newest, 2).await, ["nice", "paris", "lyon"]);
    let search =
        |text: &str| ListOrganizations { search: Some(text.to_owned()), ..ListOrganizations::default() };
    assert_eq!(list(search("NI"), 10).await, ["lyon", "nice", "paris"], "it is in every name");
    assert_eq!(list(search("Organization P"), 10).await, ["paris"]);
    assert_eq!(list(search("%"), 10).await, [""; 0]);
    assert_eq!(list(search("_"), 10).await, [""; 0]);
    let enterprise = ListOrganizations { plan: Some(Plan::Enterprise), ..ListOrganizations::default() };
    assert_eq!(list(enterprise, 10).await, [""; 0]);

    let page = PageRequest { limit: 2, after: None };
    let first = tenancy.operations(&operator(), &ListOperations::default(), &page).await.unwrap();
    let rest = PageRequest { limit: 2, after: first.next.clone() };
    let rest = tenancy.operations(&operator(), &ListOperations::default(), &rest).await.unwrap();
    let slugs: Vec<_> =
        first.items.iter().chain(&rest.items).map(|one| one.snapshot().slug.to_string()).collect();
    assert_eq!(slugs, ["nice", "paris", "lyon"]);
});

/// A database whose organization is not there.
async fn orphan(engine: &Engine, slug: &str) -> Organization {
    let organization = engine.reserved(slug).await;
    engine.databases.create(&organization).await.unwrap();
    engine.control_sql(&format!("DELETE FROM organizations WHERE slug = '{slug}'")).await;
    organization
}

on_both_engines!(the_doctor_finds_and_removes_what_belongs_to_nobody, async |engine: Engine| {
    let tenancy = engine.tenancy();
    create(&tenancy, named("paris")).await.unwrap();
    let gone = orphan(&engine, "gone").await;
    let found = tenancy.examine(&operator()).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].kind(), found[0].subject().as_str()),
        ("orphan_database", gone.database_name().as_str())
    );
    tenancy.repair(&operator(), &found[0]).await.unwrap();
    assert!(!engine.database_exists(gone.database_name().as_str()).await);
    nothing_to_find(&tenancy).await;

    let paris =
        tenancy.list(&operator(), &ListOrganizations::default(), &PageRequest::default()).await.unwrap();
    let paris = paris.items[0].clone();
    let database = engine.raw(paris.id()).await;
    let promote = "UPDATE members SET role = 'USER'";
    sea_orm::ConnectionTrait::execute_unprepared(&database, promote).await.unwrap();
    drop(database);
    let found = tenancy.examine(&operator()).await.unwrap();
    assert_eq!(found[0].kind(), "members_out_of_step", "{found:?}");
    tenancy.repair(&operator(), &found[0]).await.unwrap();
    nothing_to_find(&tenancy).await;

    engine.databases.drop_database(&paris).await.unwrap();
    assert_eq!(tenancy.examine(&operator()).await.unwrap()[0].kind(), "missing_database");
});

on_both_engines!(another_installation_on_the_same_server_is_left_alone, async |engine: Engine| {
    let tenancy = engine.tenancy();
    orphan(&engine, "theirs").await;
    assert_eq!(tenancy.examine(&operator()).await.unwrap().len(), 1);
    let other = engine.other_installation().await;
    assert!(other.inventory(&engine.prefix()).await.unwrap().is_empty());
});

/// The tenancy tests prove it for every point; here a real server says it once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_set_on_the_database_itself() {
    let engine = Engine::postgres().await;
    let tenancy = engine.tenancy();
    assert_eq!(create(&tenancy, named("paris")).await.unwrap(), OperationState::Succeeded);
    let page = PageRequest::default();
    let paris =
        tenancy.list(&operator(), &ListOrganizations::default(), &page).await.unwrap().items[0].clone();
    let database = engine.raw(paris.id()).await;
    let name = paris.database_name().as_str();
    assert_eq!(
        count(&database, &format!("FROM pg_database WHERE datname = '{name}' AND datconnlimit = 32")).await,
        1
    );
    let set = "FROM pg_settings WHERE (name, setting) IN (('statement_timeout', '60000'), ('lock_timeout', '10000'), \
               ('idle_in_transaction_session_timeout', '60000'))";
    assert_eq!(count(&database, set).await, 3);
}
