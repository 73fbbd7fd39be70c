//! The score 0 to 100, which carries further than a colour: it can be averaged.
//!
//! A score is stored with 4 decimals. 100/3 and 200/3, the scores of the two cut points, have no end; they are stored as
//! [`ORANGE_SCORE`] and [`GREEN_SCORE`], no worse value is ever rounded up to them, and sums are made in thirds
//! of a point, where both are whole. So a stored score never contradicts its colour.

use crate::{Band, Direction, Status, Thresholds, thresholds::Shape};
use rust_decimal::{Decimal, RoundingStrategy};
use vigie_kernel::Dec;

/// Stored form of 200/3: a score is at least this exactly when the colour is green.
pub const GREEN_SCORE: Decimal = Decimal::from_parts(666_667, 0, 0, false, 4);
/// Stored form of 100/3: a score is at least this exactly when the colour is not red.
pub const ORANGE_SCORE: Decimal = Decimal::from_parts(333_333, 0, 0, false, 4);
/// One unit of the last decimal of a stored score.
const STEP: Decimal = Decimal::from_parts(1, 0, 0, false, 4);
/// Decimals of a stored score.
pub(crate) const SCORE_DECIMALS: u32 = 4;

/// The score of a number, 0 (worst) to 100 (best), rounded half-even at 4 decimals; `None` without thresholds.
///
/// Piecewise linear through 0 at the red anchor, 100/3 at orange, 200/3 at green and 100 as far beyond green as
/// orange lies before it. A green cut point alone, or equal cut points, leave 100 and 0. In a band the score is that
/// of the nearer edge.
#[must_use]
pub fn score(thresholds: &Thresholds, value: Dec) -> Option<Dec> {
    let status = thresholds.status(value)?;
    let value = value.get();
    let thirds = match thresholds.shape() {
        Shape::Unset => return None,
        Shape::Cuts { green, orange, red } => {
            let sign = match thresholds.direction() {
                Direction::DownIsBetter => Decimal::NEGATIVE_ONE,
                Direction::UpIsBetter | Direction::InBand | Direction::Neutral => Decimal::ONE,
            };
            let side = |cut: Dec| cut.get() * sign;
            rising(value * sign, side(*green), orange.map(side), red.map(side))
        }
        Shape::Band(Band { green_low, green_high, orange }) => {
            let low = rising(value, green_low.get(), orange.map(|(low, _)| low.get()), None);
            let high = rising(-value, -green_high.get(), orange.map(|(_, high)| -high.get()), None);
            low.min(high)
        }
    };
    Some(from_thirds(thirds, status))
}

/// The score in thirds of a point, 0 to 300, of a number that should rise.
fn rising(value: Decimal, green: Decimal, orange: Option<Decimal>, red: Option<Decimal>) -> Decimal {
    let hundred = Decimal::ONE_HUNDRED;
    let whole = if value >= green { hundred * Decimal::from(3) } else { Decimal::ZERO };
    let Some(orange) = orange.filter(|orange| *orange != green) else {
        return whole;
    };
    let span = green - orange;
    if value >= green {
        let beyond = value - green;
        return if beyond >= span { whole } else { hundred * (Decimal::TWO + beyond / span) };
    }
    if value >= orange {
        return hundred * (Decimal::ONE + (value - orange) / span);
    }
    let fall = red.filter(|red| *red != orange).map_or(span, |red| orange - red);
    let below = orange - value;
    if below >= fall { Decimal::ZERO } else { hundred * (Decimal::ONE - below / fall) }
}

/// A score from thirds of a point, rounded without leaving the colour.
pub(crate) fn from_thirds(thirds: Decimal, status: Status) -> Dec {
    let (least, most) = match status {
        Status::Green => (GREEN_SCORE, Decimal::ONE_HUNDRED),
        Status::Orange => (ORANGE_SCORE, GREEN_SCORE - STEP),
        Status::Red => (Decimal::ZERO, ORANGE_SCORE - STEP),
    };
    let rounded = (thirds / Decimal::from(3))
        .round_dp_with_strategy(SCORE_DECIMALS, RoundingStrategy::MidpointNearestEven);
    Dec::try_from(rounded.clamp(least, most)).unwrap_or_default()
}

/// A stored score in thirds of a point, where the two cut points are whole.
pub(crate) fn to_thirds(score: Dec) -> Decimal {
    let score = score.get();
    if score == GREEN_SCORE {
        Decimal::from(200)
    } else if score == ORANGE_SCORE {
        Decimal::ONE_HUNDRED
    } else {
        score * Decimal::from(3)
    }
}
