use super::support::{Org, cuts, date, errors_of, number, record};
use crate::{
    DeleteValue, Entry, HistoryQuery, Kpi, KpiError, KpiService, KpiStore, Outcome, PeriodState, PutClosing,
    RULE_VALUE_PERIOD, Recompute, RecordValue, SeriesQuery, SetThresholds, Source, Status, StatusReason,
    ThresholdFields,
};
use vigie_kernel::{Frequency, Permission, StoreError};

use Status::{Green, Orange, Red};

fn set(kpi: &Kpi, thresholds: ThresholdFields, from: Option<&str>) -> SetThresholds {
    SetThresholds {
        kpi_id: kpi.id(),
        expected_version: None,
        direction: None,
        threshold_mode: None,
        thresholds,
        effective_from: from.map(str::to_owned),
    }
}

fn delete(kpi: &Kpi, period: &str) -> DeleteValue {
    DeleteValue {
        kpi_id: kpi.id(),
        period: period.into(),
        source: Source::Manual,
        override_reason: None,
        expected_version: None,
    }
}

fn history(kpi: &Kpi) -> HistoryQuery {
    HistoryQuery { kpi_id: kpi.id(), from: None, to: None, limit: None, after: None }
}

async fn close(org: &Org, through: &str) {
    let command = PutClosing { frequency: Frequency::Monthly, closed_through: Some(date(through)) };
    org.kpis.put_closing(&org.manager, command).await.unwrap();
}

#[tokio::test]
async fn a_period_has_one_value_however_it_is_named() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let added = org.kpis.add_value(&org.manager, record(&kpi, "2026-10-17", number("94.996"))).await.unwrap();
    let value = added.shown.value.snapshot().clone();
    assert_eq!((value.period.key().as_str(), value.status), ("2026-10", Some(Orange)));
    assert_eq!(added.shown.display.as_deref(), Some("94.996"));
    let again = org.kpis.add_value(&org.manager, record(&kpi, "2026-10", number("94.996"))).await;
    assert!(matches!(again, Err(KpiError::ValueExists(id)) if id == value.id));
    let put = async |text: &str| org.put(&kpi, "2026-10", text).await.outcome;
    assert_eq!(put("94.996").await, Outcome::Unchanged);
    assert_eq!(put("96").await, Outcome::Updated);
    assert_eq!(org.put(&kpi, "2026-11", "96").await.outcome, Outcome::Created);
    let revisions = org.kpis.revisions(&org.manager, kpi.id(), "2026-10".into()).await.unwrap();
    assert_eq!(revisions.len(), 2);
    assert_eq!(revisions[1].old_entry, Some(number("94.996")));
    assert_eq!((revisions[1].old_status, revisions[1].new_status), (Some(Orange), Some(Green)));
}

#[tokio::test]
async fn what_cannot_be_recorded_names_its_field() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let put = async |command: RecordValue| errors_of(org.kpis.put_value(&org.manager, command).await);
    assert_eq!(put(record(&kpi, "2026-12", number("1"))).await, ["period:period_in_future"]);
    let bad = RecordValue {
        comment: Some(Some("x".repeat(2001))),
        ..record(&kpi, "2026-W40", Entry::NotApplicable { reason: " ".to_owned() })
    };
    assert_eq!(put(bad).await, ["reason:required", "comment:too_long", "period:period_frequency_mismatch"]);
}

#[tokio::test]
async fn not_applicable_has_no_colour_and_leaves_no_number() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let idle = Entry::NotApplicable { reason: "nothing ran".to_owned() };
    let added = org.kpis.add_value(&org.manager, record(&kpi, "2026-10", idle)).await.unwrap();
    let value = added.shown.value.snapshot();
    assert_eq!((value.status, value.status_reason), (None, StatusReason::NotApplicable));
    assert_eq!(added.shown.display, None);
}

#[tokio::test]
async fn the_version_that_was_seen_is_the_one_that_is_replaced() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let seen = |version, text| RecordValue {
        expected_version: Some(version),
        ..record(&kpi, "2026-10", number(text))
    };
    let put = async |command| org.kpis.put_value(&org.manager, command).await;
    assert!(matches!(put(seen(1, "1")).await, Err(KpiError::Stale)));
    org.put(&kpi, "2026-10", "1").await;
    assert_eq!(put(seen(1, "2")).await.unwrap().shown.value.snapshot().version, 2);
    assert!(matches!(put(seen(1, "3")).await, Err(KpiError::Stale)));
    let stale = DeleteValue { expected_version: Some(1), ..delete(&kpi, "2026-10") };
    assert!(matches!(org.kpis.delete_value(&org.manager, stale).await, Err(KpiError::Stale)));
}

