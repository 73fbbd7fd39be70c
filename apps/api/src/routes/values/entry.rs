//! What is recorded for a period: a number, or that there is nothing to measure.

use crate::extract::{Checks, DecimalText};
use vigie_kernel::Dec;
use vigie_kpis::Entry;

/// The fields of a request that say what is recorded.
pub(super) struct EntryFields<'a> {
    pub(super) value: Option<&'a DecimalText>,
    pub(super) not_applicable: Option<bool>,
    pub(super) reason: Option<String>,
}

impl EntryFields<'_> {
    /// Either `value`, or `not_applicable: true` with a `reason`.
    pub(super) fn read(self, checks: &mut Checks) -> Entry {
        if self.not_applicable.unwrap_or(false) {
            if self.value.is_some() {
                checks.refuse("value", "value_not_applicable");
            }
            return Entry::NotApplicable { reason: checks.required("reason", self.reason) };
        }
        if self.reason.is_some() {
            checks.refuse("reason", "reason_unexpected");
        }
        if self.value.is_none() {
            checks.refuse("value", "required");
        }
        Entry::Number(checks.decimal("value", self.value).unwrap_or(Dec::ZERO))
    }
}
