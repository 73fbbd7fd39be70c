//! When a schedule fires.

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use std::fmt;
use thiserror::Error;

/// The text is no cron expression that ever fires.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is no cron expression of five fields that ever fires: {reason}")]
pub struct InvalidCron {
    text: String,
    reason: String,
}

/// A cron expression of five fields (minute, hour, day of the month, month, day of the week), as in Vixie cron, with `L`, `#`, `W` and the
/// names `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly`.
///
/// The fields are wall-clock times of a time zone. A time that a change of the clock leaves out is moved behind the gap, one
/// that it repeats fires once; an expression with a wildcard in the hour or minute goes on through both.
#[derive(Clone)]
pub struct CronExpression {
    text: String,
    cron: Cron,
}

impl CronExpression {
    /// Reads an expression; one that never fires, such as the 30th of February, is refused.
    pub fn parse(text: &str) -> Result<Self, InvalidCron> {
        let invalid = |reason: String| InvalidCron { text: text.to_owned(), reason };
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| invalid(error.to_string()))?;
        let expression = Self { text: text.trim().to_owned(), cron };
        match expression.next_after(DateTime::UNIX_EPOCH, Tz::UTC) {
            Some(_) => Ok(expression),
            None => Err(invalid("no such time".to_owned())),
        }
    }

    /// The text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first time after `at`, by the clocks of `zone`; `None` when there is none in the years that the calendar knows.
    #[must_use]
    pub fn next_after(&self, at: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let local = zone.from_utc_datetime(&at.naive_utc());
        self.cron.find_next_occurrence(&local, false).ok().map(|next| next.to_utc())
    }
}

impl fmt::Debug for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CronExpression({})", self.text)
    }
}

impl PartialEq for CronExpression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for CronExpression {}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Paris;

    fn after(cron: &str, zone: Tz, at: &str, count: usize) -> Vec<String> {
        let cron = CronExpression::parse(cron).unwrap();
        let mut at = at.parse::<DateTime<Utc>>().unwrap();
        let mut fired = Vec::new();
        for _ in 0..count {
            at = cron.next_after(at, zone).unwrap();
            fired.push(at.format("%m-%dT%H:%MZ").to_string());
        }
        fired
    }

    #[test]
    fn a_nightly_time_is_the_clock_of_the_zone() {
        let fired = after("30 3 * * *", Paris, "2026-10-24T00:00:00Z", 3);
        assert_eq!(fired, ["10-24T01:30Z", "10-25T02:30Z", "10-26T02:30Z"]);
    }

    #[test]
    fn a_time_that_the_clock_leaves_out_fires_once_that_night() {
        // On 28 March 2027 the clocks of Paris go from 02:00 to 03:00, which is 01:00 UTC.
        let fired = after("30 2 * * *", Paris, "2027-03-26T12:00:00Z", 3);
        assert_eq!(fired, ["03-27T01:30Z", "03-28T01:00Z", "03-29T00:30Z"]);
    }

    #[test]
    fn a_time_that_the_clock_repeats_fires_once() {
        // On 25 October 2026 they go from 03:00 back to 02:00, which is 01:00 UTC.
        let fired = after("30 2 * * *", Paris, "2026-10-23T12:00:00Z", 3);
        assert_eq!(fired, ["10-24T00:30Z", "10-25T00:30Z", "10-26T01:30Z"]);
    }

    #[test]
    fn every_hour_is_every_hour_through_a_change_of_the_clock() {
        let fired = after("0 * * * *", Paris, "2026-10-24T23:30:00Z", 4);
        assert_eq!(fired, ["10-25T00:00Z", "10-25T01:00Z", "10-25T02:00Z", "10-25T03:00Z"]);
    }

    #[test]
    fn what_is_no_expression_of_five_fields_is_refused() {
        for text in ["", "* * * *", "* * * * * *", "61 * * * *", "0 0 30 2 *", "tomorrow"] {
            assert!(CronExpression::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(CronExpression::parse(" @daily ").unwrap().as_str(), "@daily");
    }
}
