//! What a period of a KPI is on a given day: running, due, late, provided, closed.

use crate::{Entry, PeriodState, is_locked};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use vigie_kernel::{Frequency, Period, WorkingDays};

/// The organization's calendar on the day from which periods are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    /// The date on the organization's wall.
    pub today: NaiveDate,
    /// Days on which daily KPIs are expected.
    pub working_days: WorkingDays,
    /// Everything that ended on or before this date is closed.
    pub closed_through: Option<NaiveDate>,
}

/// Which periods of a KPI should have a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// How often.
    pub frequency: Frequency,
    /// A date of the first expected period, when the KPI names one.
    pub start: Option<NaiveDate>,
    /// The date on which the KPI was defined, from which values are expected when it names no start and has no value.
    pub defined_on: NaiveDate,
    /// A date of the last expected period; `None` when there is no end.
    pub end: Option<NaiveDate>,
    /// Days after the end of a period within which a value is on time.
    pub grace_days: u8,
}

fn due_date(period: Period, grace_days: u8) -> NaiveDate {
    let end = period.end();
    end.checked_add_days(Days::new(u64::from(grace_days))).unwrap_or(end)
}

/// The last instant at which a value is on time: 23:59:59 on the organization's wall, the days of grace after the period's end.
#[must_use]
pub fn due_at(period: Period, grace_days: u8, zone: Tz) -> DateTime<Utc> {
    let last_second = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default();
    let local = due_date(period, grace_days).and_time(last_second);
    // A clock that jumps over this second has no such instant: one right beside the jump is meant.
    zone.from_local_datetime(&local)
        .latest()
        .map_or_else(|| (local - zone.offset_from_utc_datetime(&local).fix()).and_utc(), |at| at.to_utc())
}

/// Whether a value is expected at all: daily KPIs skip the days on which the organization does not work.
#[must_use]
pub fn is_expected(period: Period, working_days: WorkingDays) -> bool {
    match period.frequency() {
        Frequency::Daily => working_days.includes(period.start()),
        Frequency::Weekly | Frequency::Monthly | Frequency::Quarterly | Frequency::Yearly => true,
    }
}

/// What the period is. A closed period is `LOCKED` whatever it holds; a period that is not expected never becomes due.
#[must_use]
pub fn period_state(
    period: Period,
    entry: Option<&Entry>,
    grace_days: u8,
    calendar: &Calendar,
) -> PeriodState {
    if is_locked(period, calendar.closed_through) {
        return PeriodState::Locked;
    }
    match entry {
        Some(Entry::Number(_)) => return PeriodState::Provided,
        Some(Entry::NotApplicable { .. }) => return PeriodState::NotApplicable,
        None => {}
    }
    let today = calendar.today;
    if period.start() > today {
        PeriodState::Future
    } else if today <= period.end() || !is_expected(period, calendar.working_days) {
        PeriodState::Open
    } else if today <= due_date(period, grace_days) {
        PeriodState::Due
    } else {
        PeriodState::Late
    }
}

/// Whether at least one expected period after the last value is late on that day.
///
/// `last_value` is the latest closed period with a value, not-applicable ones included; without any, periods are expected
/// from the KPI's start, or from its definition.
#[must_use]
pub fn is_stale(
    last_value: Option<Period>,
    expectation: &Expectation,
    working_days: WorkingDays,
    as_of: NaiveDate,
) -> bool {
    let of = |date| Period::containing(date, expectation.frequency);
    let start = expectation.start.map(of);
    let mut period = match (last_value.map(|last| last.next()), start) {
        (Some(next), Some(start)) if next.start() < start.start() => start,
        (Some(next), Some(_) | None) => next,
        (None, start) => start.unwrap_or_else(|| of(expectation.defined_on)),
    };
    // Periods are looked at in order, and a later one is never late before an earlier one: the first expected one decides.
    while !is_expected(period, working_days) {
        if period.start() > as_of {
            return false;
        }
        period = period.next();
    }
    expectation.end.is_none_or(|end| period.start() <= of(end).start())
        && due_date(period, expectation.grace_days) < as_of
}
