//! Whole databases are read and filled: on either engine, and from one to the other.

use crate::common::{Engine, count};
use crate::on_both_engines;
use crate::rig::{a_kpi, kpis, measured};
use chrono::{DateTime, TimeDelta};
use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use sea_orm::{DatabaseConnection, DbBackend, FromQueryResult, Statement};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;
use vigie_kernel::{AuditEntry, Dec, OrganizationId, StoreError};
use vigie_kpis::KpiService;
use vigie_migrations::{ColumnKind, TenantMigrator};
use vigie_repository::{ControlLedger, ServerData, ServerDatabases};
use vigie_tenancy::backup::{
    BackupError, BackupKind, BackupLedger, BackupRecord, BackupStatus, Cell, DatabaseMove, Deletion,
    MoveKind, MoveState, RULE_ONE_MOVE, Row, RowSink, RowSum, SchemaMark, Settling, TableColumns, TenantData,
};
use vigie_tenancy::{DatabaseName, Organization, OrganizationStatus, TenantDatabases};

fn data(engine: &Engine) -> ServerData {
    ServerData::new(std::sync::Arc::clone(&engine.servers))
}

#[derive(Default)]
struct Kept {
    rows: Vec<Row>,
    sum: RowSum,
}

#[async_trait::async_trait]
impl RowSink for Kept {
    async fn rows(&mut self, rows: Vec<Row>) -> Result<(), BackupError> {
        for row in rows {
            self.sum.add(&row).unwrap();
            self.rows.push(row);
        }
        Ok(())
    }
}

/// Every carried table's rows.
async fn dump(
    engine: &Engine,
    organization: &Organization,
    version: Option<i32>,
) -> BTreeMap<String, (TableColumns, Kept)> {
    let mut snapshot = data(engine).snapshot(organization, version).await.unwrap();
    let mut dumped = BTreeMap::new();
    for table in snapshot.tables().to_vec() {
        let mut kept = Kept::default();
        snapshot.read(&table, &mut kept).await.unwrap();
        dumped.insert(table.name.clone(), (table, kept));
    }
    dumped
}

async fn fill(
    engine: &Engine,
    organization: &Organization,
    version: i32,
    rows: BTreeMap<String, (TableColumns, Vec<Row>)>,
) {
    let mut load = data(engine).load(organization, version).await.unwrap();
    // Not in the order of the references, on purpose.
    for (table, rows) in rows.into_values().rev() {
        load.rows(&table, rows).await.unwrap();
    }
    load.commit().await.unwrap();
}

fn sums(dumped: &BTreeMap<String, (TableColumns, Kept)>) -> BTreeMap<String, (u64, String)> {
    dumped.iter().map(|(name, (_, kept))| (name.clone(), (kept.sum.rows, kept.sum.digest()))).collect()
}

/// Another organization with an empty database of the current schema.
async fn empty(engine: &Engine, slug: &str) -> Organization {
    let organization = engine.reserved(slug).await;
    engine.databases.create(&organization).await.unwrap();
    organization
}

