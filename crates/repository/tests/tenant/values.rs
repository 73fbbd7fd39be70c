//! Values, revisions, closed periods.

use crate::common::Engine;
use crate::on_both_engines;
use crate::rig::{a_kpi, dec, kpis, measured};
use std::sync::Arc;
use vigie_kernel::Frequency;
use vigie_kpis::{
    DeleteValue, Entry, HistoryQuery, KpiError, KpiService, Outcome, PutClosing, Recompute, SetThresholds,
    Source, Status, ThresholdFields,
};

fn whole_history(kpi: vigie_kernel::KpiId) -> HistoryQuery {
    HistoryQuery { kpi_id: kpi, from: None, to: None, limit: None, after: None }
}

on_both_engines!(a_value_keeps_its_digits_its_colour_and_its_score, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Exact").await;
    let service = kpis(&engine);
    service.add_value(&tenant, measured(kpi.id(), "2026-08", "92.5")).await.unwrap();
    service
        .add_value(&tenant, measured(kpi.id(), "2026-09-17", "123456789012345678.0123456789"))
        .await
        .unwrap();
    let history = service.history(&tenant, whole_history(kpi.id())).await.unwrap();
    let read: Vec<_> = history
        .items
        .iter()
        .map(|shown| {
            let value = shown.value.snapshot();
            (value.period.key(), value.entry.number().unwrap().to_string(), value.status.unwrap())
        })
        .collect();
    assert_eq!(
        read,
        [
            ("2026-08".to_owned(), "92.5".to_owned(), Status::Orange),
            ("2026-09".to_owned(), "123456789012345678.0123456789".to_owned(), Status::Green),
        ]
    );
    assert_eq!(history.items[0].value.snapshot().score, Some(dec("50")));
});

on_both_engines!(a_period_has_one_value, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Once").await;
    let service = kpis(&engine);
    service.add_value(&tenant, measured(kpi.id(), "2026-09", "1")).await.unwrap();
    let twice = service.add_value(&tenant, measured(kpi.id(), "2026-09-30", "2")).await;
    assert!(matches!(twice, Err(KpiError::ValueExists(_))), "{twice:?}");

    let same = service.put_value(&tenant, measured(kpi.id(), "2026-09", "1.0")).await.unwrap();
    assert_eq!(same.outcome, Outcome::Unchanged);
    let other = service.put_value(&tenant, measured(kpi.id(), "2026-09", "2")).await.unwrap();
    assert_eq!(other.outcome, Outcome::Updated);
    let revisions = service.revisions(&tenant, kpi.id(), "2026-09".into()).await.unwrap();
    let steps: Vec<_> = revisions.iter().map(|r| (r.old_entry.clone(), r.new_entry.clone())).collect();
    let number = |text| Some(Entry::Number(dec(text)));
    assert_eq!(steps, [(None, number("1")), (number("1"), number("2"))]);
});

on_both_engines!(of_many_who_record_the_same_period_one_succeeds, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Race").await;
    let service = Arc::new(kpis(&engine));
    let racers: Vec<_> = (0..8)
        .map(|number| {
            let (service, tenant) = (Arc::clone(&service), tenant.clone());
            let command = measured(kpi.id(), "2026-09", &number.to_string());
            tokio::spawn(async move { service.add_value(&tenant, command).await })
        })
        .collect();
    let mut recorded = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(_) => recorded += 1,
            Err(KpiError::ValueExists(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(recorded, 1);
    let revisions = service.revisions(&tenant, kpi.id(), "2026-09".into()).await.unwrap();
    assert_eq!(revisions.len(), 1, "the losers leave nothing");
});

on_both_engines!(a_deleted_value_leaves_its_history, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Deleted").await;
    let service = kpis(&engine);
    service.add_value(&tenant, measured(kpi.id(), "2026-09", "1")).await.unwrap();
    let delete = DeleteValue {
        kpi_id: kpi.id(),
        period: "2026-09".into(),
        source: Source::Manual,
        override_reason: None,
        expected_version: Some(1),
    };
    service.delete_value(&tenant, delete.clone()).await.unwrap();
    assert!(service.history(&tenant, whole_history(kpi.id())).await.unwrap().items.is_empty());
    let revisions = service.revisions(&tenant, kpi.id(), "2026-09".into()).await.unwrap();
    assert_eq!(revisions.last().unwrap().new_entry, None);
    let again = service.delete_value(&tenant, delete).await;
    assert!(matches!(again, Err(KpiError::ValueNotFound(_))), "{again:?}");
});

on_both_engines!(history_is_ordered_bounded_and_paged, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "History").await;
    let service = kpis(&engine);
    for month in ["2026-05", "2026-01", "2026-04", "2026-02", "2026-03"] {
        service.add_value(&tenant, measured(kpi.id(), month, "1")).await.unwrap();
    }
    let keys = |page: &vigie_kernel::Page<vigie_kpis::ShownValue>| -> Vec<String> {
        page.items.iter().map(|shown| shown.value.snapshot().period.key()).collect()
    };
    let mut query = whole_history(kpi.id());
    query.from = Some("2026-02".to_owned());
    query.limit = Some(2);
    let first = service.history(&tenant, query.clone()).await.unwrap();
    assert_eq!(keys(&first), ["2026-02", "2026-03"]);
    query.after = first.next;
    query.to = Some("2026-04-15".to_owned());
    let second = service.history(&tenant, query).await.unwrap();
    assert_eq!((keys(&second), second.next), (vec!["2026-04".to_owned()], None));
});

on_both_engines!(new_thresholds_leave_history_until_it_is_recomputed, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Thresholds").await;
    let service = kpis(&engine);
    service.add_value(&tenant, measured(kpi.id(), "2026-08", "92")).await.unwrap();
    service.add_value(&tenant, measured(kpi.id(), "2026-09", "92")).await.unwrap();
    let set = SetThresholds {
        kpi_id: kpi.id(),
        expected_version: None,
        direction: None,
        threshold_mode: None,
        thresholds: ThresholdFields::cuts(Some(dec("92")), Some(dec("80")), None),
        effective_from: Some("2026-01".to_owned()),
    };
    service.set_thresholds(&tenant, set).await.unwrap();
    let closing =
        PutClosing { frequency: Frequency::Monthly, closed_through: Some("2026-08-31".parse().unwrap()) };
    service.put_closing(&tenant, closing).await.unwrap();
    let colours = async || -> Vec<Status> {
        let history = service.history(&tenant, whole_history(kpi.id())).await.unwrap();
        history.items.iter().map(|shown| shown.value.snapshot().status.unwrap()).collect()
    };
    assert_eq!(colours().await, [Status::Orange, Status::Orange]);
    let recompute = |dry_run| Recompute { kpi_id: kpi.id(), from: "2026-01".to_owned(), dry_run };
    service.recompute(&tenant, recompute(true)).await.unwrap();
    assert_eq!(colours().await, [Status::Orange, Status::Orange], "a dry run writes nothing");
    service.recompute(&tenant, recompute(false)).await.unwrap();
    assert_eq!(colours().await, [Status::Orange, Status::Green], "a closed period keeps its colour");
    let locked = service.put_value(&tenant, measured(kpi.id(), "2026-08", "1")).await;
    assert!(matches!(locked, Err(KpiError::PeriodLocked { .. })), "{locked:?}");
});
