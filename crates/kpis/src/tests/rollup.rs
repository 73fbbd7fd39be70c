use super::support::{dec, up};
use crate::{Counts, Policy, RollUpInput, Status, StatusReason, roll_up, score};
use proptest::prelude::*;
use rstest::rstest;
use vigie_kernel::Dec;

fn scored(weight: &str, value: &str) -> RollUpInput {
    let thresholds = up("95/90");
    RollUpInput {
        status: thresholds.status(dec(value)),
        reason: StatusReason::Ok,
        score: score(&thresholds, dec(value)),
        weight: dec(weight),
        critical: false,
        stale: false,
    }
}

fn without(weight: &str, reason: StatusReason) -> RollUpInput {
    RollUpInput { status: None, reason, score: None, weight: dec(weight), critical: false, stale: false }
}

#[test]
fn the_published_vector() {
    let inputs = [scored("2", "95"), scored("1", "80"), without("1", StatusReason::NoData)];
    let weighted = roll_up(&inputs, Policy::Weighted);
    assert_eq!(weighted.score, Some(dec("44.4444")));
    assert_eq!(weighted.coverage, dec("0.75"));
    assert_eq!(weighted.headline, Some(Status::Orange));
    assert_eq!(roll_up(&inputs, Policy::Worst).headline, Some(Status::Red));
    assert_eq!(weighted.counts, Counts { green: 1, red: 1, no_data: 1, ..Counts::default() });
}

#[test]
fn everything_is_counted_once_and_stale_beside() {
    let mut inputs = vec![
        scored("1", "95"),
        scored("1", "91"),
        scored("1", "10"),
        without("1", StatusReason::NoData),
        without("1", StatusReason::FormulaError),
        without("1", StatusReason::NoThresholds),
        without("1", StatusReason::NotApplicable),
    ];
    inputs[0].stale = true;
    let counts = roll_up(&inputs, Policy::Weighted).counts;
    let expected =
        Counts { green: 1, orange: 1, red: 1, no_data: 2, no_thresholds: 1, not_applicable: 1, stale: 1 };
    assert_eq!(counts, expected);
}

#[rstest]
#[case::half_is_enough(&[("1", "100")], "1", Some(Status::Green), "0.5")]
#[case::less_is_not(&[("1", "100")], "1.1", None, "0.4762")]
fn coverage_decides_whether_there_is_a_headline(
    #[case] measured: &[(&str, &str)],
    #[case] missing: &str,
    #[case] headline: Option<Status>,
    #[case] coverage: &str,
) {
    let mut inputs: Vec<RollUpInput> = measured.iter().map(|(weight, value)| scored(weight, value)).collect();
    inputs.push(without(missing, StatusReason::NoData));
    for policy in Policy::ALL {
        let rolled = roll_up(&inputs, *policy);
        assert_eq!((rolled.headline, rolled.coverage), (headline, dec(coverage)), "{policy:?}");
    }
}

#[test]
fn not_applicable_leaves_score_and_coverage() {
    let rolled = roll_up(&[scored("1", "100"), without("9", StatusReason::NotApplicable)], Policy::Weighted);
    assert_eq!((rolled.score, rolled.coverage), (Some(dec("100")), dec("1")));
}

#[test]
fn weights_of_zero_are_equal_weights_when_all_are() {
    let equal = roll_up(&[scored("0", "100"), scored("0", "85")], Policy::Weighted);
    assert_eq!((equal.score, equal.coverage), (Some(dec("50")), dec("1")));
    let one_counts = roll_up(&[scored("0", "100"), scored("1", "85")], Policy::Weighted);
    assert_eq!(one_counts.score, Some(dec("0")));
}

#[test]
fn a_red_critical_kpi_forbids_green() {
    let mut inputs = [scored("9", "100"), scored("1", "10")];
    assert_eq!(roll_up(&inputs, Policy::CriticalCap).headline, Some(Status::Green));
    inputs[1].critical = true;
    assert_eq!(roll_up(&inputs, Policy::CriticalCap).headline, Some(Status::Orange));
    assert_eq!(roll_up(&inputs, Policy::Weighted).headline, Some(Status::Green));
}

#[test]
fn nothing_rolls_up_to_nothing() {
    let rolled = roll_up(&[], Policy::CriticalCap);
    assert_eq!((rolled.score, rolled.headline, rolled.coverage), (None, None, Dec::ZERO));
    let unweighed = roll_up(&[without("0", StatusReason::NoData)], Policy::Worst);
    assert_eq!((unweighed.score, unweighed.headline, unweighed.coverage), (None, None, Dec::ZERO));
}

proptest! {
    #[test]
    fn kpis_that_are_all_on_a_cut_point_stay_on_it(count in 1_usize..40, weight in 1_i64..1000) {
        let weight = weight.to_string();
        let green = vec![scored(&weight, "95"); count];
        prop_assert_eq!(roll_up(&green, Policy::Weighted).headline, Some(Status::Green));
        let orange = vec![scored(&weight, "90"); count];
        let rolled = roll_up(&orange, Policy::Weighted);
        prop_assert_eq!(rolled.headline, Some(Status::Orange));
        prop_assert_eq!(rolled.score, Some(dec("33.3333")));
    }

    #[test]
    fn a_score_lies_between_the_worst_and_the_best(values in prop::collection::vec((0_i64..5, 80_i64..105), 1..20)) {
        let inputs: Vec<RollUpInput> =
            values.iter().map(|(weight, value)| scored(&weight.to_string(), &value.to_string())).collect();
        let rolled = roll_up(&inputs, Policy::Weighted).score.unwrap();
        let scores = inputs.iter().filter_map(|input| input.score);
        prop_assert!(scores.clone().min().unwrap() <= rolled && rolled <= scores.max().unwrap());
    }
}
