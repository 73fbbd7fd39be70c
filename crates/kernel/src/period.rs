//! Periods: normalised intervals of dates (docs: KPI engine, period rules).

use crate::Frequency;
use chrono::{Datelike, Days, IsoWeek, Months, NaiveDate, Weekday};
use std::fmt;
use thiserror::Error;

/// One day, ISO week, month, quarter or year, from its first to its last date, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    frequency: Frequency,
    start: NaiveDate,
}

/// Why a text or a pair of dates is no period of the wanted frequency.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PeriodError {
    /// No date and no period key, or a key of a period that does not exist, such as `2025-W53`.
    #[error("not a date and not the key of a period")]
    Invalid,
    /// A well-formed key of another frequency.
    #[error("a {given} period was given for a {wanted} KPI", given = .given.name(), wanted = .wanted.name())]
    FrequencyMismatch {
        /// The frequency of the key.
        given: Frequency,
        /// The frequency that was wanted.
        wanted: Frequency,
    },
    /// The two dates are not the first and the last date of one period.
    #[error("the dates are not the bounds of one period; those are {start} and {end}")]
    BoundsMismatch {
        /// First date of the period that holds the given start.
        start: NaiveDate,
        /// Last date of the period that holds the given start.
        end: NaiveDate,
    },
}

impl PeriodError {
    /// The field code: `period_invalid`, `period_frequency_mismatch` or `period_bounds_mismatch`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "period_invalid",
            Self::FrequencyMismatch { .. } => "period_frequency_mismatch",
            Self::BoundsMismatch { .. } => "period_bounds_mismatch",
        }
    }
}

/// Years that the product accepts: what four digits and both databases hold.
const YEARS: std::ops::RangeInclusive<i32> = 1000..=9998;

impl Period {
    /// The period of that frequency that holds the date.
    #[must_use]
    pub fn containing(date: NaiveDate, frequency: Frequency) -> Self {
        let start = match frequency {
            Frequency::Daily => date,
            Frequency::Weekly => date.week(Weekday::Mon).checked_first_day().unwrap_or(date),
            Frequency::Monthly => first_of(date.year(), date.month(), date),
            Frequency::Quarterly => first_of(date.year(), date.month0() / 3 * 3 + 1, date),
            Frequency::Yearly => first_of(date.year(), 1, date),
        };
        Self { frequency, start }
    }

    /// Reads a key (`2026-02-10`, `2026-W07`, `2026-02`, `2026-Q1`, `2026`) or any date inside the period.
    ///
    /// A key of another frequency is a mismatch; a full date is always the date inside.
    pub fn parse(text: &str, frequency: Frequency) -> Result<Self, PeriodError> {
        let text = text.trim();
        if let Ok(date) = parse_date(text) {
            return Ok(Self::containing(date, frequency));
        }
        let period = parse_key(text).ok_or(PeriodError::Invalid)?;
        if period.frequency == frequency {
            Ok(period)
        } else {
            Err(PeriodError::FrequencyMismatch { given: period.frequency, wanted: frequency })
        }
    }

    /// The period with exactly these first and last dates.
    pub fn from_bounds(start: NaiveDate, end: NaiveDate, frequency: Frequency) -> Result<Self, PeriodError> {
        if !YEARS.contains(&start.year()) || !YEARS.contains(&end.year()) {
            return Err(PeriodError::Invalid);
        }
        let period = Self::containing(start, frequency);
        if period.start == start && period.end() == end {
            Ok(period)
        } else {
            Err(PeriodError::BoundsMismatch { start: period.start, end: period.end() })
        }
    }

    /// How long the period is.
    #[must_use]
    pub const fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// The first date.
    #[must_use]
    pub const fn start(&self) -> NaiveDate {
        self.start
    }

    /// The last date, included.
    #[must_use]
    pub fn end(&self) -> NaiveDate {
        self.next_start().pred_opt().unwrap_or(self.start)
    }

