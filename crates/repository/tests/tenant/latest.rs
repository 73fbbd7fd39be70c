//! The latest value that reports show is always the one of the history.

use crate::common::{Engine, count};
use crate::on_both_engines;
use crate::rig::{a_kpi, dec, kpis, measured};
use chrono::NaiveDate;
use sea_orm::ConnectionTrait as _;
use std::sync::Arc;
use vigie_imports::{ApplyRules, ImportStore, OnConflict, ValueRow};
use vigie_kernel::{Clock, Frequency, KpiId, Period, StoreError, TenantContext};
use vigie_kpis::{
    DeleteValue, Entry, HistoryQuery, KpiService, Recompute, ReportingStore, SetThresholds, Source, Status,
    ThresholdFields,
};
use vigie_tenancy::TenantDatabases as _;

/// Period, value and colour.
type Shown = Option<(String, Option<Entry>, Option<Status>)>;

/// What reports show of a KPI on a day, in full and in brief.
async fn reported(engine: &Engine, tenant: &TenantContext, kpi: KpiId, as_of: NaiveDate) -> Shown {
    let mut reads = engine.tenants.reporting(tenant).await.unwrap();
    let rows = reads.rows(as_of, as_of).await.unwrap();
    let row = rows.kpis.into_iter().find(|row| row.id == kpi).unwrap();
    let standings = reads.standings(as_of, as_of).await.unwrap();
    let brief: Vec<_> = standings
        .kpis
        .iter()
        .filter(|standing| standing.dashboard_id == row.dashboard_id)
        .filter_map(|standing| standing.latest.as_ref().map(|latest| latest.period))
        .collect();
    assert_eq!(brief, row.latest.iter().map(|latest| latest.period).collect::<Vec<_>>());
    row.latest.map(|latest| (latest.period.key(), Some(latest.entry), latest.status))
}

/// The last value of the history whose period ends before that day.
async fn recorded(engine: &Engine, tenant: &TenantContext, kpi: KpiId, as_of: NaiveDate) -> Shown {
    let query = HistoryQuery { kpi_id: kpi, from: None, to: None, limit: Some(1000), after: None };
    let history = kpis(engine).history(tenant, query).await.unwrap();
    let over = history.items.iter().map(|shown| shown.value.snapshot()).rfind(|v| v.period.end() < as_of);
    over.map(|v| (v.period.key(), Some(v.entry.clone()), v.status))
}

async fn check(engine: &Engine, tenant: &TenantContext, kpi: KpiId, step: &str) {
    for day in ["2026-11-20", "2026-10-31", "2026-09-15", "2020-01-01"] {
        let day = day.parse().unwrap();
        let told = reported(engine, tenant, kpi, day).await;
        assert_eq!(told, recorded(engine, tenant, kpi, day).await, "after {step}, on {day}");
    }
}

fn delete(kpi: KpiId, period: &str) -> DeleteValue {
    DeleteValue {
        kpi_id: kpi,
        period: period.into(),
        source: Source::Manual,
        override_reason: None,
        expected_version: None,
    }
}

async fn import(
    engine: &Engine,
    tenant: &TenantContext,
    rows: &[(KpiId, &str, Option<&str>)],
) -> Result<(), StoreError> {
    let rows: Vec<ValueRow> = rows
        .iter()
        .map(|(kpi, period, value)| ValueRow {
            kpi: *kpi,
            period: Period::parse(period, Frequency::Monthly).unwrap(),
            entry: value.map(dec),
            comment: None,
            row: 1,
        })
        .collect();
    let rules = ApplyRules {
        on_conflict: OnConflict::Upsert,
        run: engine.ids.next_uuid().into(),
        actor: tenant.actor(),
        now: engine.clock.now(),
        dry_run: false,
    };
    let mut work = ImportStore::begin(&engine.tenants, tenant).await?;
    work.values().apply(&rows, &rules).await?;
    work.commit().await
}

