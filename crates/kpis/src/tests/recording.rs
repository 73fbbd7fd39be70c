use super::support::{Org, date, dec, number, record};
use crate::{
    Act, BulkJudge, ChangeKpi, Decision, Entry, Kpi, KpiDefinition, KpiReads, KpiService, KpiStore, NewEntry,
    RecordMode, RecordRefusal, Source, Status, Value,
};
use proptest::prelude::*;
use rstest::rstest;
use vigie_kernel::testing::CountedIds;
use vigie_kernel::{Clock, Frequency, Period};

async fn reads(org: &Org) -> Box<dyn KpiReads> {
    org.store.read(&org.manager).await.unwrap()
}

async fn definition(org: &Org, kpi: &Kpi) -> KpiDefinition {
    reads(org).await.definition(kpi.id()).await.unwrap().unwrap()
}

fn act(org: &Org, mode: RecordMode) -> Act {
    Act {
        at: org.clock.now(),
        today: date("2026-11-20"),
        actor: org.manager.actor(),
        source: Source::Import,
        mode,
        import_run_id: None,
        override_reason: None,
    }
}

fn entry(period: &str, value: &str) -> NewEntry {
    NewEntry {
        period: Period::parse(period, Frequency::Monthly).unwrap(),
        entry: number(value),
        comment: None,
    }
}

fn judge(definition: KpiDefinition, org: &Org, act: Act) -> BulkJudge {
    BulkJudge::new(&org.manager, [definition], act)
}

fn inserted(decision: Decision) -> Value {
    let Decision::Inserted(written) = decision else { panic!("not inserted: {decision:?}") };
    written.value
}

#[tokio::test]
async fn an_inserted_value_carries_its_judgement() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let judge = judge(definition(&org, &kpi).await, &org, act(&org, RecordMode::Upsert));
    let decision = judge.decide(kpi.id(), None, entry("2026-10", "92.5"), &CountedIds::default());
    let Decision::Inserted(written) = decision.unwrap() else { panic!("not inserted") };
    let value = written.value.snapshot();
    assert_eq!((value.status, value.score), (Some(Status::Orange), Some(dec("50"))));
    assert_eq!((value.threshold_version, value.version, value.source), (Some(1), 1, Source::Import));
    let revision = written.revision;
    assert_eq!((revision.old_entry, revision.new_entry), (None, Some(number("92.5"))));
    assert_eq!((revision.old_status, revision.new_status), (None, Some(Status::Orange)));
    assert!(!revision.overrides_lock);
}

#[rstest]
#[case::create_refuses_even_the_same(RecordMode::Create, "92.5", "value_exists")]
#[case::upsert_same(RecordMode::Upsert, "92.5", "unchanged")]
#[case::upsert_other(RecordMode::Upsert, "93", "updated")]
#[case::skip_same(RecordMode::Skip, "92.5", "unchanged")]
#[case::skip_other(RecordMode::Skip, "93", "skipped")]
#[case::reject_same(RecordMode::Reject, "92.5", "unchanged")]
#[case::reject_other(RecordMode::Reject, "93", "value_exists")]
#[tokio::test]
async fn what_is_there_meets_what_comes(
    #[case] mode: RecordMode,
    #[case] value: &str,
    #[case] outcome: &str,
) {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let definition = definition(&org, &kpi).await;
    let ids = CountedIds::default();
    let first = judge(definition.clone(), &org, act(&org, RecordMode::Create));
    let there = inserted(first.decide(kpi.id(), None, entry("2026-10", "92.5"), &ids).unwrap());
    let judge = judge(definition, &org, act(&org, mode));
    let decision = judge.decide(kpi.id(), Some(&there), entry("2026-10", value), &ids);
    let told = match decision {
        Ok(Decision::Inserted(_)) => "inserted",
        Ok(Decision::Updated(written)) => {
            assert_eq!(written.value.snapshot().version, 2);
            assert_eq!(written.revision.old_entry, Some(number("92.5")));
            "updated"
        }
        Ok(Decision::Unchanged) => "unchanged",
        Ok(Decision::Skipped) => "skipped",
        Err(refusal) => refusal.code(),
    };
    assert_eq!(told, outcome);
}

#[tokio::test]
async fn periods_outside_the_life_of_a_kpi_are_refused() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let change = ChangeKpi {
        start_period: Some(Some("2026-03-15".to_owned())),
        end_period: Some(Some("2026-10".to_owned())),
        ..ChangeKpi::of(kpi.id())
    };
    org.kpis.change_kpi(&org.manager, change).await.unwrap();
    let definition = definition(&org, &kpi).await;
    let judge = judge(definition, &org, act(&org, RecordMode::Upsert));
    let decide =
        |period: &str| judge.decide(kpi.id(), None, entry(period, "1"), &CountedIds::default()).map(|_| ());
    let (first, last) = (date("2026-03-01"), date("2026-10-01"));
    assert_eq!(decide("2026-02"), Err(RecordRefusal::PeriodBeforeStart { first }));
    assert_eq!(decide("2026-03"), Ok(()));
    assert_eq!(decide("2026-10"), Ok(()));
    assert_eq!(decide("2026-11"), Err(RecordRefusal::PeriodAfterEnd { last }));
    let today = date("2026-11-20");
    assert_eq!(decide("2026-12"), Err(RecordRefusal::PeriodInFuture { today }));
}

