//! Periods as people write them: dates, months, weeks, quarters and years in French and English.

use crate::text::normalise;
use chrono::{Datelike, NaiveDate, Weekday};
use vigie_kernel::{Frequency, Period, PeriodError};

/// What a text says about time, before the KPI's frequency is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// A date.
    Date(NaiveDate),
    /// `a/b/year`, day and month in an order that the column decides.
    Slashed { a: u32, b: u32, year: i32 },
    /// A month.
    Month(i32, u32),
    /// An ISO week.
    Week(i32, u32),
    /// A quarter.
    Quarter(i32, u32),
    /// A year.
    Year(i32),
}

/// Which part of `a/b/year` is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateOrder {
    DayFirst,
    MonthFirst,
}

/// Why a [`When`] is no period of a KPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenProblem {
    Invalid,
    Ambiguous,
    Mismatch { given: Frequency },
}

impl When {
    /// The period of that frequency. A date is in the period that holds it; a key must be of the same frequency.
    /// `order` is `None` when the column's order cannot be told.
    pub(crate) fn period(
        self,
        frequency: Frequency,
        order: Option<DateOrder>,
    ) -> Result<Period, WhenProblem> {
        let (given, date) = match self {
            Self::Date(date) => return Ok(Period::containing(date, frequency)),
            Self::Slashed { a, b, year } => {
                let date = slashed(a, b, year, order)?;
                return Ok(Period::containing(date, frequency));
            }
            Self::Month(year, month) => (Frequency::Monthly, NaiveDate::from_ymd_opt(year, month, 1)),
            Self::Week(year, week) => {
                (Frequency::Weekly, NaiveDate::from_isoywd_opt(year, week, Weekday::Mon))
            }
            Self::Quarter(year, quarter) => {
                (Frequency::Quarterly, NaiveDate::from_ymd_opt(year, quarter * 3 - 2, 1))
            }
            Self::Year(year) => (Frequency::Yearly, NaiveDate::from_ymd_opt(year, 1, 1)),
        };
        let date = date.ok_or(WhenProblem::Invalid)?;
        if given == frequency {
            Ok(Period::containing(date, frequency))
        } else {
            Err(WhenProblem::Mismatch { given })
        }
    }

    /// The date, when it is one.
    pub(crate) fn date(self, order: Option<DateOrder>) -> Result<NaiveDate, WhenProblem> {
        match self {
            Self::Date(date) => Ok(date),
            Self::Slashed { a, b, year } => slashed(a, b, year, order),
            Self::Month(..) | Self::Week(..) | Self::Quarter(..) | Self::Year(_) => Err(WhenProblem::Invalid),
        }
    }
}

/// The exact period between two dates.
pub(crate) fn between(start: NaiveDate, end: NaiveDate, frequency: Frequency) -> Result<Period, PeriodError> {
    Period::from_bounds(start, end, frequency)
}

fn slashed(a: u32, b: u32, year: i32, order: Option<DateOrder>) -> Result<NaiveDate, WhenProblem> {
    let (day, month) = match (a > 12, b > 12, order) {
        (true, true, _) => return Err(WhenProblem::Invalid),
        (true, false, _) | (false, false, Some(DateOrder::DayFirst)) => (a, b),
        (false, true, _) | (false, false, Some(DateOrder::MonthFirst)) => (b, a),
        (false, false, None) if a == b => (a, b),
        (false, false, None) => return Err(WhenProblem::Ambiguous),
    };
    NaiveDate::from_ymd_opt(year, month, day).ok_or(WhenProblem::Invalid)
}

/// Reads a text as a date or as the name of a period; `None` when it is neither.
pub(crate) fn read_when(text: &str) -> Option<When> {
    if text.len() > 60 || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut tokens = tokens(text);
    if matches!(tokens.first(), Some(Token::Word(word)) if WEEKDAYS.contains(&word.as_str())) {
        tokens.remove(0);
    }
    let (head, tail) = split_time(&tokens, text);
    let when = match head {
        [one] => compact(one),
        [a, b] => pair(a, b, text),
        [a, b, c] => triple(a, b, c, text),
        [a, b, c, d] => quadruple(a, b, c, d),
        _ => None,
    }?;
    (tail.is_empty() || matches!(when, When::Date(_) | When::Slashed { .. })).then_some(when)
}

