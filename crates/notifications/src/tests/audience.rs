use super::{ANA, BOB, EVE, action, comment, import, kpi, kpi_id, user};
use crate::audience::{Draft, of_comment, of_ended_import, of_given_action, of_red_import, of_red_kpi};
use crate::{CommentTarget, Content, ImportResult, RedKpi};
use chrono::NaiveDate;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use vigie_kernel::UserId;

fn october() -> NaiveDate {
    "2026-10-01".parse().unwrap()
}

fn users<const N: usize>(numbers: [u128; N]) -> BTreeSet<UserId> {
    numbers.map(user).into()
}

#[test]
fn an_action_is_told_to_whom_it_was_given_as_long_as_it_is_his() {
    let told = |owner, to, by| of_given_action(&action(owner), user(to), user(by)).recipients;
    assert_eq!(told(Some(BOB), BOB, ANA), users([BOB]));
    assert_eq!(told(Some(BOB), BOB, BOB), users([]), "he took it himself");
    assert_eq!(told(Some(EVE), BOB, ANA), users([]), "it went on to another");
    assert_eq!(told(None, BOB, ANA), users([]));
}

#[test]
fn a_red_kpi_is_told_to_its_owners_but_not_to_who_recorded_it() {
    let told = |by| of_red_kpi(&kpi(1, BOB, ANA), october(), user(by)).recipients;
    assert_eq!(told(EVE), users([ANA, BOB]));
    assert_eq!(told(BOB), users([ANA]));
    assert_eq!(told(ANA), users([BOB]));
}

#[test]
fn a_comment_is_told_to_whose_thing_it_is_about() {
    let told = |target, by| of_comment(&comment(1, target), user(by)).recipients;
    let of_bob = || CommentTarget::Kpi(kpi(1, BOB, ANA));
    assert_eq!(told(of_bob(), EVE), users([BOB]));
    assert_eq!(told(of_bob(), BOB), users([]));
    assert_eq!(told(CommentTarget::Action(action(Some(BOB))), EVE), users([ANA, BOB]));
    assert_eq!(told(CommentTarget::Action(action(Some(BOB))), BOB), users([ANA]));
    assert_eq!(told(CommentTarget::Action(action(None)), ANA), users([]));
}

#[test]
fn the_end_of_an_import_is_told_to_who_waits_for_it() {
    let told = |result, in_background, by| {
        of_ended_import(&import(result), in_background, user(by)).map(|draft| draft.recipients)
    };
    assert_eq!(told(Some(ImportResult::Success), true, ANA), Some(users([ANA])));
    assert_eq!(told(Some(ImportResult::Failed), true, ANA), Some(users([ANA])));
    assert_eq!(told(Some(ImportResult::Success), false, ANA), None, "he had the answer at once");
    assert_eq!(told(Some(ImportResult::Cancelled), true, ANA), None, "he stopped it himself");
    assert_eq!(told(Some(ImportResult::Cancelled), true, BOB), Some(users([ANA])));
    assert_eq!(told(None, true, ANA), None, "it goes on");
}

#[test]
fn an_owner_is_told_once_of_all_that_an_import_turned_red() {
    let kpis: Vec<_> = (1..=5).map(|number| kpi(number, BOB, if number == 1 { EVE } else { BOB })).collect();
    let red: Vec<_> = (1..=5).map(|number| RedKpi { kpi: kpi_id(number), period_start: october() }).collect();
    let drafts = of_red_import(&import(None), &red, &kpis);
    let content = |who: u128| {
        let mine = |draft: &&Draft| draft.recipients == users([who]);
        drafts.iter().find(mine).map(|draft| draft.content.clone()).unwrap()
    };
    assert_eq!(drafts.len(), 2);
    let Content::KpisTurnedRed { count, names, .. } = content(BOB) else { panic!("not several") };
    assert_eq!((count, names), (5, ["KPI 1", "KPI 2", "KPI 3"].map(str::to_owned).to_vec()));
    let Content::KpiTurnedRed { kpi_id: id, period, import, .. } = content(EVE) else { panic!("not one") };
    assert_eq!((id, period.as_str(), import.is_some()), (kpi_id(1), "2026-10", true));
}

proptest! {
    /// However the KPIs are owned: each owner gets one notification, and it counts exactly his.
    #[test]
    fn what_an_import_turned_red_is_told_completely(owners in prop::collection::vec((0_u128..5, 0_u128..5), 0..40)) {
        let kpis: Vec<_> = owners.iter().zip(1..).map(|((owner, dashboard), number)| kpi(number, *owner, *dashboard)).collect();
        let red: Vec<_> = kpis.iter().map(|kpi| RedKpi { kpi: kpi.id, period_start: october() }).collect();
        let mut expected: BTreeMap<UserId, usize> = BTreeMap::new();
        for (owner, dashboard) in owners {
            for concerned in BTreeSet::from([owner, dashboard]) {
                *expected.entry(user(concerned)).or_default() += 1;
            }
        }
        let drafts = of_red_import(&import(None), &red, &kpis);
        let parts: BTreeSet<_> = drafts.iter().map(|draft| draft.part.clone()).collect();
        prop_assert_eq!(parts.len(), drafts.len(), "two notifications would have one key");
        let told: BTreeMap<UserId, usize> = drafts
            .iter()
            .map(|draft| {
                let count =
                    if let Content::KpisTurnedRed { count, .. } = &draft.content { *count } else { 1 };
                assert_eq!(draft.recipients.len(), 1);
                (*draft.recipients.first().unwrap(), count)
            })
            .collect();
        prop_assert_eq!(told, expected);
    }
}