#[tokio::test]
async fn a_deleted_value_keeps_its_history() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    org.put(&kpi, "2026-10", "96").await;
    org.kpis.delete_value(&org.manager, delete(&kpi, "2026-10-05")).await.unwrap();
    let gone = org.kpis.value(&org.manager, kpi.id(), "2026-10".into()).await;
    assert!(matches!(gone, Err(KpiError::ValueNotFound(key)) if key == "2026-10"));
    let twice = org.kpis.delete_value(&org.manager, delete(&kpi, "2026-10")).await;
    assert!(matches!(twice, Err(KpiError::ValueNotFound(_))));
    assert_eq!(org.put(&kpi, "2026-10", "91").await.outcome, Outcome::Created);
    let revisions = org.kpis.revisions(&org.manager, kpi.id(), "2026-10".into()).await.unwrap();
    let told: Vec<(Option<Entry>, Option<Entry>)> =
        revisions.into_iter().map(|revision| (revision.old_entry, revision.new_entry)).collect();
    assert_eq!(told, [(None, Some(number("96"))), (Some(number("96")), None), (None, Some(number("91")))]);
    let never = org.kpis.revisions(&org.manager, kpi.id(), "2026-09".into()).await;
    assert!(matches!(never, Err(KpiError::ValueNotFound(_))));
}

#[tokio::test]
async fn history_comes_in_the_order_of_periods_and_in_pages() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    for (period, value) in [("2026-03", "3"), ("2026-01", "1"), ("2026-02", "2"), ("2025-12", "0")] {
        org.put(&kpi, period, value).await;
    }
    let keys = async |query: HistoryQuery| {
        let page = org.kpis.history(&org.manager, query).await.unwrap();
        let keys: Vec<String> = page.items.iter().map(|shown| shown.value.snapshot().period.key()).collect();
        (keys.join(" "), page.next)
    };
    let range =
        HistoryQuery { from: Some("2026-01".to_owned()), to: Some("2026-02-15".to_owned()), ..history(&kpi) };
    assert_eq!(keys(range).await, ("2026-01 2026-02".to_owned(), None));
    let (first, next) = keys(HistoryQuery { limit: Some(3), ..history(&kpi) }).await;
    assert_eq!(first, "2025-12 2026-01 2026-02");
    assert_eq!(keys(HistoryQuery { after: next, ..history(&kpi) }).await.0, "2026-03");
    for limit in [0, 1001, -1] {
        let query = HistoryQuery { limit: Some(limit), from: Some("x".to_owned()), ..history(&kpi) };
        let outcome = org.kpis.history(&org.manager, query).await;
        assert_eq!(errors_of(outcome), ["from:period_invalid", "limit:out_of_range"]);
    }
}