on_both_engines!(reports_follow_every_change_of_a_history, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Followed").await;
    let (id, service) = (kpi.id(), kpis(&engine));
    check(&engine, &tenant, id, "nothing").await;
    service.add_value(&tenant, measured(id, "2026-08", "99")).await.unwrap();
    check(&engine, &tenant, id, "the first value").await;
    service.add_value(&tenant, measured(id, "2026-10", "10")).await.unwrap();
    check(&engine, &tenant, id, "a newer one").await;
    service.add_value(&tenant, measured(id, "2026-09", "92")).await.unwrap();
    check(&engine, &tenant, id, "an older one").await;
    service.add_value(&tenant, measured(id, "2026-11", "99")).await.unwrap();
    check(&engine, &tenant, id, "one of the month that runs").await;
    service.put_value(&tenant, measured(id, "2026-10", "96")).await.unwrap();
    check(&engine, &tenant, id, "a correction of the one before it").await;
    service.put_value(&tenant, measured(id, "2026-11", "1")).await.unwrap();
    check(&engine, &tenant, id, "a correction of the newest").await;
    let stricter = SetThresholds {
        kpi_id: id,
        expected_version: None,
        direction: None,
        threshold_mode: None,
        thresholds: ThresholdFields::cuts(Some(dec("98")), Some(dec("97")), Some(dec("80"))),
        effective_from: Some("2026-08".to_owned()),
    };
    service.set_thresholds(&tenant, stricter).await.unwrap();
    let recompute = Recompute { kpi_id: id, from: "2026-08".to_owned(), dry_run: false };
    service.recompute(&tenant, recompute).await.unwrap();
    check(&engine, &tenant, id, "judging all again").await;
    service.delete_value(&tenant, delete(id, "2026-11")).await.unwrap();
    check(&engine, &tenant, id, "removing the newest").await;
    service.delete_value(&tenant, delete(id, "2026-08")).await.unwrap();
    check(&engine, &tenant, id, "removing the oldest").await;
    import(
        &engine,
        &tenant,
        &[(id, "2026-07", Some("99")), (id, "2026-11", Some("3")), (id, "2026-09", Some("5"))],
    )
    .await
    .unwrap();
    check(&engine, &tenant, id, "an import").await;
    import(&engine, &tenant, &[(id, "2026-11", None), (id, "2026-10", None), (id, "2026-06", Some("7"))])
        .await
        .unwrap();
    check(&engine, &tenant, id, "an import that clears").await;
    for period in ["2026-06", "2026-07", "2026-09"] {
        service.delete_value(&tenant, delete(id, period)).await.unwrap();
    }
    check(&engine, &tenant, id, "removing all").await;
    assert_eq!(reported(&engine, &tenant, id, "2026-11-20".parse().unwrap()).await, None);
    service.delete_kpi(&tenant, vigie_kpis::DeleteKpi { id, expected_version: None }).await.unwrap();
});

on_both_engines!(reports_follow_when_many_write_at_once, async |engine: Engine| {
    let engine = Arc::new(engine);
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Busy").await.id();
    let other = a_kpi(&engine, &tenant, "Busy too").await.id();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6_u32 {
        let (service, tenant, engine) = (kpis(&engine), tenant.clone(), Arc::clone(&engine));
        writers.spawn(async move {
            for round in 0..4_u32 {
                let month = |offset: u32| format!("2026-{:02}", (writer * 5 + round * 3 + offset) % 10 + 1);
                let value = format!("{}", 80 + (writer + round) % 20);
                // That somebody else was first is part of it: all that counts is what remains.
                let _first = service.put_value(&tenant, measured(kpi, &month(0), &value)).await;
                let _gone = service.delete_value(&tenant, delete(kpi, &month(3))).await;
                let _second = service.add_value(&tenant, measured(other, &month(1), &value)).await;
                if writer == 0 {
                    let rows = [
                        (kpi, month(2), Some(value.as_str())),
                        (other, month(4), Some(value.as_str())),
                        (other, month(5), None),
                    ];
                    let rows: Vec<_> =
                        rows.iter().map(|(kpi, month, value)| (*kpi, month.as_str(), *value)).collect();
                    let _third = import(&engine, &tenant, &rows).await;
                }
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    check(&engine, &tenant, kpi, "all of it").await;
    let read = engine.raw(tenant.organization()).await;
    let wrong = count(
        &read,
        "FROM kpis k LEFT JOIN kpi_latest_values n ON n.kpi_id = k.id \
         LEFT JOIN kpi_values v ON v.kpi_id = k.id AND v.period_start = (SELECT MAX(l.period_start) FROM kpi_values l \
         WHERE l.kpi_id = k.id) WHERE COALESCE(n.status, '') <> COALESCE(v.status, '') \
         OR (n.period_start IS NULL) <> (v.period_start IS NULL) OR n.period_start <> v.period_start OR n.score <> v.score",
    );
    assert_eq!(wrong.await, 0, "a latest value that is not that of the history");
});

on_both_engines!(histories_from_before_are_taken_over, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Old").await.id();
    let service = kpis(&engine);
    for (period, value) in [("2026-08", "99"), ("2026-10", "10"), ("2026-11", "92")] {
        service.add_value(&tenant, measured(kpi, period, value)).await.unwrap();
    }
    let raw = engine.raw(tenant.organization()).await;
    for statement in [
        "DROP TABLE kpi_latest_values",
        "DELETE FROM seaql_migrations WHERE version = 'm20261120_000007_latest_values'",
    ] {
        raw.execute_unprepared(statement).await.unwrap();
    }

    engine.databases.migrate(&engine.found(tenant.organization()).await).await.unwrap();

    assert_eq!(count(&raw, "FROM kpi_latest_values").await, 1);
    check(&engine, &tenant, kpi, "the migration").await;
});