/// Rows of the types that are easily bent: decimals, instants, JSON, texts.
fn awkward_rows(author: Uuid) -> BTreeMap<String, Vec<Row>> {
    let mut runner = TestRunner::deterministic();
    let text = "[^\u{0}]{0,40}";
    let decimal = (any::<bool>(), "[0-9]{1,18}", "[0-9]{0,10}");
    let micros = -60_000_000_000_000_000_i64..250_000_000_000_000_000;
    let json = "[^\u{0}]{0,20}";
    let mut found: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let (dashboard, start) = (Uuid::from_u128(77), DateTime::from_timestamp(1_700_000_000, 0).unwrap());
    found.insert(
        "dashboards".to_owned(),
        vec![vec![
            Cell::Uuid(dashboard),
            Cell::Text("\u{1f4c8} \"Ligne\" \\ 1\n".to_owned()),
            Cell::Null,
            Cell::Text(String::new()),
            Cell::Uuid(author),
            Cell::Int(i64::MAX),
            Cell::Instant(start),
            Cell::Uuid(author),
            Cell::Instant(start),
            Cell::Uuid(author),
        ]],
    );
    for number in 0..120_u128 {
        let (negative, whole, fraction) = decimal.new_tree(&mut runner).unwrap().current();
        let sign = if negative { "-" } else { "" };
        let dot = if fraction.is_empty() { "" } else { "." };
        let weight = Cell::Decimal(Dec::parse(&format!("{sign}{whole}{dot}{fraction}")).unwrap());
        let name = text.new_tree(&mut runner).unwrap().current();
        let at = DateTime::from_timestamp_micros(micros.new_tree(&mut runner).unwrap().current()).unwrap();
        found.entry("kpis".to_owned()).or_default().push(vec![
            Cell::Uuid(Uuid::from_u128(1000 + number)),
            Cell::Uuid(dashboard),
            Cell::Text(format!("K-{number}")),
            Cell::Text(name),
            Cell::Null,
            Cell::Text("%".to_owned()),
            Cell::Int(2),
            Cell::Text("MONTHLY".to_owned()),
            Cell::Text("UP_IS_BETTER".to_owned()),
            weight.clone(),
            Cell::Null,
            weight.clone(),
            Cell::Int(3),
            Cell::Text("AVERAGE".to_owned()),
            weight,
            Cell::Bool(number % 2 == 0),
            Cell::Uuid(author),
            Cell::Int(10),
            Cell::Date(at.date_naive()),
            Cell::Null,
            Cell::Bool(false),
            Cell::Int(1),
            Cell::Instant(at),
            Cell::Uuid(author),
            Cell::Instant(start + TimeDelta::microseconds(1)),
            Cell::Uuid(author),
        ]);
        let value = serde_json::json!({
            "b": json.new_tree(&mut runner).unwrap().current(),
            "a": [number, null, true, 0.1, "1234567890123456.7891"],
        });
        let exact = value.to_string().replace("0.1,", "1234567890123456.7891,");
        found.entry("audit_log".to_owned()).or_default().push(vec![
            Cell::Uuid(Uuid::from_u128(5000 + number)),
            Cell::Instant(at),
            Cell::Null,
            Cell::Text("kpi.created".to_owned()),
            Cell::Text("kpi".to_owned()),
            Cell::Uuid(Uuid::from_u128(number)),
            Cell::Text("request".to_owned()),
            // Some rows hold the value null, which is something else than no value.
            Cell::Json(if number % 3 == 2 { "null".to_owned() } else { exact }),
        ]);
    }
    found
}

/// The rows with their tables' columns, the members' ones among them.
fn with_columns(
    rows: BTreeMap<String, Vec<Row>>,
    engine: &Engine,
) -> BTreeMap<String, (TableColumns, Vec<Row>)> {
    let tables = data(engine).tables(ServerDatabases::CURRENT_VERSION).unwrap();
    rows.into_iter()
        .map(|(name, rows)| {
            let table = tables.iter().find(|table| table.name == name).unwrap().clone();
            assert!(rows.iter().all(|row| row.len() == table.columns.len()), "{name}: {table:?}");
            (name, (table, rows))
        })
        .collect()
}