#[tokio::test]
async fn new_thresholds_leave_old_colours_until_they_are_recomputed() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    for period in ["2026-08", "2026-09", "2026-10"] {
        org.put(&kpi, period, "91").await;
    }
    let version = org.kpis.set_thresholds(&org.manager, set(&kpi, cuts("85/80"), None)).await.unwrap();
    assert_eq!((version.version_no, version.effective_from), (2, Some(date("2026-11-01"))));
    let colour = async |period: &str| {
        let shown = org.kpis.value(&org.manager, kpi.id(), period.into()).await.unwrap();
        (shown.value.snapshot().status, shown.value.snapshot().threshold_version)
    };
    assert_eq!(colour("2026-10").await, (Some(Orange), Some(1)));
    org.put(&kpi, "2026-11", "91").await;
    assert_eq!(colour("2026-11").await, (Some(Green), Some(2)));

    org.kpis.set_thresholds(&org.manager, set(&kpi, cuts("99/95"), Some("2026-08"))).await.unwrap();
    close(&org, "2026-08-31").await;
    let recompute = |dry_run| Recompute { kpi_id: kpi.id(), from: "2026-08".to_owned(), dry_run };
    let preview = org.kpis.recompute(&org.manager, recompute(true)).await.unwrap();
    let told: Vec<(String, Option<Status>, Option<Status>, bool)> = preview
        .periods
        .iter()
        .map(|period| (period.period.key(), period.old_status, period.new_status, period.locked))
        .collect();
    assert_eq!(
        told,
        [
            ("2026-08".to_owned(), Some(Orange), Some(Orange), true),
            ("2026-09".to_owned(), Some(Orange), Some(Red), false),
            ("2026-10".to_owned(), Some(Orange), Some(Red), false),
            ("2026-11".to_owned(), Some(Green), Some(Red), false),
        ]
    );
    assert_eq!(preview.changed(), 3);
    assert_eq!(colour("2026-10").await, (Some(Orange), Some(1)));

    let done = org.kpis.recompute(&org.manager, recompute(false)).await.unwrap();
    assert_eq!((done.changed(), done.dry_run), (3, false));
    assert_eq!(colour("2026-10").await, (Some(Red), Some(3)));
    assert_eq!(colour("2026-08").await, (Some(Orange), Some(1)));
    let revisions = org.kpis.revisions(&org.manager, kpi.id(), "2026-10".into()).await.unwrap();
    let last = revisions.last().unwrap();
    assert_eq!((last.source, last.old_status, last.new_status), (Source::Recompute, Some(Orange), Some(Red)));
    assert_eq!((&last.old_entry, &last.new_entry), (&Some(number("91")), &Some(number("91"))));
    let again = org.kpis.recompute(&org.manager, recompute(false)).await.unwrap();
    assert_eq!(again.changed(), 0);
    let recomputed = org.store.audit_trail(org.id);
    let recomputed = recomputed.iter().filter(|entry| entry.action == "kpi.recomputed");
    assert_eq!(recomputed.count(), 2);
    let denied = org.kpis.recompute(&org.user(), recompute(true)).await;
    assert!(matches!(denied, Err(KpiError::Denied(_))));
}

#[tokio::test]
async fn a_closed_period_takes_the_right_and_a_reason() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    close(&org, "2026-10-31").await;
    let put = record(&kpi, "2026-10", number("1"));
    let outcome = org.kpis.put_value(&org.manager, put.clone()).await;
    assert!(
        matches!(outcome, Err(KpiError::PeriodLocked { closed_through }) if closed_through == date("2026-10-31"))
    );
    let blank = RecordValue { override_reason: Some(" ".to_owned()), ..put.clone() };
    assert_eq!(errors_of(org.kpis.put_value(&org.manager, blank).await), ["override_reason:required"]);
    let with_reason = RecordValue { override_reason: Some("audit".to_owned()), ..put };
    org.kpis.put_value(&org.manager, with_reason.clone()).await.unwrap();
    let revisions = org.kpis.revisions(&org.manager, kpi.id(), "2026-10".into()).await.unwrap();
    assert!(revisions[0].overrides_lock);
    assert_eq!(revisions[0].reason.as_deref(), Some("audit"));

    let owner = org.user();
    let hand_over = crate::ChangeKpi { owner_id: Some(owner.actor()), ..crate::ChangeKpi::of(kpi.id()) };
    org.kpis.change_kpi(&org.manager, hand_over).await.unwrap();
    let denied = org.kpis.put_value(&owner, with_reason).await;
    assert!(matches!(denied, Err(KpiError::Denied(denied)) if denied.0 == Permission::PeriodClose));
    let locked = org.kpis.delete_value(&owner, delete(&kpi, "2026-10")).await;
    assert!(matches!(locked, Err(KpiError::PeriodLocked { .. })));
    let trail = org.store.audit_trail(org.id);
    assert!(trail.iter().any(|entry| entry.action == "value.recorded_in_closed_period"));
}

