use super::support::{band, dec, down, up};
use crate::{Direction, GREEN_SCORE, ORANGE_SCORE, Status, ThresholdFields, Thresholds, attainment, score};
use proptest::prelude::*;
use rstest::rstest;
use rust_decimal::Decimal;
use vigie_kernel::Dec;

#[rstest]
#[case(up("95/90"), &[("85", "0"), ("87.5", "16.6667"), ("90", "33.3333"), ("92.5", "50"), ("95", "66.6667"), ("97.5", "83.3333"), ("100", "100"), ("101", "100")])]
#[case(up("95/90/70"), &[("80", "16.6667"), ("70", "0"), ("60", "0"), ("90", "33.3333")])]
#[case(up("95/90/90"), &[("87.5", "16.6667"), ("85", "0")])]
#[case(down("5/10"), &[("0", "100"), ("2.5", "83.3333"), ("5", "66.6667"), ("7.5", "50"), ("10", "33.3333"), ("12.5", "16.6667"), ("15", "0"), ("16", "0")])]
#[case(up("90/90"), &[("90", "100"), ("89.99", "0")])]
#[case(up("95"), &[("95", "100"), ("94", "0")])]
#[case(down("5/5/9"), &[("5", "100"), ("7", "0")])]
#[case(band("40/45/55/60"), &[("50", "100"), ("45", "66.6667"), ("55", "66.6667"), ("40", "33.3333"), ("60", "33.3333"), ("35", "0"), ("65", "0")])]
fn vectors(#[case] thresholds: Thresholds, #[case] expected: &[(&str, &str)]) {
    for (value, points) in expected {
        assert_eq!(score(&thresholds, dec(value)), Some(dec(points)), "{value}");
    }
}

#[test]
fn a_score_never_rounds_into_a_better_colour() {
    assert_eq!(score(&up("95/90"), dec("94.9999999999")), Some(dec("66.6666")));
    assert_eq!(score(&up("95/90"), dec("89.9999999999")), Some(dec("33.3332")));
    assert_eq!(score(&Thresholds::unset(Direction::UpIsBetter), dec("1")), None);
}

#[test]
fn the_largest_numbers_have_a_score() {
    let most = "999999999999999999.9999999999";
    let widest = up(&format!("{most}/-{most}/-{most}"));
    for value in [most, "0", "0.0000000001", &format!("-{most}")] {
        assert!(score(&widest, dec(value)).is_some(), "{value}");
    }
    assert_eq!(attainment(Direction::UpIsBetter, dec(most), dec("0.0000000001"), None), None);
}

#[rstest]
#[case(Direction::UpIsBetter, "1.35", "1.5", Some("1.0"), Some("70"))]
#[case(Direction::DownIsBetter, "420", "400", Some("500"), Some("80"))]
#[case(Direction::UpIsBetter, "120", "100", None, Some("120"))]
#[case(Direction::DownIsBetter, "90", "100", None, Some("110"))]
#[case(Direction::UpIsBetter, "1", "0", None, None)]
#[case(Direction::UpIsBetter, "1", "5", Some("5"), None)]
#[case(Direction::InBand, "1", "5", None, None)]
fn attainments(
    #[case] direction: Direction,
    #[case] value: &str,
    #[case] target: &str,
    #[case] baseline: Option<&str>,
    #[case] expected: Option<&str>,
) {
    assert_eq!(attainment(direction, dec(value), dec(target), baseline.map(dec)), expected.map(dec));
}

fn any_dec() -> impl Strategy<Value = Dec> {
    prop_oneof![
        (-2000_i64..2000, 0_u32..4),
        (-999_999_999_999_999_999_i64..=999_999_999_999_999_999, 0_u32..=10),
    ]
    .prop_map(|(units, scale)| Dec::try_from(Decimal::new(units, scale)).unwrap())
}

fn any_thresholds() -> impl Strategy<Value = Thresholds> {
    let cuts = (any_dec(), any_dec(), any_dec(), any_dec(), 0_u8..5, any::<bool>());
    cuts.prop_map(|(a, b, c, d, shape, rises)| {
        let mut cuts = [a, b, c, d];
        cuts.sort();
        let [lowest, low, high, highest] = cuts;
        let (direction, green, orange, red) = if rises {
            (Direction::UpIsBetter, highest, high, low)
        } else {
            (Direction::DownIsBetter, lowest, low, high)
        };
        let (direction, fields) = match shape {
            0 => (direction, ThresholdFields::cuts(Some(green), None, None)),
            1 => (direction, ThresholdFields::cuts(Some(green), Some(orange), None)),
            2 => (direction, ThresholdFields::cuts(Some(green), Some(orange), Some(red))),
            3 => (direction, ThresholdFields::cuts(Some(green), Some(green), Some(red))),
            _ => (
                Direction::InBand,
                ThresholdFields {
                    orange_low: Some(lowest),
                    green_low: Some(low),
                    green_high: Some(high),
                    orange_high: Some(highest),
                    ..ThresholdFields::default()
                },
            ),
        };
        Thresholds::try_new(direction, &fields).unwrap()
    })
}

proptest! {
    #[test]
    fn score_and_colour_agree(thresholds in any_thresholds(), value in any_dec(), near in -2_i64..=2) {
        let edge = thresholds.fields().orange.or(thresholds.fields().green_low).unwrap_or(value);
        let beside = Dec::try_from(edge.get() + Decimal::new(near, 10)).unwrap_or(value);
        for value in [value, edge, beside] {
            let status = thresholds.status(value).unwrap();
            let points = score(&thresholds, value).unwrap().get();
            prop_assert!(points >= Decimal::ZERO && points <= Decimal::ONE_HUNDRED && points.scale() <= 4);
            prop_assert_eq!(points >= GREEN_SCORE, status == Status::Green);
            prop_assert_eq!(points >= ORANGE_SCORE, status != Status::Red);
        }
    }

    #[test]
    fn a_better_number_never_scores_less(thresholds in any_thresholds(), a in any_dec(), b in any_dec()) {
        let (low, high) = (a.min(b), a.max(b));
        let (low, high) = (score(&thresholds, low), score(&thresholds, high));
        match thresholds.direction() {
            Direction::UpIsBetter => prop_assert!(low <= high),
            Direction::DownIsBetter => prop_assert!(low >= high),
            Direction::InBand | Direction::Neutral => {}
        }
    }
}