async fn across(from: &Engine, to: &Engine) {
    let author = Uuid::from_u128(3);
    let source = empty(from, "source").await;
    let mut rows = awkward_rows(author);
    let member = vec![
        Cell::Uuid(author),
        Cell::Text("Ada".to_owned()),
        Cell::Text("OWNER".to_owned()),
        Cell::Bool(true),
        Cell::Instant(DateTime::from_timestamp(0, 0).unwrap()),
    ];
    rows.insert("members".to_owned(), vec![member]);
    let written: BTreeMap<String, (u64, String)> = rows
        .iter()
        .map(|(name, rows)| {
            let mut sum = RowSum::default();
            for row in rows {
                sum.add(row).unwrap();
            }
            (name.clone(), (sum.rows, sum.digest()))
        })
        .collect();
    let version = ServerDatabases::CURRENT_VERSION;
    fill(from, &source, version, with_columns(rows, from)).await;
    let first = dump(from, &source, Some(version)).await;
    let target = empty(to, "target").await;
    let read: BTreeMap<String, (TableColumns, Vec<Row>)> = first
        .iter()
        .map(|(name, (table, kept))| (name.clone(), (table.clone(), kept.rows.clone())))
        .collect();
    fill(to, &target, version, read).await;
    let second = dump(to, &target, Some(version)).await;
    assert_eq!(sums(&first), sums(&second));
    for (name, sum) in written {
        assert_eq!(sums(&second)[&name], sum, "{name}");
    }
    // Numbers inside JSON keep their digits too.
    let (_, audit) = &second["audit_log"];
    let exact = audit.rows.iter().filter(
        |row| matches!(&row[7], Cell::Json(text) if text.matches("1234567890123456.7891").count() == 2),
    );
    assert_eq!(exact.count(), 80);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_value_survives_from_engine_to_engine_and_back() {
    let (sqlite, postgres) = (Engine::sqlite().await, Engine::postgres().await);
    across(&sqlite, &postgres).await;
    let (sqlite, postgres) = (Engine::sqlite().await, Engine::postgres().await);
    across(&postgres, &sqlite).await;
}

#[derive(FromQueryResult)]
struct LiveColumn {
    on_table: String,
    name: String,
    kind: String,
}

async fn live_columns(database: &DatabaseConnection) -> BTreeSet<(String, String, String)> {
    let backend = database.get_database_backend();
    let select = if backend == DbBackend::Postgres {
        "SELECT CAST(table_name AS text) AS on_table, CAST(column_name AS text) AS name, \
         CAST(data_type AS text) AS kind FROM information_schema.columns WHERE table_schema = 'public'"
    } else {
        "SELECT m.name AS on_table, p.name AS name, p.type AS kind FROM sqlite_master m, pragma_table_info(m.name) p \
         WHERE m.type = 'table'"
    };
    let found =
        LiveColumn::find_by_statement(Statement::from_string(backend, select)).all(database).await.unwrap();
    found
        .into_iter()
        .filter(|column| column.on_table != "seaql_migrations" && !column.on_table.starts_with("sqlite_"))
        .map(|column| (column.on_table, column.name, column.kind))
        .collect()
}

fn live_name(kind: ColumnKind, on_postgres: bool) -> &'static str {
    match (kind, on_postgres) {
        (ColumnKind::Bool, true) => "boolean",
        (ColumnKind::Bool, false) => "BOOLEAN",
        (ColumnKind::Int, true) => "integer",
        (ColumnKind::Int, false) => "INTEGER",
        (ColumnKind::BigInt, true) => "bigint",
        (ColumnKind::BigInt, false) => "BIGINT",
        (ColumnKind::Float, true) => "double precision",
        (ColumnKind::Float, false) => "DOUBLE PRECISION",
        (ColumnKind::Decimal, true) => "numeric",
        (ColumnKind::Text, true) => "text",
        (ColumnKind::Uuid, true) => "uuid",
        (ColumnKind::Date, true) => "date",
        (ColumnKind::Instant, true) => "timestamp with time zone",
        (ColumnKind::Json, true) => "jsonb",
        (ColumnKind::Bytes, true) => "bytea",
        (ColumnKind::Uuid | ColumnKind::Bytes, false) => "BLOB",
        (
            ColumnKind::Decimal
            | ColumnKind::Text
            | ColumnKind::Date
            | ColumnKind::Instant
            | ColumnKind::Json,
            false,
        ) => "TEXT",
    }
}

on_both_engines!(backups_know_every_column_that_there_is, async |engine: Engine| {
    let tenant = engine.organization().await;
    let live = live_columns(&engine.raw(tenant.organization()).await).await;
    let on_postgres = engine.servers.default_server().engine() == "postgres";
    let known: BTreeSet<(String, String, String)> = TenantMigrator::shape(TenantMigrator::sources().len())
        .unwrap()
        .into_iter()
        .flat_map(|table| {
            let name = table.name;
            table.columns.into_iter().map(move |column| {
                (name.clone(), column.name, live_name(column.kind, on_postgres).to_owned())
            })
        })
        .collect();
    assert_eq!(known, live, "what migrations say and what there is");
});

