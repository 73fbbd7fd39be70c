//! One figure and one colour of many KPIs.

use crate::score::{SCORE_DECIMALS, from_thirds, to_thirds};
use crate::{Policy, Status, StatusReason};
use rust_decimal::{Decimal, RoundingStrategy};
use vigie_kernel::Dec;

/// What one KPI brings into a roll-up: its latest closed period.
#[derive(Clone, Copy, Debug)]
pub struct RollUpInput {
    /// The colour, or none.
    pub status: Option<Status>,
    /// Why.
    pub reason: StatusReason,
    /// The stored score.
    pub score: Option<Dec>,
    /// The KPI's weight, zero or more.
    pub weight: Dec,
    /// Whether a red here forbids green under [`Policy::CriticalCap`].
    pub critical: bool,
    /// Whether a value is overdue.
    pub stale: bool,
}

/// How many KPIs stand where. `stale` is counted beside the others, which add up to all KPIs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Green ones.
    pub green: u32,
    /// Orange ones.
    pub orange: u32,
    /// Red ones.
    pub red: u32,
    /// Without a value, or with a formula that failed.
    pub no_data: u32,
    /// With a value that no thresholds judged.
    pub no_thresholds: u32,
    /// Declared not applicable.
    pub not_applicable: u32,
    /// With an overdue value.
    pub stale: u32,
}

/// The figure and the colour of many KPIs, with the policy that made it and how much it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollUp {
    /// How many stand where.
    pub counts: Counts,
    /// Weights with a score over all weights, 0 to 1, 4 decimals. Not-applicable KPIs have left both.
    pub coverage: Dec,
    /// Weighted mean of the scores, 0 to 100, 4 decimals; `None` without any.
    pub score: Option<Dec>,
    /// The colour; `None` when less than half is covered.
    pub headline: Option<Status>,
    /// The policy that made the headline.
    pub policy: Policy,
}

impl Counts {
    fn add(&mut self, input: &RollUpInput) {
        let place = match (input.status, input.reason) {
            (Some(Status::Green), _) => &mut self.green,
            (Some(Status::Orange), _) => &mut self.orange,
            (Some(Status::Red), _) => &mut self.red,
            (None, StatusReason::NotApplicable) => &mut self.not_applicable,
            (None, StatusReason::NoThresholds) => &mut self.no_thresholds,
            (
                None,
                StatusReason::Ok | StatusReason::NoData | StatusReason::FormulaError | StatusReason::Neutral,
            ) => &mut self.no_data,
        };
        *place += 1;
        if input.stale {
            self.stale += 1;
        }
    }

    fn worst(&self) -> Option<Status> {
        if self.red > 0 {
            Some(Status::Red)
        } else if self.orange > 0 {
            Some(Status::Orange)
        } else if self.green > 0 {
            Some(Status::Green)
        } else {
            None
        }
    }
}

/// Rolls KPIs up. Neutral KPIs have no place in it (the caller leaves them out); when every weight is zero all weigh the same.
#[must_use]
pub fn roll_up(inputs: &[RollUpInput], policy: Policy) -> RollUp {
    let mut counts = Counts::default();
    for input in inputs {
        counts.add(input);
    }
    let inside = || inputs.iter().filter(|input| input.reason != StatusReason::NotApplicable);
    let equal = inside().all(|input| input.weight <= Dec::ZERO);
    let weight = |input: &RollUpInput| if equal { Decimal::ONE } else { input.weight.get() };
    let all: Decimal = inside().map(weight).sum();
    let mut scored = Decimal::ZERO;
    let mut thirds = Decimal::ZERO;
    for (input, score) in inside().filter_map(|input| input.score.map(|score| (input, score))) {
        scored += weight(input);
        thirds += weight(input) * to_thirds(score);
    }
    let coverage = scored
        .checked_div(all)
        .map(|part| part.round_dp_with_strategy(SCORE_DECIMALS, RoundingStrategy::MidpointNearestEven))
        .and_then(|part| Dec::try_from(part).ok())
        .unwrap_or(Dec::ZERO);
    let weighted = (!scored.is_zero()).then(|| colour_of_sum(thirds, scored));
    let score = weighted.map(|status| from_thirds(thirds / scored, status));
    let red_critical = inputs.iter().any(|input| input.critical && input.status == Some(Status::Red));
    let enough = !scored.is_zero() && scored * Decimal::TWO >= all;
    let headline = match policy {
        Policy::Worst => counts.worst(),
        Policy::CriticalCap if red_critical && weighted == Some(Status::Green) => Some(Status::Orange),
        Policy::Weighted | Policy::CriticalCap => weighted,
    };
    RollUp { counts, coverage, score, headline: headline.filter(|_| enough), policy }
}

/// The colour of a weighted mean, compared before dividing: many KPIs exactly on green stay green.
fn colour_of_sum(thirds: Decimal, weights: Decimal) -> Status {
    if thirds >= weights * Decimal::from(200) {
        Status::Green
    } else if thirds >= weights * Decimal::ONE_HUNDRED {
        Status::Orange
    } else {
        Status::Red
    }
}
