//! How far a plan is.

use crate::{ActionSnapshot, ActionStatus};
use vigie_kernel::Dec;

/// The progress of a plan, 0..=100: the mean over its actions that are not cancelled; `None` when there is none.
///
/// An action on which nobody has told a progress counts 0, unlike a KPI without data, which a roll-up leaves out.
pub fn plan_progress<'a>(actions: impl IntoIterator<Item = &'a ActionSnapshot>) -> Option<Dec> {
    let counted = actions.into_iter().filter(|action| action.status != ActionStatus::Cancelled);
    let (sum, count) =
        counted.fold((0_i64, 0_i64), |(sum, count), action| (sum + i64::from(action.progress), count + 1));
    if count == 0 {
        return None;
    }
    Dec::rounded(Dec::from(sum).get() / Dec::from(count).get()).ok()
}
