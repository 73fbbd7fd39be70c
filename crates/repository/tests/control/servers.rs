//! Several servers: what operators do with them, and where organizations go.

use crate::common::Engine;
use crate::on_both_engines;
use sea_orm::{FromQueryResult, Statement};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;
use vigie_auth::{IdentityStore, SecretText};
use vigie_kernel::{OperatorContext, StoreError};
use vigie_kpis::KpiStore;
use vigie_repository::{
    DEFAULT_SERVER, NewServer, ServerAddress, ServerChange, ServerError, ServerRecord, ServerState,
};
use vigie_tenancy::{NO_SERVER, OrganizationStore, PlacementPort, TenantDatabases};

fn operator() -> OperatorContext {
    OperatorContext::new(None, "test".to_owned())
}

fn server(name: &str, address: impl Into<String>) -> NewServer {
    NewServer {
        name: name.to_owned(),
        address: ServerAddress::Sealed(SecretText::new(address)),
        weight: 100,
        max_databases: None,
        connection_budget: None,
        state: ServerState::Accept,
    }
}

/// The engine with a second server, named `second`.
async fn with_second(engine: &Engine, change: impl FnOnce(&mut NewServer)) -> ServerRecord {
    let mut new = server("second", engine.second_server());
    change(&mut new);
    engine.servers.add(&operator(), new, true).await.unwrap()
}

async fn set(engine: &Engine, name: &str, change: ServerChange) -> ServerRecord {
    engine.servers.set(&operator(), name, change, true).await.unwrap()
}

async fn state(engine: &Engine, name: &str, state: ServerState) {
    set(engine, name, ServerChange { state: Some(state), ..ServerChange::default() }).await;
}

/// Databases by server.
async fn databases(engine: &Engine) -> BTreeMap<String, i32> {
    let servers = engine.servers.list().await.unwrap();
    servers.into_iter().map(|server| (server.name, server.databases)).collect()
}

