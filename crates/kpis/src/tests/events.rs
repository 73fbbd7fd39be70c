//! When a KPI turned red.

use super::support::{Org, date, number, record};
use crate::{ChangeKpi, DeleteValue, Entry, Kpi, KpiService, KpiTurnedRed, Source, Status};
use proptest::prelude::*;
use std::collections::BTreeMap;
use vigie_jobs::Job;
use vigie_kernel::UserId;

fn told(org: &Org) -> Vec<KpiTurnedRed> {
    let announced = org.store.announced(org.id);
    assert!(announced.iter().all(|message| message.name == KpiTurnedRed::NAME));
    announced.into_iter().map(|message| serde_json::from_value(message.payload).unwrap()).collect()
}

/// A KPI that somebody else than the manager owns, who records its values.
async fn of_another(org: &Org) -> Kpi {
    let kpi = org.service_rate().await;
    let change = ChangeKpi { owner_id: Some(org.user().actor()), ..ChangeKpi::of(kpi.id()) };
    org.kpis.change_kpi(&org.manager, change).await.unwrap()
}

fn periods(org: &Org) -> Vec<String> {
    told(org).iter().map(|event| event.period_start.to_string()).collect()
}

#[tokio::test]
async fn a_kpi_turns_red_once_and_again_only_after_it_was_not() {
    let org = Org::new();
    let kpi = of_another(&org).await;
    for (period, value, so_far) in [
        ("2026-01", "96", 0),
        ("2026-02", "50", 1),
        ("2026-02", "51", 1),
        ("2026-03", "52", 1),
        ("2026-03", "92", 1),
        ("2026-03", "53", 2),
        ("2026-04", "97", 2),
        ("2025-12", "10", 2),
        ("2026-05", "54", 3),
    ] {
        org.put(&kpi, period, value).await;
        assert_eq!(told(&org).len(), so_far, "{period} = {value}");
    }
    assert_eq!(periods(&org), ["2026-02-01", "2026-03-01", "2026-05-01"]);
    let first = told(&org)[0];
    assert_eq!(
        (first.kpi, first.by, first.period_start),
        (kpi.id(), org.manager.actor(), date("2026-02-01"))
    );
}

#[tokio::test]
async fn a_period_without_a_colour_does_not_end_the_red() {
    let org = Org::new();
    let kpi = of_another(&org).await;
    org.put(&kpi, "2026-01", "50").await;
    let idle = Entry::NotApplicable { reason: "nothing ran".to_owned() };
    org.kpis.put_value(&org.manager, record(&kpi, "2026-02", idle)).await.unwrap();
    org.put(&kpi, "2026-03", "50").await;
    org.put(&kpi, "2026-02", "50").await;
    assert_eq!(periods(&org), ["2026-01-01"]);
}

#[tokio::test]
async fn who_turns_his_own_kpi_red_knows_it() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    org.put(&kpi, "2026-01", "50").await;
    assert_eq!(periods(&org), Vec::<String>::new());
}

#[derive(Clone, Debug)]
enum Step {
    Put(u32, &'static str),
    Delete(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..=6_u32, prop::sample::select(vec!["96", "92", "50", "51"])).prop_map(|(month, value)| Step::Put(month, value)),
        1 => (1..=6_u32).prop_map(Step::Delete),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However values come, are changed and go: recording tells exactly when the newest colour becomes red.
    #[test]
    fn every_turn_to_red_by_recording_is_told_once(steps in prop::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let org = Org::new();
            let kpi = of_another(&org).await;
            let mut colours: BTreeMap<u32, Status> = BTreeMap::new();
            let mut turns = 0;
            for step in steps {
                let red = |colours: &BTreeMap<u32, Status>| {
                    colours.values().next_back() == Some(&Status::Red)
                };
                let before = red(&colours);
                match step {
                    Step::Put(month, value) => {
                        let put = org.kpis.put_value(&org.manager, record(&kpi, &format!("2026-{month:02}"), number(value)));
                        let status = put.await.unwrap().shown.value.snapshot().status.unwrap();
                        colours.insert(month, status);
                        turns += usize::from(!before && red(&colours));
                    }
                    Step::Delete(month) => {
                        let command = DeleteValue {
                            kpi_id: kpi.id(),
                            period: format!("2026-{month:02}").as_str().into(),
                            source: Source::Manual,
                            override_reason: None,
                            expected_version: None,
                        };
                        let deleted = org.kpis.delete_value(&org.manager, command).await.is_ok();
                        prop_assert_eq!(deleted, colours.remove(&month).is_some());
                    }
                }
                prop_assert_eq!(told(&org).len(), turns);
            }
            let manager: UserId = org.manager.actor();
            prop_assert!(told(&org).iter().all(|event| event.by == manager));
            Ok(())
        })?;
    }
}
