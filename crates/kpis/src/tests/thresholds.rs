use super::support::{cuts, dec, told};
use crate::{Direction, ThresholdFields, Thresholds, percent_of_target};
use rstest::rstest;

fn refused(direction: Direction, fields: &ThresholdFields) -> Vec<String> {
    Thresholds::try_new(direction, fields).map_or_else(|errors| told(&errors), |_| Vec::new())
}

#[rstest]
#[case::none(Direction::UpIsBetter, "")]
#[case::green_only(Direction::UpIsBetter, "95")]
#[case::down_green_only(Direction::DownIsBetter, "5")]
#[case::up(Direction::UpIsBetter, "95/90")]
#[case::up_collapsed(Direction::UpIsBetter, "90/90")]
#[case::up_with_red(Direction::UpIsBetter, "95/90/80")]
#[case::up_red_equals_orange(Direction::UpIsBetter, "95/90/90")]
#[case::down(Direction::DownIsBetter, "5/10")]
#[case::down_with_red(Direction::DownIsBetter, "5/10/20")]
#[case::down_red_equals_orange(Direction::DownIsBetter, "5/10/10")]
#[case::down_negative(Direction::DownIsBetter, "-2/0")]
#[case::neutral_without_any(Direction::Neutral, "")]
#[case::band_without_any(Direction::InBand, "")]
fn is_accepted(#[case] direction: Direction, #[case] text: &str) {
    let thresholds = Thresholds::try_new(direction, &cuts(text)).unwrap();
    assert_eq!(thresholds.fields(), cuts(text));
    assert_eq!(Thresholds::restore(direction, &thresholds.fields()), thresholds);
}

#[rstest]
#[case::up_order(Direction::UpIsBetter, "90/95", &["threshold_orange:threshold_order"])]
#[case::down_order(Direction::DownIsBetter, "10/5", &["threshold_orange:threshold_order"])]
#[case::up_red_order(Direction::UpIsBetter, "95/90/91", &["threshold_red:threshold_order"])]
#[case::down_red_order(Direction::DownIsBetter, "5/10/9", &["threshold_red:threshold_order"])]
#[case::both_orders(Direction::UpIsBetter, "90/95/96", &["threshold_orange:threshold_order", "threshold_red:threshold_order"])]
#[case::orange_alone(Direction::UpIsBetter, "/90", &["threshold_green:threshold_incomplete"])]
#[case::red_without_orange(Direction::DownIsBetter, "5//20", &["threshold_orange:threshold_incomplete"])]
#[case::red_alone(Direction::UpIsBetter, "//80", &["threshold_green:threshold_incomplete", "threshold_orange:threshold_incomplete"])]
#[case::neutral(Direction::Neutral, "95", &["threshold_green:threshold_shape"])]
#[case::cuts_on_a_band(Direction::InBand, "95/90", &["threshold_green:threshold_shape", "threshold_orange:threshold_shape"])]
fn is_refused(#[case] direction: Direction, #[case] text: &str, #[case] errors: &[&str]) {
    assert_eq!(refused(direction, &cuts(text)), errors);
}

#[test]
fn the_error_carries_the_numbers_and_the_direction() {
    let errors = Thresholds::try_new(Direction::UpIsBetter, &cuts("90/95/80")).unwrap_err();
    let params: Vec<(&str, &str)> =
        errors.as_slice()[0].params.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(params, [("direction", "UP_IS_BETTER"), ("green", "90"), ("orange", "95"), ("red", "80")]);
}

fn band_fields(text: &str) -> ThresholdFields {
    let mut ends = text.split('/').map(|part| (!part.is_empty()).then(|| dec(part)));
    let mut next = || ends.next().flatten();
    ThresholdFields {
        orange_low: next(),
        green_low: next(),
        green_high: next(),
        orange_high: next(),
        ..ThresholdFields::default()
    }
}

#[rstest]
#[case("40/45/55/60", &[])]
#[case("45/45/45/45", &[])]
#[case("/45/55/", &[])]
#[case("46/45/55/60", &["threshold_orange_low:threshold_order"])]
#[case("40/56/55/60", &["threshold_green_high:threshold_order"])]
#[case("40/45/55/54", &["threshold_orange_high:threshold_order"])]
#[case("40/45//60", &["threshold_green_high:threshold_incomplete"])]
#[case("40/45/55/", &["threshold_orange_high:threshold_incomplete"])]
#[case("/45/55/60", &["threshold_orange_low:threshold_incomplete"])]
#[case("40///60", &["threshold_green_low:threshold_incomplete", "threshold_green_high:threshold_incomplete"])]
fn bands(#[case] text: &str, #[case] errors: &[&str]) {
    assert_eq!(refused(Direction::InBand, &band_fields(text)), errors);
}

#[test]
fn band_fields_do_not_fit_a_direction() {
    let fields = ThresholdFields { green_low: Some(dec("1")), ..cuts("95") };
    assert_eq!(refused(Direction::DownIsBetter, &fields), ["threshold_green_low:threshold_shape"]);
}

#[rstest]
#[case::up(Direction::UpIsBetter, "95/90", "200", "190/180")]
#[case::stretch(Direction::UpIsBetter, "110/100", "200", "220/200")]
#[case::up_negative_target(Direction::UpIsBetter, "100/90", "-50", "-50/-55")]
#[case::down(Direction::DownIsBetter, "100/110", "50", "50/55")]
#[case::down_negative_target(Direction::DownIsBetter, "100/110", "-50", "-50/-45")]
#[case::zero(Direction::UpIsBetter, "100/90", "0", "0/0")]
#[case::with_anchor(Direction::UpIsBetter, "100/90/50", "10", "10/9/5")]
fn percentages_of_a_target(
    #[case] direction: Direction,
    #[case] percentages: &str,
    #[case] target: &str,
    #[case] expected: &str,
) {
    let thresholds = percent_of_target(direction, &cuts(percentages), Some(dec(target))).unwrap();
    assert_eq!(thresholds.fields(), cuts(expected));
}

#[rstest]
#[case(Direction::UpIsBetter, "90/95", &["threshold_orange:threshold_order"])]
#[case(Direction::DownIsBetter, "110/100", &["threshold_orange:threshold_order"])]
#[case(Direction::UpIsBetter, "0", &["threshold_green:out_of_range"])]
#[case(Direction::UpIsBetter, "1000.1/-1", &["threshold_green:out_of_range", "threshold_orange:out_of_range"])]
#[case(Direction::UpIsBetter, "/90", &["threshold_green:threshold_incomplete"])]
#[case(Direction::InBand, "90", &["direction:not_supported"])]
fn percentages_that_are_refused(
    #[case] direction: Direction,
    #[case] percentages: &str,
    #[case] errors: &[&str],
) {
    let outcome = percent_of_target(direction, &cuts(percentages), Some(dec("100")));
    assert_eq!(told(&outcome.unwrap_err()), errors);
}

#[test]
fn percentages_of_no_target_are_no_thresholds() {
    let thresholds = percent_of_target(Direction::UpIsBetter, &cuts("95/90"), None).unwrap();
    assert!(!thresholds.is_set());
    let huge = percent_of_target(Direction::UpIsBetter, &cuts("1000"), Some(dec("999999999999999999")));
    assert_eq!(told(&huge.unwrap_err()), ["threshold_green:number_out_of_range"]);
}
