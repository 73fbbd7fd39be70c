//! What is recorded for a period, and the colour that it gets.

use crate::{Direction, Status, StatusReason, Thresholds, score::score, thresholds::Shape};
use vigie_kernel::Dec;

/// What is recorded for a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A number in the KPI's unit.
    Number(Dec),
    /// Nothing to measure that period, and why. Counts as provided, leaves roll-ups and aggregations.
    NotApplicable {
        /// Why, in the words of whoever recorded it.
        reason: String,
    },
}

impl Entry {
    /// The number, or `None` when not applicable.
    #[must_use]
    pub const fn number(&self) -> Option<Dec> {
        match self {
            Self::Number(number) => Some(*number),
            Self::NotApplicable { .. } => None,
        }
    }
}

/// The colour, its reason and the score of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The colour, or none.
    pub status: Option<Status>,
    /// Why.
    pub reason: StatusReason,
    /// 0 to 100 with at most 4 decimals; there exactly when there is a colour.
    pub score: Option<Dec>,
}

impl Judgement {
    const fn none(reason: StatusReason) -> Self {
        Self { status: None, reason, score: None }
    }
}

impl Thresholds {
    /// The colour of a number, `None` without thresholds. Total: every number has exactly one colour, and both cut points
    /// belong to their better side.
    #[must_use]
    pub fn status(&self, value: Dec) -> Option<Status> {
        match self.shape() {
            Shape::Unset => None,
            Shape::Cuts { green, orange, .. } => {
                let reaches = |cut: Dec| match self.direction() {
                    Direction::DownIsBetter => value <= cut,
                    Direction::UpIsBetter | Direction::InBand | Direction::Neutral => value >= cut,
                };
                Some(if reaches(*green) {
                    Status::Green
                } else if orange.is_some_and(reaches) {
                    Status::Orange
                } else {
                    Status::Red
                })
            }
            Shape::Band(band) => {
                let within = |low: Dec, high: Dec| low <= value && value <= high;
                Some(if within(band.green_low, band.green_high) {
                    Status::Green
                } else if band.orange.is_some_and(|(low, high)| within(low, high)) {
                    Status::Orange
                } else {
                    Status::Red
                })
            }
        }
    }

    /// The colour, reason and score of what was recorded; `None` is a period without a value.
    #[must_use]
    pub fn judge(&self, entry: Option<&Entry>) -> Judgement {
        let value = match entry {
            None => return Judgement::none(StatusReason::NoData),
            Some(Entry::NotApplicable { .. }) => return Judgement::none(StatusReason::NotApplicable),
            Some(Entry::Number(value)) => *value,
        };
        match (self.direction(), self.status(value)) {
            (Direction::Neutral, _) => Judgement::none(StatusReason::Neutral),
            (Direction::UpIsBetter | Direction::DownIsBetter | Direction::InBand, None) => {
                Judgement::none(StatusReason::NoThresholds)
            }
            (Direction::UpIsBetter | Direction::DownIsBetter | Direction::InBand, status @ Some(_)) => {
                Judgement { status, reason: StatusReason::Ok, score: score(self, value) }
            }
        }
    }
}
