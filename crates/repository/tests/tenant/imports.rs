//! Writing the values of an import.

use crate::common::{Engine, count};
use crate::on_both_engines;
use crate::rig::{a_kpi, dec, kpis, measured};
use vigie_imports::{
    ApplyRules, Checkpoint, Counts, ImportRun, ImportRunSnapshot, ImportStore, IssueCode, OnConflict, Report,
    RowOutcome, RunKind, RunMark, RunPhase, RunProgress, RunStatus, ValueRow,
};
use vigie_kernel::{Frequency, KpiId, Period, TenantContext};
use vigie_kpis::{HistoryQuery, KpiService};

fn row(kpi: KpiId, period: &str, value: Option<&str>) -> ValueRow {
    ValueRow {
        kpi,
        period: Period::parse(period, Frequency::Monthly).unwrap(),
        entry: value.map(dec),
        comment: None,
        row: 1,
    }
}

fn rules(engine: &Engine, tenant: &TenantContext, on_conflict: OnConflict, dry_run: bool) -> ApplyRules {
    use vigie_kernel::Clock;
    ApplyRules {
        on_conflict,
        run: engine.ids.next_uuid().into(),
        actor: tenant.actor(),
        now: engine.clock.now(),
        dry_run,
    }
}

async fn apply(
    engine: &Engine,
    tenant: &TenantContext,
    rows: &[ValueRow],
    rules: &ApplyRules,
) -> Vec<RowOutcome> {
    let mut work = ImportStore::begin(&engine.tenants, tenant).await.unwrap();
    let outcomes = work.values().apply(rows, rules).await.unwrap();
    work.commit().await.unwrap();
    outcomes
}

on_both_engines!(each_row_gets_its_outcome, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Imported").await.id();
    let service = kpis(&engine);
    service.add_value(&tenant, measured(kpi, "2026-01", "91")).await.unwrap();
    service.add_value(&tenant, measured(kpi, "2026-02", "91")).await.unwrap();
    service.add_value(&tenant, measured(kpi, "2026-03", "91")).await.unwrap();
    let rows = [
        row(kpi, "2026-01", Some("91")),
        row(kpi, "2026-02", Some("96")),
        row(kpi, "2026-03", None),
        row(kpi, "2026-04", Some("10")),
        row(kpi, "2027-01", Some("10")),
    ];
    let dry = apply(&engine, &tenant, &rows, &rules(&engine, &tenant, OnConflict::Upsert, true)).await;
    let wet = apply(&engine, &tenant, &rows, &rules(&engine, &tenant, OnConflict::Upsert, false)).await;
    assert_eq!(dry, wet, "a dry run tells what would happen");
    assert_eq!(
        wet[..4],
        [RowOutcome::Unchanged, RowOutcome::Updated, RowOutcome::Cleared, RowOutcome::Inserted]
    );
    assert!(matches!(wet[4], RowOutcome::Rejected { code: IssueCode::PeriodInFuture, .. }));
    let query = HistoryQuery { kpi_id: kpi, from: None, to: None, limit: None, after: None };
    let history = service.history(&tenant, query).await.unwrap();
    let read: Vec<_> = history
        .items
        .iter()
        .map(|shown| {
            let value = shown.value.snapshot();
            (value.period.key(), value.entry.number().unwrap().to_string(), value.status.unwrap().name())
        })
        .collect();
    let expected = [("2026-01", "91", "ORANGE"), ("2026-02", "96", "GREEN"), ("2026-04", "10", "RED")];
    assert_eq!(read, expected.map(|(key, number, status)| (key.to_owned(), number.to_owned(), status)));
});

on_both_engines!(the_same_rows_again_change_nothing, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Again").await.id();
    let rows: Vec<ValueRow> = (0..1200)
        .map(|index| {
            row(kpi, &format!("{:04}-{:02}", 1900 + index / 12, index % 12 + 1), Some(&index.to_string()))
        })
        .collect();
    let upsert = rules(&engine, &tenant, OnConflict::Upsert, false);
    let first = apply(&engine, &tenant, &rows, &upsert).await;
    assert!(first.iter().all(|outcome| *outcome == RowOutcome::Inserted));
    let second = apply(&engine, &tenant, &rows, &upsert).await;
    assert!(second.iter().all(|outcome| *outcome == RowOutcome::Unchanged));
    let raw = engine.raw(tenant.organization()).await;
    assert_eq!(count(&raw, "FROM kpi_values").await, 1200);
    assert_eq!(count(&raw, "FROM kpi_value_revisions").await, 1200, "no revision for what did not change");
});

on_both_engines!(a_conflict_is_kept_or_refused_as_asked, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Conflict").await.id();
    kpis(&engine).add_value(&tenant, measured(kpi, "2026-01", "91")).await.unwrap();
    let rows = [row(kpi, "2026-01", Some("50"))];
    let skipped = apply(&engine, &tenant, &rows, &rules(&engine, &tenant, OnConflict::Skip, false)).await;
    assert_eq!(skipped, [RowOutcome::Skipped]);
    let refused = apply(&engine, &tenant, &rows, &rules(&engine, &tenant, OnConflict::Reject, false)).await;
    assert!(matches!(refused[0], RowOutcome::Rejected { code: IssueCode::ConflictExists, .. }));
});

on_both_engines!(the_catalogue_tells_what_the_caller_may_write_to, async |engine: Engine| {
    let owner = engine.organization().await;
    let kpi = a_kpi(&engine, &owner, "Mine").await;
    let user = engine.colleague(&owner, "user@example.org", vigie_kernel::Role::User).await;
    let entries = async |tenant: &TenantContext| {
        ImportStore::read(&engine.tenants, tenant).await.unwrap().catalogue().await.unwrap()
    };
    let seen = entries(&owner).await;
    assert_eq!((seen[0].id, seen[0].writable), (kpi.id(), true));
    assert!(!entries(&user).await[0].writable, "a user records on what is his own");
});

on_both_engines!(the_mark_of_a_run_tells_its_version_and_owner, async |engine: Engine| {
    use vigie_kernel::Clock;
    let tenant = engine.organization().await;
    let now = engine.clock.now();
    let mut run = ImportRun::parsed(ImportRunSnapshot {
        id: engine.ids.next(),
        kind: RunKind::Csv,
        status: RunStatus::Pending,
        phase: RunPhase::Parsed,
        file_name: "a.csv".to_owned(),
        file_sha256: "0".repeat(64),
        file_size: 12,
        options: serde_json::Value::Null,
        dry_run: false,
        created_by: tenant.actor(),
        created_at: now,
        updated_at: now,
        error_message: None,
        progress: RunProgress::default(),
        counts: Counts::default(),
        checkpoint: Checkpoint::default(),
        report: Report::default(),
        version: 1,
    });
    let mark = async |id| ImportStore::read(&engine.tenants, &tenant).await.unwrap().mark(id).await.unwrap();
    assert_eq!(mark(run.id()).await, None);
    let mut work = ImportStore::begin(&engine.tenants, &tenant).await.unwrap();
    work.runs().insert(&run).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(mark(run.id()).await, Some(RunMark { version: 1, created_by: tenant.actor() }));
    run.begin(now);
    let mut work = ImportStore::begin(&engine.tenants, &tenant).await.unwrap();
    work.runs().update(&run).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(mark(run.id()).await, Some(RunMark { version: 2, created_by: tenant.actor() }));
});