/// Reads the part of a year that stands beside a year in another cell.
pub(crate) fn read_part(text: &str, year: i32) -> Option<When> {
    let number = |text: &str| {
        let digits = text.strip_suffix(".0").or_else(|| text.strip_suffix(",0")).unwrap_or(text);
        (digits.len() <= 2).then(|| digits.parse::<u32>().ok()).flatten()
    };
    let text = text.trim();
    if let Some(month) = number(text).filter(|month| (1..=12).contains(month)) {
        return Some(When::Month(year, month));
    }
    match tokens(text).as_slice() {
        [Token::Word(word)] => month(word).map(|month| When::Month(year, month)),
        [Token::Word(word), Token::Number(n, _)] | [Token::Number(n, _), Token::Word(word)] => {
            part(word, *n, year)
        }
        _ => None,
    }
}

/// A week number that stands beside a year in another cell.
pub(crate) fn read_week(text: &str, year: i32) -> Option<When> {
    let digits = text.trim().strip_suffix(".0").unwrap_or(text.trim());
    match digits.parse::<u32>() {
        Ok(week) => week_of(year, week),
        Err(_) => read_part(text, year),
    }
}

/// A year of four digits, `2017` or `2017.0`.
pub(crate) fn read_year(text: &str) -> Option<i32> {
    let digits = text.trim().strip_suffix(".0").unwrap_or(text.trim());
    (digits.len() == 4).then(|| digits.parse::<i32>().ok()).flatten().filter(|year| YEARS.contains(year))
}

const YEARS: std::ops::RangeInclusive<i32> = 1000..=9998;
const COMPACT_YEARS: std::ops::RangeInclusive<i32> = 1900..=2100;

#[derive(Debug, PartialEq)]
enum Token {
    /// Its value and how many digits it has.
    Number(u32, usize),
    Word(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let text = normalise(text);
    let mut out = Vec::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        if first == ' ' {
            rest = &rest[1..];
            continue;
        }
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c == ' ' || c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        rest = after;
        out.push(match token.parse::<u32>() {
            Ok(number) if digits => Token::Number(number, token.len()),
            Ok(_) | Err(_) => Token::Word(token.to_owned()),
        });
    }
    out
}

/// Splits off the time of day, which says nothing about the period.
fn split_time<'t>(tokens: &'t [Token], text: &str) -> (&'t [Token], &'t [Token]) {
    if tokens.len() > 3 && text.contains(':') { tokens.split_at(3) } else { (tokens, &[]) }
}

fn compact(token: &Token) -> Option<When> {
    let Token::Number(number, digits) = token else { return None };
    let (year, rest) = match digits {
        4 => return four_digits(token).map(When::Year),
        6 => (number / 100, number % 100),
        8 => (number / 10_000, number % 10_000),
        _ => return None,
    };
    let year = i32::try_from(year).ok().filter(|year| COMPACT_YEARS.contains(year))?;
    if *digits == 6 {
        return month_of(year, rest);
    }
    NaiveDate::from_ymd_opt(year, rest / 100, rest % 100).map(When::Date)
}

fn pair(a: &Token, b: &Token, text: &str) -> Option<When> {
    match (a, b) {
        (Token::Number(n, 1..=2), Token::Number(_, 4)) => {
            // `1.2026` is rather a number than a month.
            if text.contains(['.', ',']) && !text.trim().starts_with('0') && *n < 10 {
                return None;
            }
            month_of(four_digits(b)?, *n)
        }
        (Token::Number(_, 4), Token::Number(n, 1..=2)) if !text.contains(['.', ',']) => {
            month_of(four_digits(a)?, *n)
        }
        (Token::Word(word), Token::Number(..)) => month_of(any_year(b)?, month(word)?),
        (Token::Number(_, 4), Token::Word(word)) => month_of(four_digits(a)?, month(word)?),
        _ => None,
    }
}

fn triple(a: &Token, b: &Token, c: &Token, text: &str) -> Option<When> {
    match (a, b, c) {
        (Token::Number(_, 4), Token::Number(month, 1..=2), Token::Number(day, 1..=2)) => {
            date_of(four_digits(a)?, *month, *day)
        }
        (Token::Number(one, 1..=2), Token::Number(two, 1..=2), Token::Number(..)) => {
            if !text.contains(['/', '-', '.', ' ']) {
                return None;
            }
            let year = any_year(c)?;
            let fits = |day: u32, month: u32| NaiveDate::from_ymd_opt(year, month, day).is_some();
            (fits(*one, *two) || fits(*two, *one)).then_some(When::Slashed { a: *one, b: *two, year })
        }
        (Token::Number(day, 1..=2), Token::Word(word), Token::Number(..)) => match month(word) {
            Some(month) => date_of(any_year(c)?, month, *day),
            None if QUARTER.contains(&word.as_str()) => quarter_of(any_year(c)?, *day),
            None => None,
        },
        (Token::Word(word), Token::Number(n, 1..=2), Token::Number(_, 4)) => {
            let year = four_digits(c)?;
            match month(word) {
                Some(month) => date_of(year, month, *n),
                None => part(word, *n, year),
            }
        }
        (Token::Number(_, 4), Token::Word(word), Token::Number(n, 1..=2)) => {
            let year = four_digits(a)?;
            match month(word) {
                Some(month) => date_of(year, month, *n),
                None => part(word, *n, year),
            }
        }
        _ => None,
    }
}

