//! Where the last number went from the one before, and whether that is good news.

use crate::attainment::percent;
use crate::thresholds::Shape;
use crate::{Direction, Thresholds, Trend, TrendQuality, round_for_display};
use rust_decimal::Decimal;
use vigie_kernel::Dec;

/// What a movement is judged by.
#[derive(Clone, Copy, Debug)]
pub struct TrendRules<'a> {
    /// The KPI's direction, and its band when it has one.
    pub thresholds: &'a Thresholds,
    /// Decimals at which two numbers are told apart.
    pub display_decimals: u8,
    /// A change of at most so many percent of the previous number is flat.
    pub flat_pct: Dec,
    /// Whether the unit is the percent, so that a change has percentage points.
    pub in_percent: bool,
}

impl<'a> TrendRules<'a> {
    /// The usual rules: one percent is flat.
    #[must_use]
    pub fn usual(thresholds: &'a Thresholds, display_decimals: u8, unit: &str) -> Self {
        Self { thresholds, display_decimals, flat_pct: Dec::ONE, in_percent: unit == "%" }
    }
}

/// A movement between two closed periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Where it went.
    pub trend: Trend,
    /// Whether that is good news.
    pub quality: TrendQuality,
    /// The last number minus the previous one.
    pub change: Option<Dec>,
    /// The change in percent of the previous number's size, 4 decimals; `None` when that is zero.
    pub change_pct: Option<Dec>,
    /// The change in percentage points, when the unit is the percent.
    pub change_pp: Option<Dec>,
}

/// The movement from the previous to the last number. Not-applicable periods and the open one are for the caller to leave out.
#[must_use]
pub fn movement(previous: Option<Dec>, last: Option<Dec>, rules: &TrendRules<'_>) -> Movement {
    let Some((previous, last)) = previous.zip(last) else {
        return Movement {
            trend: Trend::Unknown,
            quality: TrendQuality::Unknown,
            change: None,
            change_pct: None,
            change_pp: None,
        };
    };
    let (before, after) = (previous.get(), last.get());
    let change = after - before;
    let shown = |value| round_for_display(value, rules.display_decimals);
    let flat = shown(previous) == shown(last)
        || change.abs() <= before.abs() / Decimal::ONE_HUNDRED * rules.flat_pct.get();
    let trend = if flat {
        Trend::Flat
    } else if change > Decimal::ZERO {
        Trend::Up
    } else {
        Trend::Down
    };
    let exact = Dec::try_from(change).ok();
    Movement {
        trend,
        quality: quality(trend, before, after, rules.thresholds),
        change: exact,
        change_pct: percent(change, before.abs()),
        change_pp: exact.filter(|_| rules.in_percent),
    }
}

fn quality(trend: Trend, before: Decimal, after: Decimal, thresholds: &Thresholds) -> TrendQuality {
    match (thresholds.direction(), trend) {
        (Direction::Neutral, _) | (_, Trend::Unknown) => TrendQuality::Unknown,
        (Direction::UpIsBetter | Direction::DownIsBetter | Direction::InBand, Trend::Flat) => {
            TrendQuality::Stable
        }
        (Direction::UpIsBetter, Trend::Up) | (Direction::DownIsBetter, Trend::Down) => {
            TrendQuality::Improving
        }
        (Direction::UpIsBetter, Trend::Down) | (Direction::DownIsBetter, Trend::Up) => {
            TrendQuality::Degrading
        }
        (Direction::InBand, Trend::Up | Trend::Down) => band_quality(before, after, thresholds),
    }
}

/// Nearer to the green band is better; inside it, every number is as good as another.
fn band_quality(before: Decimal, after: Decimal, thresholds: &Thresholds) -> TrendQuality {
    let Shape::Band(band) = thresholds.shape() else {
        return TrendQuality::Unknown;
    };
    let (low, high) = (band.green_low.get(), band.green_high.get());
    let distance = |value: Decimal| (low - value).max(value - high).max(Decimal::ZERO);
    match distance(after).cmp(&distance(before)) {
        std::cmp::Ordering::Less => TrendQuality::Improving,
        std::cmp::Ordering::Equal => TrendQuality::Stable,
        std::cmp::Ordering::Greater => TrendQuality::Degrading,
    }
}
