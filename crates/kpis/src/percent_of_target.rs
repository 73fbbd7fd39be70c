//! Thresholds given in percent of a period's target.

use crate::thresholds::{check_cuts, told};
use crate::{Direction, ThresholdFields, Thresholds};
use rust_decimal::Decimal;
use vigie_kernel::{Dec, FieldError, FieldErrors};

/// The thresholds that percentages of a target come to; works for negative targets, and a target of zero makes every cut
/// point zero. Without a target there are no thresholds.
///
/// Codes: `out_of_range` for a percentage outside ]0, 1000], those of [`Thresholds::try_new`], and `not_supported` on
/// `direction` for KPIs that should neither rise nor fall.
pub fn percent_of_target(
    direction: Direction,
    percentages: &ThresholdFields,
    target: Option<Dec>,
) -> Result<Thresholds, FieldErrors> {
    let mut errors = FieldErrors::new();
    if matches!(direction, Direction::InBand | Direction::Neutral) {
        return Err(FieldError::new("direction", "not_supported").with("direction", direction.name()).into());
    }
    let named = [
        ("threshold_green", percentages.green),
        ("threshold_orange", percentages.orange),
        ("threshold_red", percentages.red),
    ];
    for (field, percent) in named {
        if percent.is_some_and(|percent| percent <= Dec::ZERO || percent > Dec::from(1000)) {
            let error = FieldError::new(field, "out_of_range").with("min", 0).with("max", 1000);
            errors.push(told(error, direction, percentages));
        }
    }
    check_cuts(direction, percentages, &mut errors);
    errors.into_result()?;
    let Some(target) = target else {
        return Ok(Thresholds::unset(direction));
    };
    // UP: T - (100 - p)/100 * |T|; DOWN: T + (p - 100)/100 * |T|. They are the same line.
    let cut = |percent: Dec| {
        let target = target.get();
        let off = (percent.get() - Decimal::ONE_HUNDRED) / Decimal::ONE_HUNDRED;
        Dec::rounded(target + off * target.abs())
    };
    let mut errors = FieldErrors::new();
    let mut cuts = ThresholdFields::default();
    for ((field, percent), place) in named.into_iter().zip([&mut cuts.green, &mut cuts.orange, &mut cuts.red])
    {
        *place = percent.and_then(|percent| {
            errors.keep(cut(percent).map_err(|error| FieldError::new(field, error.code())))
        });
    }
    errors.into_result()?;
    Thresholds::try_new(direction, &cuts)
}