on_both_engines!(a_snapshot_stands_still_while_others_write, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "TRS").await;
    let service = kpis(&engine);
    service.add_value(&tenant, measured(kpi.id(), "2026-08", "1")).await.unwrap();
    let organization = engine.found(tenant.organization()).await;
    let mut snapshot = data(&engine).snapshot(&organization, None).await.unwrap();
    assert_eq!(snapshot.schema().version, ServerDatabases::CURRENT_VERSION);
    service.add_value(&tenant, measured(kpi.id(), "2026-09", "2")).await.unwrap();
    let tables = snapshot.tables().to_vec();
    for (name, rows) in [("kpi_values", 1), ("kpi_value_revisions", 1), ("kpi_latest_values", 1)] {
        let table = tables.iter().find(|table| table.name == name).unwrap();
        let mut kept = Kept::default();
        snapshot.read(table, &mut kept).await.unwrap();
        assert_eq!(kept.rows.len(), rows, "{name}");
    }
    let again = dump(&engine, &organization, None).await;
    assert_eq!(again["kpi_values"].1.rows.len(), 2);
    assert!(!again.contains_key("org_meta"));
});

on_both_engines!(rows_that_refer_to_nothing_are_not_loaded, async |engine: Engine| {
    let organization = empty(&engine, "orphans").await;
    let version = Some(ServerDatabases::CURRENT_VERSION);
    let rows_of = async || -> BTreeMap<String, Vec<Row>> {
        let dumped = dump(&engine, &organization, version).await;
        dumped.into_iter().map(|(table, (_, kept))| (table, kept.rows)).collect()
    };
    let before = rows_of().await;
    let mut rows = awkward_rows(Uuid::from_u128(3));
    rows.remove("audit_log");
    let mut load = data(&engine).load(&organization, ServerDatabases::CURRENT_VERSION).await.unwrap();
    for (table, rows) in with_columns(rows, &engine).into_values() {
        load.rows(&table, rows).await.unwrap();
    }
    assert!(load.commit().await.is_err(), "their author is no member");
    assert_eq!(rows_of().await, before);
});

on_both_engines!(an_archive_of_an_older_schema_is_loaded_and_brought_up_to_date, async |engine: Engine| {
    let organization = empty(&engine, "older").await;
    data(&engine).go_back(&organization, 2).await.unwrap();
    let mut rows = awkward_rows(Uuid::from_u128(3));
    let member = vec![
        Cell::Uuid(Uuid::from_u128(3)),
        Cell::Text("Ada".to_owned()),
        Cell::Text("OWNER".to_owned()),
        Cell::Bool(true),
        Cell::Instant(DateTime::from_timestamp(0, 0).unwrap()),
    ];
    rows.insert("members".to_owned(), vec![member]);
    fill(&engine, &organization, 2, with_columns(rows, &engine)).await;
    data(&engine).settle(&organization, Settling::Copied).await.unwrap();
    let version = engine.databases.migrate(&organization).await.unwrap();
    assert_eq!(version, ServerDatabases::CURRENT_VERSION);
    engine.databases.probe(&organization).await.unwrap();
    let database = engine.raw(organization.id()).await;
    assert_eq!(count(&database, "FROM kpis").await, 120);
    assert_eq!(count(&database, "FROM members WHERE is_active").await, 0);
    assert_eq!(count(&database, "FROM import_runs").await, 0);

    let known = |version: i32, fingerprint: &str| {
        data(&engine)
            .loadable(&SchemaMark { version, fingerprint: fingerprint.to_owned() })
            .unwrap_err()
            .code()
    };
    assert_eq!(known(1000, "ab"), "archive_schema_newer");
    assert_eq!(known(2, "ab"), "archive_schema_unknown");
    assert_eq!(known(0, "ab"), "archive_schema_unknown");
});

on_both_engines!(a_fence_stops_every_write_also_of_who_is_inside_already, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "TRS").await;
    let organization = engine.found(tenant.organization()).await;
    let service = kpis(&engine);
    for _ in 0..2 {
        data(&engine).fence(&organization).await.unwrap();
    }
    // The pool of this service was open before.
    let refused = service.add_value(&tenant, measured(kpi.id(), "2026-08", "1")).await;
    assert!(matches!(refused, Err(vigie_kpis::KpiError::Store(StoreError::Unavailable(_)))), "{refused:?}");
    assert_eq!(service.kpi(&tenant, kpi.id()).await.unwrap().id(), kpi.id(), "reading goes on");
    for _ in 0..2 {
        data(&engine).lift(&organization).await.unwrap();
    }
    service.add_value(&tenant, measured(kpi.id(), "2026-08", "1")).await.unwrap();
});