fn quadruple(first: &Token, second: &Token, third: &Token, last: &Token) -> Option<When> {
    match (first, second, third, last) {
        // 1er trimestre 2026, 1er janvier 2026
        (Token::Number(n, 1..=2), Token::Word(ordinal), Token::Word(word), Token::Number(..))
            if ORDINAL.contains(&ordinal.as_str()) =>
        {
            let year = any_year(last)?;
            match month(word) {
                Some(month) => date_of(year, month, *n),
                None if QUARTER.contains(&word.as_str()) => quarter_of(year, *n),
                None => None,
            }
        }
        // March 1st 2026
        (Token::Word(word), Token::Number(day, 1..=2), Token::Word(ordinal), Token::Number(_, 4))
            if ORDINAL.contains(&ordinal.as_str()) =>
        {
            date_of(four_digits(last)?, month(word)?, *day)
        }
        _ => None,
    }
}

fn part(word: &str, n: u32, year: i32) -> Option<When> {
    if WEEK.contains(&word) {
        week_of(year, n)
    } else if QUARTER.contains(&word) {
        quarter_of(year, n)
    } else if word == "m" || word == "mois" || word == "month" {
        month_of(year, n)
    } else {
        None
    }
}

fn four_digits(token: &Token) -> Option<i32> {
    match token {
        Token::Number(n, 4) => i32::try_from(*n).ok().filter(|year| YEARS.contains(year)),
        Token::Number(..) | Token::Word(_) => None,
    }
}

/// A year of four digits, or of two: 70 to 99 are of the twentieth century.
fn any_year(token: &Token) -> Option<i32> {
    match token {
        Token::Number(n, 2) => i32::try_from(*n).ok().map(|n| if n < 70 { 2000 + n } else { 1900 + n }),
        Token::Number(..) | Token::Word(_) => four_digits(token),
    }
}

fn date_of(year: i32, month: u32, day: u32) -> Option<When> {
    NaiveDate::from_ymd_opt(year, month, day).map(When::Date)
}

fn month_of(year: i32, month: u32) -> Option<When> {
    (1..=12).contains(&month).then_some(When::Month(year, month))
}

fn quarter_of(year: i32, quarter: u32) -> Option<When> {
    (1..=4).contains(&quarter).then_some(When::Quarter(year, quarter))
}

fn week_of(year: i32, week: u32) -> Option<When> {
    NaiveDate::from_isoywd_opt(year, week, Weekday::Mon)
        .filter(|date| date.iso_week().year() == year)
        .map(|_| When::Week(year, week))
}

fn month(word: &str) -> Option<u32> {
    let index = MONTHS.iter().position(|names| names.contains(&word))?;
    u32::try_from(index).ok().map(|index| index + 1)
}

