//! The text of a number, which never shows another colour than the number has.

use crate::Thresholds;
use rust_decimal::{Decimal, RoundingStrategy};
use vigie_kernel::{Dec, ROUNDED_DIGITS};

/// The most decimals that a KPI may ask for.
pub const MAX_DISPLAY_DECIMALS: u8 = 6;

/// A number at so many decimals, half away from zero, as people round.
#[must_use]
pub fn round_for_display(value: Dec, decimals: u8) -> Decimal {
    value.get().round_dp_with_strategy(u32::from(decimals), RoundingStrategy::MidpointAwayFromZero)
}

/// The text of a number with a fixed count of decimals and a point. Where rounding would carry it over a cut point,
/// decimals are added until it does not: 84.96 is not shown as 85.0 when orange begins at 85.
#[must_use]
pub fn display(value: Dec, decimals: u8, thresholds: &Thresholds) -> String {
    let status = thresholds.status(value);
    let keeps_colour = |decimals: u32| {
        let rounded = value.get().round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
        Dec::try_from(rounded).is_ok_and(|rounded| thresholds.status(rounded) == status).then_some(rounded)
    };
    let wanted = u32::from(decimals);
    let shown = (wanted..=ROUNDED_DIGITS)
        .find_map(|decimals| keeps_colour(decimals).map(|rounded| (rounded, decimals)));
    let (mut rounded, decimals) = shown.unwrap_or((value.get(), ROUNDED_DIGITS));
    rounded.rescale(decimals);
    if rounded.is_zero() {
        rounded.set_sign_positive(true);
    }
    rounded.to_string()
}