fn ledger(engine: &Engine) -> ControlLedger {
    ControlLedger::new(engine.control.connection().clone())
}

fn entry(engine: &Engine, organization: OrganizationId) -> AuditEntry {
    AuditEntry {
        id: engine.ids.next(),
        at: vigie_kernel::Clock::now(engine.clock.as_ref()),
        actor: None,
        action: "organization.test",
        subject_kind: "organization",
        subject_id: organization.as_uuid(),
        request_id: "test".to_owned(),
        details: serde_json::json!({}),
    }
}

on_both_engines!(backups_are_remembered_newest_first, async |engine: Engine| {
    let tenant = engine.organization().await;
    let (ledger, id) = (ledger(&engine), tenant.organization());
    let now = vigie_kernel::Clock::now(engine.clock.as_ref());
    let mut records = Vec::new();
    for minute in 0..3 {
        let at = now + TimeDelta::minutes(minute);
        let record = BackupRecord::asked(engine.ids.next(), id, "paris", BackupKind::Nightly, at);
        ledger.insert(&record).await.unwrap();
        records.push(record);
    }
    assert_eq!(ledger.last_good(id).await.unwrap(), None);
    let done = &mut records[1];
    done.status = BackupStatus::Done;
    done.path = Some("/backups/a.tar".to_owned());
    done.size = Some(5_000_000_000);
    done.sha256 = Some("ab".repeat(32));
    done.schema_version = Some(6);
    done.counts = BTreeMap::from([("kpis".to_owned(), 3)]);
    done.finished_at = Some(now);
    ledger.update(done).await.unwrap();
    assert_eq!(ledger.last_good(id).await.unwrap().as_ref(), Some(&records[1]));
    let mut page = vigie_kernel::PageRequest { limit: 2, after: None };
    let first = ledger.list(id, &page).await.unwrap();
    page.after = first.next.clone();
    let second = ledger.list(id, &page).await.unwrap();
    let listed: Vec<_> = first.items.iter().chain(&second.items).map(|record| record.id).collect();
    assert_eq!(listed, records.iter().rev().map(|record| record.id).collect::<Vec<_>>());
    assert_eq!(ledger.give_up(now + TimeDelta::minutes(1), now).await.unwrap(), 1);
    let given_up = ledger.find(records[0].id).await.unwrap().unwrap();
    assert_eq!(given_up.status, BackupStatus::Failed);
    let elsewhere: OrganizationId = engine.ids.next();
    page.after = None;
    assert!(ledger.list(elsewhere, &page).await.unwrap().items.is_empty());
});

on_both_engines!(one_exchange_of_an_organization_at_a_time, async |engine: Engine| {
    let tenant = engine.organization().await;
    let (ledger, id) = (ledger(&engine), tenant.organization());
    let now = vigie_kernel::Clock::now(engine.clock.as_ref());
    let organization = engine.found(id).await;
    let moving = |kind, state| DatabaseMove {
        id: engine.ids.next(),
        organization: id,
        kind,
        state,
        old_database: organization.database_name().to_string(),
        new_database: "elsewhere".to_owned(),
        servers: None,
        lease_until: now + TimeDelta::minutes(2),
        created_at: now,
        changed_at: now,
    };
    let mut first = moving(MoveKind::Restore, MoveState::Loading);
    ledger.begin_move(&first).await.unwrap();
    let second = ledger.begin_move(&moving(MoveKind::Undo, MoveState::Loading)).await;
    assert!(matches!(second, Err(StoreError::Conflict(RULE_ONE_MOVE))), "{second:?}");
    assert_eq!(ledger.stale_moves(now).await.unwrap(), []);
    assert_eq!(ledger.stale_moves(now + TimeDelta::hours(1)).await.unwrap(), [first.clone()]);
    first.state = MoveState::Fenced;
    ledger.update_move(&first, MoveState::Loading).await.unwrap();
    let late = ledger.update_move(&first, MoveState::Loading).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");

    let mut snapshot = organization.snapshot().clone();
    snapshot.database_name = DatabaseName::parse("elsewhere").unwrap();
    snapshot.version += 1;
    let switched = Organization::restore(snapshot);
    ledger.switch(&switched, &first, None, &entry(&engine, id)).await.unwrap();
    assert_eq!(engine.found(id).await, switched);
    assert_eq!(ledger.undoable(id).await.unwrap().map(|moved| moved.state), Some(MoveState::Switched));
    assert_eq!(ledger.moved_since(now).await.unwrap(), [id]);
    assert_eq!(ledger.moved_since(now + TimeDelta::seconds(1)).await.unwrap(), []);
    // Another switch of what is switched changes nothing at all.
    assert!(ledger.switch(&switched, &first, None, &entry(&engine, id)).await.is_err());
    assert_eq!(engine.found(id).await, switched);
});