#[tokio::test]
async fn closings_are_set_moved_and_opened() {
    let org = Org::new();
    let put = async |frequency, through: Option<&str>| {
        let command = PutClosing { frequency, closed_through: through.map(date) };
        org.kpis.put_closing(&org.manager, command).await
    };
    put(Frequency::Monthly, Some("2026-09-30")).await.unwrap();
    put(Frequency::Daily, Some("2026-11-20")).await.unwrap();
    put(Frequency::Monthly, Some("2026-10-31")).await.unwrap();
    let closings = org.kpis.closings(&org.user()).await.unwrap();
    let told: Vec<(Frequency, String)> =
        closings.iter().map(|closing| (closing.frequency, closing.closed_through.to_string())).collect();
    assert_eq!(
        told,
        [(Frequency::Daily, "2026-11-20".to_owned()), (Frequency::Monthly, "2026-10-31".to_owned())]
    );
    assert_eq!(put(Frequency::Daily, None).await.unwrap(), None);
    assert_eq!(org.kpis.closings(&org.manager).await.unwrap().len(), 1);
    assert_eq!(
        errors_of(put(Frequency::Yearly, Some("2026-11-21")).await),
        ["frequency:not_supported", "closed_through:date_in_future"]
    );
    let command = PutClosing { frequency: Frequency::Daily, closed_through: None };
    assert!(matches!(org.kpis.put_closing(&org.user(), command).await, Err(KpiError::Denied(_))));
}

#[tokio::test]
async fn later_thresholds_begin_after_what_is_closed() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    close(&org, "2026-06-30").await;
    let version = org.kpis.set_thresholds(&org.manager, set(&kpi, cuts("85/80"), None)).await.unwrap();
    assert_eq!(version.effective_from, Some(date("2026-07-01")));
    let bad = set(&kpi, cuts("80/85"), Some("2026-W01"));
    assert_eq!(
        errors_of(org.kpis.set_thresholds(&org.manager, bad).await),
        ["threshold_orange:threshold_order", "effective_from:period_frequency_mismatch"]
    );
}

#[tokio::test]
async fn a_series_has_every_period_with_its_state_and_thresholds() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    org.put(&kpi, "2026-09", "91").await;
    org.kpis.set_thresholds(&org.manager, set(&kpi, cuts("85/80"), None)).await.unwrap();
    let query = |from: Option<&str>, to: Option<&str>| SeriesQuery {
        kpi_id: kpi.id(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
    };
    let series = org.kpis.series(&org.manager, query(Some("2026-08"), Some("2026-12"))).await.unwrap();
    let told: Vec<(String, PeriodState, Option<String>, String)> = series
        .points
        .iter()
        .map(|point| {
            let display = point.value.as_ref().and_then(|shown| shown.display.clone());
            let green = point.thresholds.green().unwrap().to_string();
            (point.period.key(), point.state, display, green)
        })
        .collect();
    let row = |key: &str, state, display: Option<&str>, green: &str| {
        (key.to_owned(), state, display.map(str::to_owned), green.to_owned())
    };
    assert_eq!(
        told,
        [
            row("2026-08", PeriodState::Late, None, "95"),
            row("2026-09", PeriodState::Provided, Some("91.00"), "95"),
            row("2026-10", PeriodState::Late, None, "95"),
            row("2026-11", PeriodState::Open, None, "85"),
            row("2026-12", PeriodState::Future, None, "85"),
        ]
    );
    let usual = org.kpis.series(&org.manager, query(None, None)).await.unwrap().points;
    assert_eq!(
        (usual.len(), usual[0].period.key(), usual[23].period.key()),
        (24, "2024-12".to_owned(), "2026-11".to_owned())
    );
    let outcome = org.kpis.series(&org.manager, query(Some("2026-02"), Some("2026-01"))).await;
    assert_eq!(errors_of(outcome), ["to:period_order"]);
    let outcome = org.kpis.series(&org.manager, query(Some("1900-01"), None)).await;
    assert_eq!(errors_of(outcome), ["from:range_too_long"]);
}

#[tokio::test]
async fn the_first_of_two_writers_wins() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let value = org.put(&kpi, "2026-10", "90").await.shown.value;
    let mut first = org.store.begin(&org.manager).await.unwrap();
    let mut second = org.store.begin(&org.manager).await.unwrap();
    first.values().remove(&value).await.unwrap();
    second.values().remove(&value).await.unwrap();
    first.commit().await.unwrap();
    assert!(matches!(second.commit().await, Err(StoreError::Stale)));

    let mut first = org.store.begin(&org.manager).await.unwrap();
    let mut second = org.store.begin(&org.manager).await.unwrap();
    first.values().insert(&value).await.unwrap();
    second.values().insert(&value).await.unwrap();
    second.commit().await.unwrap();
    assert!(matches!(first.commit().await, Err(StoreError::Conflict(RULE_VALUE_PERIOD))));
}
