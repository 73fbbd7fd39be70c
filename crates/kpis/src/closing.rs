//! Closed periods.

use chrono::{DateTime, NaiveDate, Utc};
use vigie_kernel::{Frequency, Period, UserId};

/// Up to which date the periods of one frequency are closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodClosing {
    /// The frequency that it closes.
    pub frequency: Frequency,
    /// Every period that ends on or before this date is closed.
    pub closed_through: NaiveDate,
    /// When it was last set.
    pub updated_at: DateTime<Utc>,
    /// Who last set it.
    pub updated_by: UserId,
}

/// Whether the period is closed.
#[must_use]
pub fn is_locked(period: Period, closed_through: Option<NaiveDate>) -> bool {
    closed_through.is_some_and(|date| period.end() <= date)
}

/// The first period that is not closed; where nothing is closed, the one that runs today.
#[must_use]
pub fn first_open_period(
    closed_through: Option<NaiveDate>,
    today: NaiveDate,
    frequency: Frequency,
) -> Period {
    let Some(date) = closed_through else {
        return Period::containing(today, frequency);
    };
    let period = Period::containing(date, frequency);
    if period.end() <= date { period.next() } else { period }
}
