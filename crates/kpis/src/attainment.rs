//! How much of the way to a target is done. Information only: it never decides a colour.

use crate::{Direction, score::SCORE_DECIMALS};
use rust_decimal::{Decimal, RoundingStrategy};
use vigie_kernel::Dec;

/// A quotient as a percentage with 4 decimals; `None` when it cannot be told or leaves the range of [`Dec`].
pub(crate) fn percent(part: Decimal, whole: Decimal) -> Option<Dec> {
    let percent = part.checked_div(whole)?.checked_mul(Decimal::ONE_HUNDRED)?;
    Dec::try_from(percent.round_dp_with_strategy(SCORE_DECIMALS, RoundingStrategy::MidpointNearestEven)).ok()
}

/// The attainment in percent, not clipped: 120 is news. From the baseline when there is one, else from zero.
///
/// `None` when the target is zero or equals the baseline, and for KPIs that have no better and worse end.
#[must_use]
pub fn attainment(direction: Direction, value: Dec, target: Dec, baseline: Option<Dec>) -> Option<Dec> {
    let (value, target) = (value.get(), target.get());
    match (direction, baseline.map(Dec::get)) {
        (Direction::UpIsBetter, Some(base)) => percent(value - base, target - base),
        (Direction::DownIsBetter, Some(base)) => percent(base - value, base - target),
        (Direction::UpIsBetter, None) => percent(value, target),
        (Direction::DownIsBetter, None) => percent(target + target - value, target),
        (Direction::InBand | Direction::Neutral, _) => None,
    }
}