    /// The period after this one.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { frequency: self.frequency, start: self.next_start() }
    }

    /// The period before this one.
    #[must_use]
    pub fn previous(&self) -> Self {
        Self::containing(self.start.pred_opt().unwrap_or(self.start), self.frequency)
    }

    fn next_start(self) -> NaiveDate {
        let next = match self.frequency {
            Frequency::Daily => self.start.succ_opt(),
            Frequency::Weekly => self.start.checked_add_days(Days::new(7)),
            Frequency::Monthly => self.start.checked_add_months(Months::new(1)),
            Frequency::Quarterly => self.start.checked_add_months(Months::new(3)),
            Frequency::Yearly => self.start.checked_add_months(Months::new(12)),
        };
        next.unwrap_or(self.start)
    }

    /// The canonical key: `2026-02-10`, `2026-W07`, `2026-02`, `2026-Q1` or `2026`.
    #[must_use]
    pub fn key(&self) -> String {
        let (year, month) = (self.start.year(), self.start.month());
        match self.frequency {
            Frequency::Daily => self.start.to_string(),
            Frequency::Weekly => week_key(self.start.iso_week()),
            Frequency::Monthly => format!("{year:04}-{month:02}"),
            Frequency::Quarterly => format!("{year:04}-Q{}", (month - 1) / 3 + 1),
            Frequency::Yearly => format!("{year:04}"),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

fn week_key(week: IsoWeek) -> String {
    format!("{:04}-W{:02}", week.year(), week.week())
}

fn first_of(year: i32, month: u32, otherwise: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(otherwise)
}

fn parse_date(text: &str) -> Result<NaiveDate, PeriodError> {
    let shaped = text.len() == 10 && text.is_ascii();
    let date = shaped.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    date.filter(|date| YEARS.contains(&date.year())).ok_or(PeriodError::Invalid)
}

/// Reads the key of a week, month, quarter or year.
fn parse_key(text: &str) -> Option<Period> {
    let digits = |part: &str, count: usize| {
        (part.len() == count && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<u32>().ok())
            .flatten()
    };
    let (year, rest) = text.split_once('-').map_or((text, None), |(year, rest)| (year, Some(rest)));
    let year = i32::try_from(digits(year, 4)?).ok().filter(|year| YEARS.contains(year))?;
    let (frequency, start) = match rest {
        None => (Frequency::Yearly, NaiveDate::from_ymd_opt(year, 1, 1)?),
        Some(rest) => {
            if let Some(week) = rest.strip_prefix('W') {
                let week = digits(week, 2)?;
                (Frequency::Weekly, NaiveDate::from_isoywd_opt(year, week, Weekday::Mon)?)
            } else if let Some(quarter) = rest.strip_prefix('Q') {
                let quarter = digits(quarter, 1).filter(|quarter| (1..=4).contains(quarter))?;
                (Frequency::Quarterly, NaiveDate::from_ymd_opt(year, quarter * 3 - 2, 1)?)
            } else {
                (Frequency::Monthly, NaiveDate::from_ymd_opt(year, digits(rest, 2)?, 1)?)
            }
        }
    };
    Some(Period { frequency, start })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn iso_weeks_follow_the_published_vectors() {
        for (day, key) in [
            ("2021-01-03", "2020-W53"),
            ("2023-01-01", "2022-W52"),
            ("2024-12-30", "2025-W01"),
            ("2025-12-29", "2026-W01"),
            ("2026-12-31", "2026-W53"),
            ("2027-01-03", "2026-W53"),
        ] {
            assert_eq!(Period::parse(day, Frequency::Weekly).unwrap().key(), key, "{day}");
        }
        assert_eq!(Period::parse("2025-W53", Frequency::Weekly), Err(PeriodError::Invalid));
        assert_eq!(Period::parse("2026-W07", Frequency::Weekly).unwrap().start(), date("2026-02-09"));
    }

    #[test]
    fn a_key_or_any_date_inside_names_the_period() {
        let february = Period::parse("2026-02", Frequency::Monthly).unwrap();
        assert_eq!((february.start(), february.end()), (date("2026-02-01"), date("2026-02-28")));
        assert_eq!(Period::parse("2026-02-17", Frequency::Monthly), Ok(february));
        assert_eq!(february.key(), "2026-02");
        assert_eq!(Period::parse("2026-02-17", Frequency::Daily).unwrap().key(), "2026-02-17");
        assert_eq!(Period::parse("2026-Q1", Frequency::Quarterly).unwrap().end(), date("2026-03-31"));
        assert_eq!(Period::parse("2024", Frequency::Yearly).unwrap().end(), date("2024-12-31"));
    }

    #[test]
    fn a_key_of_another_frequency_is_told_apart_from_nonsense() {
        let mismatch =
            PeriodError::FrequencyMismatch { given: Frequency::Monthly, wanted: Frequency::Weekly };
        assert_eq!(Period::parse("2026-02", Frequency::Weekly), Err(mismatch));
        for bad in [
            "",
            "2026-13",
            "2026-00",
            "26-02",
            "2026-02-30",
            "2026-W00",
            "2026-Q5",
            "février",
            "2026-2",
            "0000-01",
        ] {
            assert_eq!(Period::parse(bad, Frequency::Monthly), Err(PeriodError::Invalid), "{bad}");
        }
    }

    #[test]
    fn bounds_must_be_the_normalised_ones() {
        let ok = Period::from_bounds(date("2026-02-01"), date("2026-02-28"), Frequency::Monthly);
        assert_eq!(ok.unwrap().key(), "2026-02");
        let off = Period::from_bounds(date("2026-02-01"), date("2026-02-27"), Frequency::Monthly);
        assert_eq!(
            off,
            Err(PeriodError::BoundsMismatch { start: date("2026-02-01"), end: date("2026-02-28") })
        );
    }

    fn any_frequency() -> impl Strategy<Value = Frequency> {
        proptest::sample::select(Frequency::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn periods_tile_the_calendar(days in 0_i64..700_000, frequency in any_frequency()) {
            let day = date("1000-01-01") + chrono::TimeDelta::days(days);
            let period = Period::containing(day, frequency);
            prop_assert!(period.start() <= day && day <= period.end());
            prop_assert_eq!(Period::containing(period.end(), frequency), period);
            prop_assert_eq!(period.next().start(), period.end().succ_opt().unwrap());
            prop_assert_eq!(period.next().previous(), period);
        }

        #[test]
        fn a_key_reads_back(days in 400_i64..700_000, frequency in any_frequency()) {
            let day = date("1000-01-01") + chrono::TimeDelta::days(days);
            let period = Period::containing(day, frequency);
            prop_assert_eq!(Period::parse(&period.key(), frequency), Ok(period));
        }
    }
}