fn counted<const N: usize>(counts: [(&str, i32); N]) -> BTreeMap<String, i32> {
    counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

on_both_engines!(the_configured_server_is_there_and_takes_every_organization, async |engine: Engine| {
    engine.organization().await;
    let servers = engine.servers.list().await.unwrap();
    let [default] = &servers[..] else { panic!("{servers:?}") };
    assert_eq!((default.name.as_str(), default.address.as_str()), (DEFAULT_SERVER, "configuration"));
    assert_eq!((default.state, default.databases), (ServerState::Accept, 1));
});

on_both_engines!(organizations_of_before_are_on_the_configured_server, async |engine: Engine| {
    let tenant = engine.organization().await;
    engine.control_sql("UPDATE organizations SET server_id = NULL").await;
    engine.control_sql("DELETE FROM db_servers").await;
    KpiStore::read(&engine.tenants, &tenant).await.unwrap();

    engine.servers.adopt().await.unwrap();
    engine.servers.adopt().await.unwrap();

    assert_eq!(databases(&engine).await, counted([(DEFAULT_SERVER, 1)]));
    KpiStore::read(&engine.tenants, &tenant).await.unwrap();
});

on_both_engines!(fifty_placements_at_once_spread_by_weight, async |engine: Engine| {
    with_second(&engine, |server| server.weight = 400).await;
    let mut placing = JoinSet::new();
    for number in 0..50 {
        let organization = engine.reserved(&format!("paris-{number}")).await;
        let servers = Arc::clone(&engine.servers);
        placing.spawn(async move {
            let first = servers.place(organization.id()).await.unwrap();
            // Asked again, it stays where it is.
            assert_eq!(servers.place(organization.id()).await.unwrap(), first);
        });
    }
    while let Some(placed) = placing.join_next().await {
        placed.unwrap();
    }
    assert_eq!(databases(&engine).await, counted([(DEFAULT_SERVER, 10), ("second", 40)]));
});

on_both_engines!(no_server_gets_more_than_its_maximum, async |engine: Engine| {
    with_second(&engine, |server| (server.weight, server.max_databases) = (1000, Some(3))).await;
    set(&engine, DEFAULT_SERVER, ServerChange { max_databases: Some(Some(2)), ..ServerChange::default() })
        .await;
    let mut placing = JoinSet::new();
    for number in 0..20 {
        let organization = engine.reserved(&format!("paris-{number}")).await;
        let servers = Arc::clone(&engine.servers);
        placing.spawn(async move { servers.place(organization.id()).await });
    }
    let mut refused = 0;
    while let Some(placed) = placing.join_next().await {
        match placed.unwrap() {
            Ok(_) => {}
            Err(StoreError::TenantUnavailable(NO_SERVER)) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(refused, 15);
    assert_eq!(databases(&engine).await, counted([(DEFAULT_SERVER, 2), ("second", 3)]));
});

on_both_engines!(a_draining_server_serves_what_it_has_and_gets_nothing_new, async |engine: Engine| {
    with_second(&engine, |_| {}).await;
    state(&engine, DEFAULT_SERVER, ServerState::Drain).await;
    let on_second = engine.organization().await;
    state(&engine, DEFAULT_SERVER, ServerState::Accept).await;
    state(&engine, "second", ServerState::Drain).await;
    engine.organization().await;
    engine.organization().await;

    assert_eq!(databases(&engine).await, counted([(DEFAULT_SERVER, 2), ("second", 1)]));
    let name = engine.found(on_second.organization()).await.database_name().to_string();
    assert!(!engine.database_exists(&name).await, "it is on the second server alone");
    let mut reads = KpiStore::read(&engine.fresh_tenants(), &on_second).await.unwrap();
    reads.dashboard(engine.ids.next()).await.unwrap();
});

on_both_engines!(a_server_that_the_operator_takes_down_answers_at_once, async |engine: Engine| {
    with_second(&engine, |_| {}).await;
    state(&engine, DEFAULT_SERVER, ServerState::Drain).await;
    let on_second = engine.organization().await;
    state(&engine, DEFAULT_SERVER, ServerState::Accept).await;
    let on_first = engine.organization().await;

    state(&engine, "second", ServerState::Down).await;
    let refused = KpiStore::read(&engine.tenants, &on_second).await.map(|_| ());
    assert!(matches!(refused, Err(StoreError::TenantUnavailable("server_down"))), "{refused:?}");
    KpiStore::read(&engine.tenants, &on_first).await.unwrap();

    state(&engine, "second", ServerState::Accept).await;
    KpiStore::read(&engine.tenants, &on_second).await.unwrap();
});

on_both_engines!(what_is_gone_gives_its_place_back, async |engine: Engine| {
    let discarded = engine.reserved("discarded").await;
    engine.databases.create(&discarded).await.unwrap();
    assert_eq!(databases(&engine).await, counted([(DEFAULT_SERVER, 1)]));
    engine.databases.drop_database(&discarded).await.unwrap();
    let mut work = OrganizationStore::begin(&engine.control).await.unwrap();
    work.organizations().remove(&discarded).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(databases(&engine).await, counted([(DEFAULT_SERVER, 0)]));

    let deleted = engine.organization().await;
    for _ in 0..2 {
        engine.servers.release(deleted.organization()).await.unwrap();
        assert_eq!(databases(&engine).await, counted([(DEFAULT_SERVER, 0)]));
    }
});

#[derive(FromQueryResult)]
struct AddressRow {
    address: Option<String>,
}

on_both_engines!(no_address_lies_open_in_the_control_database, async |engine: Engine| {
    let address = engine.second_server();
    let added = with_second(&engine, |_| {}).await;
    assert_eq!(added.address, "sealed");

    let select = Statement::from_string(
        engine.control.connection().get_database_backend(),
        "SELECT address FROM db_servers ORDER BY name",
    );
    let rows = AddressRow::find_by_statement(select).all(engine.control.connection()).await.unwrap();
    assert_eq!(rows[0].address, None);
    let sealed = rows[1].address.clone().unwrap();
    assert!(!sealed.contains(&address));
    let listed = format!("{:?}", engine.servers.list().await.unwrap());
    let secret = url::Url::parse(&address).unwrap().password().unwrap_or("no password").to_owned();
    assert!(!listed.contains(&secret), "{listed}");

    // Copied to another server's row, it opens nothing.
    engine.control_sql("UPDATE db_servers SET address_kind = 'sealed', address = (SELECT address FROM db_servers WHERE name = 'second') WHERE name = 'default'").await;
    let listed = engine.servers.list().await.unwrap();
    assert_eq!((listed[0].location.is_none(), listed[1].location.is_some()), (true, true));
});

on_both_engines!(an_address_may_be_in_a_file, async |engine: Engine| {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("address");
    std::fs::write(&file, format!("{}\n", engine.second_server())).unwrap();
    let path = file.display().to_string();
    let added = with_second(&engine, |new| new.address = ServerAddress::File(path.clone())).await;
    assert_eq!(added.address, format!("file:{path}"));

    // Gone, its organizations get 503, and the others do not notice.
    state(&engine, DEFAULT_SERVER, ServerState::Drain).await;
    let on_second = engine.organization().await;
    state(&engine, DEFAULT_SERVER, ServerState::Accept).await;
    let on_first = engine.organization().await;
    std::fs::remove_file(&file).unwrap();
    engine.servers.refresh().await.unwrap();
    let refused = KpiStore::read(&engine.fresh_tenants(), &on_second).await.map(|_| ());
    assert!(matches!(refused, Err(StoreError::TenantUnavailable("server_down"))), "{refused:?}");
    KpiStore::read(&engine.fresh_tenants(), &on_first).await.unwrap();
});

on_both_engines!(what_makes_no_server_is_refused, async |engine: Engine| {
    let second = engine.second_server();
    let add = async |new: NewServer| engine.servers.add(&operator(), new, true).await;
    for (name, weight, connections) in
        [("", 1, None), ("Paris 2", 1, None), ("b", 0, None), ("b", 1001, None), ("b", 1, Some(7))]
    {
        let new = NewServer { weight, connection_budget: connections, ..server(name, &second) };
        assert!(matches!(add(new).await, Err(ServerError::Invalid { .. })), "{name} {weight}");
    }
    let refused = add(server("b", "mysql://db.example/x")).await;
    assert!(matches!(refused, Err(ServerError::Address(_))), "{refused:?}");
    let refused = add(server("b", "postgres://ada:s3cret@127.0.0.1:1/postgres")).await.unwrap_err();
    assert!(
        matches!(refused, ServerError::Check(_)) && !format!("{refused:?}").contains("s3cret"),
        "{refused:?}"
    );
    let elsewhere =
        NewServer { address: ServerAddress::Variable("VIGIE_NOT_SET".to_owned()), ..server("b", "") };
    assert!(matches!(add(elsewhere).await, Err(ServerError::Unresolved(_))));
    assert!(matches!(add(server(DEFAULT_SERVER, &second)).await, Err(ServerError::Configured)));

    with_second(&engine, |_| {}).await;
    assert!(
        matches!(add(server("third", &second)).await, Err(ServerError::SameServer(name)) if name == "second")
    );
    let nobody = engine.servers.set(&operator(), "nobody", ServerChange::default(), true).await;
    assert!(matches!(nobody, Err(ServerError::NotFound)), "{nobody:?}");
    let moved = ServerChange {
        address: Some(ServerAddress::Sealed(SecretText::new(second.clone()))),
        ..ServerChange::default()
    };
    let refused = engine.servers.set(&operator(), DEFAULT_SERVER, moved, true).await;
    assert!(matches!(refused, Err(ServerError::Configured)), "{refused:?}");
});

on_both_engines!(what_operators_do_is_on_record, async |engine: Engine| {
    with_second(&engine, |_| {}).await;
    state(&engine, "second", ServerState::Drain).await;
    let actions = "FROM platform_audit WHERE subject_kind = 'db_server' AND action IN ('server.added', 'server.changed')";
    assert_eq!(crate::common::count(engine.control.connection(), actions).await, 2);
});

/// The control database and the first server are SQLite; the second server is PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engines_can_be_mixed() {
    let engine = Engine::sqlite().await;
    let address = engine.second_postgres().to_string();
    engine.servers.add(&operator(), server("postgres", address), true).await.unwrap();
    let on_sqlite = {
        state(&engine, "postgres", ServerState::Drain).await;
        engine.organization().await
    };
    state(&engine, "postgres", ServerState::Accept).await;
    state(&engine, DEFAULT_SERVER, ServerState::Drain).await;
    let on_postgres = engine.organization().await;

    for tenant in [&on_sqlite, &on_postgres] {
        let dashboard = crate::registry::dashboard(&engine, tenant);
        let mut work = KpiStore::begin(&engine.tenants, tenant).await.unwrap();
        work.dashboards().insert(&dashboard).await.unwrap();
        work.commit().await.unwrap();
        let mut reads = KpiStore::read(&engine.tenants, tenant).await.unwrap();
        assert_eq!(reads.dashboard(dashboard.snapshot().id).await.unwrap(), Some(dashboard));
    }
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    let found =
        work.organizations().find_by_slug(&vigie_kernel::Slug::parse("org-2").unwrap()).await.unwrap();
    assert!(found.is_some());
}