const MONTHS: [&[&str]; 12] = [
    &["janvier", "janv", "jan", "january"],
    &["fevrier", "fevr", "fev", "february", "feb"],
    &["mars", "mar", "march"],
    &["avril", "avr", "april", "apr"],
    &["mai", "may"],
    &["juin", "june", "jun"],
    &["juillet", "juil", "july", "jul"],
    &["aout", "aou", "august", "aug"],
    &["septembre", "sept", "sep", "september"],
    &["octobre", "oct", "october"],
    &["novembre", "nov", "november"],
    &["decembre", "dec", "december"],
];
const WEEK: [&str; 6] = ["s", "sem", "semaine", "w", "wk", "week"];
const QUARTER: [&str; 6] = ["t", "trim", "trimestre", "q", "qtr", "quarter"];
const ORDINAL: [&str; 8] = ["er", "e", "eme", "ere", "st", "nd", "rd", "th"];
const WEEKDAYS: [&str; 20] = [
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "lun",
    "mer",
    "jeu",
    "ven",
    "sam",
    "dim",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> When {
        When::Date(text.parse().unwrap())
    }

    #[test]
    fn months_weeks_quarters_and_years_have_many_names() {
        for text in [
            "2026-01",
            "01/2026",
            "1/2026",
            "janv. 2026",
            "Janvier 2026",
            "Jan-26",
            "jan 26",
            "2026M01",
            "2026-M01",
            "M01 2026",
            "2026/01",
            "202601",
            "01-2026",
            "2026 janvier",
            "JANVIER 2026",
            "01.2026",
        ] {
            assert_eq!(read_when(text), Some(When::Month(2026, 1)), "{text}");
        }
        for (text, month) in [
            ("févr. 2026", 2),
            ("fév 2026", 2),
            ("août-26", 8),
            ("aout 2026", 8),
            ("déc. 2026", 12),
            ("May-26", 5),
        ] {
            assert_eq!(read_when(text), Some(When::Month(2026, month)), "{text}");
        }
        for text in
            ["S07 2026", "W07-2026", "2026-W07", "2026W07", "2026-S7", "semaine 7 2026", "Sem. 07-2026"]
        {
            assert_eq!(read_when(text), Some(When::Week(2026, 7)), "{text}");
        }
        for text in ["T1_2026", "Q1 2026", "2026-Q1", "2026T1", "1er trimestre 2026", "1 trim. 2026"] {
            assert_eq!(read_when(text), Some(When::Quarter(2026, 1)), "{text}");
        }
        assert_eq!(read_when("2026"), Some(When::Year(2026)));
        assert_eq!(read_when("Jan-99"), Some(When::Month(1999, 1)));
    }

    #[test]
    fn dates_have_many_forms() {
        for text in [
            "2026-02-10",
            "2026/02/10",
            "20260210",
            "10 février 2026",
            "10 févr. 26",
            "Feb 10, 2026",
            "mardi 10 février 2026",
            "2026-02-10T00:00:00Z",
            "2026-02-10 08:30",
            "February 10th 2026",
        ] {
            assert_eq!(read_when(text), Some(date("2026-02-10")), "{text}");
        }
        assert_eq!(read_when("1er mars 2026"), Some(date("2026-03-01")));
        assert_eq!(read_when("03/04/2026"), Some(When::Slashed { a: 3, b: 4, year: 2026 }));
        assert_eq!(read_when("03.04.26 10:00"), Some(When::Slashed { a: 3, b: 4, year: 2026 }));
    }

    #[test]
    fn what_is_no_period_is_not_read_as_one() {
        for text in [
            "",
            "46320",
            "1.2026",
            "3.1415",
            "1958.2027",
            "85,2",
            "TRS",
            "2026-13",
            "2026-W54",
            "2025-W53",
            "T5 2026",
            "32/13/2026",
            "31/02/2026",
            "2026-02-30",
            "Updated 2026",
            "S 2026",
            "123456",
            "12 000",
            "2026 to 2027",
        ] {
            assert_eq!(read_when(text), None, "{text}");
        }
    }

    #[test]
    fn the_order_of_a_date_is_the_columns() {
        let both = When::Slashed { a: 3, b: 4, year: 2026 };
        assert_eq!(both.date(Some(DateOrder::DayFirst)), Ok("2026-04-03".parse().unwrap()));
        assert_eq!(both.date(Some(DateOrder::MonthFirst)), Ok("2026-03-04".parse().unwrap()));
        assert_eq!(both.date(None), Err(WhenProblem::Ambiguous));
        let clear = When::Slashed { a: 13, b: 4, year: 2026 };
        assert_eq!(clear.date(None), Ok("2026-04-13".parse().unwrap()));
    }

    #[test]
    fn a_key_of_another_frequency_is_refused_and_a_date_is_not() {
        let month = When::Month(2026, 2);
        assert_eq!(month.period(Frequency::Monthly, None).unwrap().key(), "2026-02");
        let mismatch = Err(WhenProblem::Mismatch { given: Frequency::Monthly });
        assert_eq!(month.period(Frequency::Weekly, None), mismatch);
        assert_eq!(date("1987-05-15").period(Frequency::Monthly, None).unwrap().key(), "1987-05");
    }

    #[test]
    fn a_year_and_a_part_make_a_period() {
        assert_eq!(read_year("2017"), Some(2017));
        assert_eq!(read_part("9.0", 2017), Some(When::Month(2017, 9)));
        assert_eq!(read_part("Septembre", 2017), Some(When::Month(2017, 9)));
        assert_eq!(read_part("T3", 2017), Some(When::Quarter(2017, 3)));
        assert_eq!(read_week("07", 2017), Some(When::Week(2017, 7)));
        assert_eq!(read_part("13", 2017), None);
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,70}") {
            let _ = read_when(&text);
            let _ = read_part(&text, 2026);
        }

        #[test]
        fn the_keys_of_periods_read_back(days in 0_i64..60_000) {
            let day = NaiveDate::from_ymd_opt(1950, 1, 1).unwrap() + chrono::TimeDelta::days(days);
            for frequency in Frequency::ALL {
                let period = Period::containing(day, frequency);
                let read = read_when(&period.key()).and_then(|when| when.period(frequency, None).ok());
                prop_assert_eq!(read, Some(period));
            }
        }
    }
}
