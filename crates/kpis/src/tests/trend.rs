use super::support::{band, dec, down, up};
use crate::{Direction, Thresholds, Trend, TrendQuality, TrendRules, movement};
use rstest::rstest;

#[rstest]
#[case::up_is_better(up("95/90"), "90", "95", Trend::Up, TrendQuality::Improving)]
#[case::up_falls(up("95/90"), "95", "90", Trend::Down, TrendQuality::Degrading)]
#[case::down_is_better(down("5/10"), "10", "5", Trend::Down, TrendQuality::Improving)]
#[case::down_rises(down("5/10"), "5", "10", Trend::Up, TrendQuality::Degrading)]
#[case::one_percent_is_flat(up("95/90"), "100", "101", Trend::Flat, TrendQuality::Stable)]
#[case::more_is_not(up("95/90"), "100", "101.01", Trend::Up, TrendQuality::Improving)]
#[case::equal_as_shown(up("95/90"), "0.001", "0.004", Trend::Flat, TrendQuality::Stable)]
#[case::from_zero(up("95/90"), "0", "1", Trend::Up, TrendQuality::Improving)]
#[case::towards_the_band(band("40/45/55/60"), "70", "60", Trend::Down, TrendQuality::Improving)]
#[case::away_from_the_band(band("40/45/55/60"), "50", "30", Trend::Down, TrendQuality::Degrading)]
#[case::within_the_band(band("40/45/55/60"), "46", "54", Trend::Up, TrendQuality::Stable)]
#[case::neutral(Thresholds::unset(Direction::Neutral), "1", "2", Trend::Up, TrendQuality::Unknown)]
fn movements(
    #[case] thresholds: Thresholds,
    #[case] previous: &str,
    #[case] last: &str,
    #[case] trend: Trend,
    #[case] quality: TrendQuality,
) {
    let moved = movement(Some(dec(previous)), Some(dec(last)), &TrendRules::usual(&thresholds, 2, ""));
    assert_eq!((moved.trend, moved.quality), (trend, quality));
}

#[test]
fn the_change_is_told_in_units_percent_and_points() {
    let thresholds = up("95/90");
    let moved = movement(Some(dec("80")), Some(dec("90")), &TrendRules::usual(&thresholds, 2, "%"));
    assert_eq!(moved.change, Some(dec("10")));
    assert_eq!(moved.change_pct, Some(dec("12.5")));
    assert_eq!(moved.change_pp, Some(dec("10")));
    let negative = movement(Some(dec("-80")), Some(dec("-90")), &TrendRules::usual(&thresholds, 2, "t"));
    assert_eq!((negative.change_pct, negative.change_pp), (Some(dec("-12.5")), None));
    let from_zero = movement(Some(dec("0")), Some(dec("90")), &TrendRules::usual(&thresholds, 2, "%"));
    assert_eq!(from_zero.change_pct, None);
}

#[test]
fn one_number_is_no_trend() {
    let thresholds = up("95/90");
    let moved = movement(None, Some(dec("90")), &TrendRules::usual(&thresholds, 2, "%"));
    assert_eq!((moved.trend, moved.quality, moved.change), (Trend::Unknown, TrendQuality::Unknown, None));
}
