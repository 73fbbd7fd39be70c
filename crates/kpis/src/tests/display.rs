use super::support::{cuts, dec, down, up};
use crate::{Direction, Thresholds, display};
use proptest::prelude::*;
use rstest::rstest;
use rust_decimal::Decimal;
use vigie_kernel::Dec;

#[rstest]
#[case::crossing_orange(up("95/85"), "84.96", 1, "84.96")]
#[case::already_there(up("95/85"), "85.04", 1, "85.0")]
#[case::far_away(up("95/85"), "91.6666666667", 2, "91.67")]
#[case::padded(up("95/85"), "90", 2, "90.00")]
#[case::no_decimals(up("95/85"), "90.4", 0, "90")]
#[case::just_under_green(up("95/85"), "94.9999999999", 2, "94.9999999999")]
#[case::down(down("5/10"), "5.004", 2, "5.004")]
#[case::no_minus_zero(up("95/85"), "-0.001", 2, "0.00")]
fn numbers_are_shown_in_their_colour(
    #[case] thresholds: Thresholds,
    #[case] value: &str,
    #[case] decimals: u8,
    #[case] shown: &str,
) {
    assert_eq!(display(dec(value), decimals, &thresholds), shown);
}

proptest! {
    #[test]
    fn what_is_shown_has_the_colour_of_what_is_stored(
        units in -10_000_000_i64..10_000_000,
        scale in 0_u32..=10,
        decimals in 0_u8..=6,
        green in -100_i64..100,
        gap in 0_i64..50,
    ) {
        let value = Dec::try_from(Decimal::new(units, scale)).unwrap();
        let thresholds =
            Thresholds::try_new(Direction::UpIsBetter, &cuts(&format!("{green}/{}", green - gap))).unwrap();
        let shown = display(value, decimals, &thresholds);
        prop_assert_eq!(thresholds.status(dec(&shown)), thresholds.status(value));
    }
}