on_both_engines!(an_erased_organization_leaves_a_tombstone_and_nobody_behind, async |engine: Engine| {
    let tenant = engine.organization_named("gone").await;
    let other = engine.organization_named("stays").await;
    let id = tenant.organization();
    let shared = engine.account_in(id, "shared@example.org", vigie_kernel::Role::User).await;
    engine.join(shared.id(), other.organization(), vigie_kernel::Role::User).await;
    let session = crate::common::session(&engine, tenant.actor(), Some(id));
    let mut work = vigie_auth::IdentityStore::begin(&engine.control).await.unwrap();
    work.sessions().insert(&session).await.unwrap();
    work.commit().await.unwrap();
    engine.queue.enqueue(Some(id), &crate::common::message(&engine, "test.job")).await.unwrap();

    let now = vigie_kernel::Clock::now(engine.clock.as_ref());
    assert_eq!(vigie_platform_monitoring::SampleStore::enrol(&engine.control, now).await.unwrap(), 2);
    let ledger = ledger(&engine);
    let mut snapshot = engine.found(id).await.snapshot().clone();
    snapshot.status = OrganizationStatus::Archived;
    snapshot.version += 1;
    let mut deletion = Deletion {
        organization: id,
        slug: "gone".to_owned(),
        reason: "contract ended".to_owned(),
        requested_at: now,
        purge_after: now + TimeDelta::days(30),
        final_backup: None,
        purged_at: None,
        slug_free_at: None,
    };
    let archived = Organization::restore(snapshot.clone());
    ledger.begin_deletion(&archived, &deletion, &entry(&engine, id)).await.unwrap();
    assert_eq!(ledger.due_deletions(now).await.unwrap(), []);
    assert_eq!(ledger.due_deletions(now + TimeDelta::days(30)).await.unwrap(), [deletion.clone()]);

    snapshot.status = OrganizationStatus::Deleted;
    "deleted".clone_into(&mut snapshot.name);
    snapshot.database_name = DatabaseName::parse("deleted_x").unwrap();
    snapshot.version += 1;
    deletion.purged_at = Some(now);
    deletion.slug_free_at = Some(now + TimeDelta::days(90));
    let tombstone = Organization::restore(snapshot);
    let accounts = ledger.erase(&tombstone, &deletion, &entry(&engine, id)).await.unwrap();
    assert_eq!(accounts, 1, "the owner of nothing else");
    let control = engine.control.connection();
    let of = |table: &str| {
        format!("FROM {table} WHERE organization_id IN (SELECT id FROM organizations WHERE slug = 'gone')")
    };
    for table in ["memberships", "sessions", "organization_domains", "jobs", "organization_samples"] {
        assert_eq!(count(control, &of(table)).await, 0, "{table}");
    }
    assert_eq!(count(control, "FROM users WHERE email_key = 'owner@gone.example'").await, 0);
    assert_eq!(count(control, "FROM users WHERE email_key = 'shared@example.org'").await, 1);
    assert_eq!(count(control, "FROM organizations WHERE slug = 'gone' AND status = 'deleted'").await, 1);

    // The slug stays taken until its time is over.
    let taken = {
        let new = engine.new_organization("gone");
        let mut work = vigie_tenancy::OrganizationStore::begin(&engine.control).await.unwrap();
        work.organizations().insert(&new).await
    };
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    assert_eq!(ledger.free_slugs(now + TimeDelta::days(89)).await.unwrap(), 0);
    assert_eq!(ledger.free_slugs(now + TimeDelta::days(90)).await.unwrap(), 1);
    engine.reserved("gone").await;
    assert_eq!(ledger.deletion(id).await.unwrap(), Some(deletion));
});