#[tokio::test]
async fn a_judge_knows_its_kpis_and_its_actor() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let definition = definition(&org, &kpi).await;
    let ids = CountedIds::default();
    let stranger = BulkJudge::new(&org.user(), [definition.clone()], act(&org, RecordMode::Upsert));
    let refusal = stranger.decide(kpi.id(), None, entry("2026-10", "1"), &ids).unwrap_err();
    assert_eq!(refusal.code(), "kpi_forbidden");
    let nobody = BulkJudge::new(&org.manager, [], act(&org, RecordMode::Upsert));
    let refusal = nobody.decide(kpi.id(), None, entry("2026-10", "1"), &ids).unwrap_err();
    assert_eq!(refusal, RecordRefusal::KpiUnknown(kpi.id()));
    let week = NewEntry {
        period: Period::parse("2026-W07", Frequency::Weekly).unwrap(),
        entry: number("1"),
        comment: None,
    };
    let judge = judge(definition, &org, act(&org, RecordMode::Upsert));
    let refusal = judge.decide(kpi.id(), None, week, &ids).unwrap_err();
    assert_eq!(refusal.code(), "period_frequency_mismatch");
}

#[tokio::test]
async fn a_closed_period_takes_a_reason() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let ids = CountedIds::default();
    let mut closed = definition(&org, &kpi).await;
    closed.closed_through = Some(date("2026-10-31"));
    let plain = judge(closed.clone(), &org, act(&org, RecordMode::Upsert));
    let refusal = plain.decide(kpi.id(), None, entry("2026-10", "1"), &ids).unwrap_err();
    assert_eq!(refusal, RecordRefusal::PeriodLocked { closed_through: date("2026-10-31") });
    let with_reason =
        Act { override_reason: Some("late invoice".to_owned()), ..act(&org, RecordMode::Upsert) };
    let over = judge(closed, &org, with_reason);
    let revision = |period: &str| {
        let decision = over.decide(kpi.id(), None, entry(period, "1"), &ids).unwrap();
        let Decision::Inserted(written) = decision else { panic!("not inserted: {decision:?}") };
        (written.revision.overrides_lock, written.revision.reason)
    };
    assert_eq!(revision("2026-10"), (true, Some("late invoice".to_owned())));
    assert_eq!(revision("2026-11"), (false, None));
}

#[tokio::test]
async fn the_same_value_may_come_again_into_a_closed_period() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let there = org.put(&kpi, "2026-10", "92.5").await.shown.value;
    let mut closed = definition(&org, &kpi).await;
    closed.closed_through = Some(date("2026-10-31"));
    let judge = judge(closed, &org, act(&org, RecordMode::Upsert));
    let again = judge.decide(kpi.id(), Some(&there), entry("2026-10", "92.5"), &CountedIds::default());
    assert_eq!(again, Ok(Decision::Unchanged));
}

#[tokio::test]
async fn a_comment_is_kept_unless_another_one_comes() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let with_comment = |comment: Option<Option<&str>>, value: &str| crate::RecordValue {
        comment: comment.map(|comment| comment.map(str::to_owned)),
        ..record(&kpi, "2026-10", number(value))
    };
    let put = async |command| {
        let recorded = org.kpis.put_value(&org.manager, command).await.unwrap();
        let snapshot = recorded.shown.value.snapshot().clone();
        (snapshot.comment, snapshot.version)
    };
    let strike = Some("strike".to_owned());
    assert_eq!(put(with_comment(Some(Some(" strike ")), "80")).await, (strike.clone(), 1));
    assert_eq!(put(with_comment(None, "80")).await, (strike.clone(), 1));
    assert_eq!(put(with_comment(None, "81")).await, (strike, 2));
    assert_eq!(put(with_comment(Some(None), "81")).await, (None, 3));
}

fn any_step() -> impl Strategy<Value = (u32, i64, u8)> {
    (1_u32..=12, 0_i64..4, 0_u8..4)
}

proptest! {
    /// Whatever comes in whatever order, the last revision of a period tells what is there, and each tells what was before.
    #[test]
    fn revisions_chain(steps in prop::collection::vec(any_step(), 1..40)) {
        let org = Org::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let kpi = runtime.block_on(org.service_rate());
        let definition = runtime.block_on(definition(&org, &kpi));
        let ids = CountedIds::default();
        let mut values: std::collections::HashMap<u32, Value> = std::collections::HashMap::new();
        let mut last: std::collections::HashMap<u32, Entry> = std::collections::HashMap::new();
        for (month, value, mode) in steps {
            let mode = [RecordMode::Create, RecordMode::Upsert, RecordMode::Skip, RecordMode::Reject][usize::from(mode)];
            let new = entry(&format!("2025-{month:02}"), &value.to_string());
            let wanted = new.entry.clone();
            let before = values.get(&month).cloned();
            let decision = crate::decide(&definition, before.as_ref(), new, &act(&org, mode), &ids);
            match decision {
                Ok(Decision::Inserted(written) | Decision::Updated(written)) => {
                    prop_assert_eq!(written.revision.old_entry.as_ref(), last.get(&month));
                    prop_assert_eq!(&written.value.snapshot().entry, &wanted);
                    prop_assert_ne!(written.revision.old_entry.as_ref(), Some(&wanted));
                    last.insert(month, wanted);
                    values.insert(month, written.value);
                }
                Ok(Decision::Unchanged) => prop_assert_eq!(last.get(&month), Some(&wanted)),
                Ok(Decision::Skipped) => prop_assert_eq!(mode, RecordMode::Skip),
                Err(refusal) => prop_assert_eq!(refusal.code(), "value_exists"),
            }
        }
    }
}
