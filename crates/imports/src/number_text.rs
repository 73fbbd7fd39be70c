//! Numbers as people write them.

use vigie_kernel::{Dec, DecError};

/// A decimal separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decimal {
    Point,
    Comma,
}

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberProblem {
    Invalid,
    Ambiguous,
    OutOfRange,
}

impl From<DecError> for NumberProblem {
    fn from(error: DecError) -> Self {
        match error {
            DecError::Invalid | DecError::TooManyDecimals => Self::Invalid,
            DecError::OutOfRange => Self::OutOfRange,
        }
    }
}

/// What the separators of a number say about the column's decimal separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No separator: says nothing.
    Plain,
    /// Only the point can be decimal, and whether it occurs as such.
    Point,
    /// Only the comma can be decimal.
    Comma,
    /// One separator before exactly three digits: `1,234`.
    Either,
    /// No number at all.
    Invalid,
}

/// A number without its ornaments.
struct Bare {
    negative: bool,
    /// Digits, `.`, `,` and `_` for a gap; perhaps an exponent.
    body: String,
}

/// Takes off signs, brackets, currencies, percent signs and gaps; `None` when something else is left.
fn bare(text: &str) -> Option<Bare> {
    let mut text = text.trim_matches(is_gap);
    let mut negative = false;
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        negative = true;
        text = inner.trim_matches(is_gap);
    }
    let ornament = |c: char| is_gap(c) || matches!(c, '%' | '€' | '$' | '£' | '¥' | '₣' | '₹');
    text = text.trim_matches(ornament);
    if let Some(rest) = text.strip_prefix(['-', '\u{2212}', '+']) {
        if !text.starts_with('+') {
            if negative {
                return None;
            }
            negative = true;
        }
        text = rest.trim_start_matches(ornament);
    }
    let mut body = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' | '.' | ',' => body.push(c),
            'e' | 'E' | '-' | '+' if !body.is_empty() => body.push(c),
            '\'' | '\u{2019}' => body.push('_'),
            c if is_gap(c) => body.push('_'),
            _ => return None,
        }
    }
    body.bytes().any(|b| b.is_ascii_digit()).then_some(Bare { negative, body })
}

const fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2007}' | '\u{feff}')
}

/// What the text says about the decimal separator.
pub(crate) fn shape(text: &str) -> Shape {
    bare(text).map_or(Shape::Invalid, |bare| shape_of(&bare.body))
}

fn shape_of(body: &str) -> Shape {
    let mantissa = body.split(['e', 'E']).next().unwrap_or("");
    let (points, commas) = (mantissa.matches('.').count(), mantissa.matches(',').count());
    match (points, commas) {
        (0, 0) => Shape::Plain,
        (1, 0) => one_separator(mantissa, '.', Shape::Point),
        (0, 1) => one_separator(mantissa, ',', Shape::Comma),
        // Several of one kind group thousands: the other one is decimal.
        (_, 0) => grouped(mantissa, '.', Shape::Comma),
        (0, _) => grouped(mantissa, ',', Shape::Point),
        (_, _) => {
            let last_is_point = mantissa.rfind('.') > mantissa.rfind(',');
            match (last_is_point, points, commas) {
                (true, 1, _) => Shape::Point,
                (false, _, 1) => Shape::Comma,
                (_, _, _) => Shape::Invalid,
            }
        }
    }
}

fn one_separator(mantissa: &str, separator: char, decimal: Shape) -> Shape {
    let (before, after) = mantissa.split_once(separator).unwrap_or((mantissa, ""));
    let group = after.len() == 3 && after.bytes().all(|b| b.is_ascii_digit());
    let could_be_thousands =
        group && (1..=3).contains(&before.len()) && !before.starts_with('0') && !before.contains('_');
    if could_be_thousands { Shape::Either } else { decimal }
}

fn grouped(mantissa: &str, separator: char, shape: Shape) -> Shape {
    if groups_of_three(mantissa, separator) { shape } else { Shape::Invalid }
}

fn groups_of_three(integer: &str, separator: char) -> bool {
    let mut groups = integer.split(separator);
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    let first = groups.next().is_some_and(|group| digits(group) && group.len() <= 3);
    first && groups.all(|group| digits(group) && group.len() == 3)
}

/// Reads a number. `decimal` is the column's separator, needed for a text like `1,234` only.
/// Tells whether it was rounded to ten decimals.
pub(crate) fn read_number(text: &str, decimal: Option<Decimal>) -> Result<(Dec, bool), NumberProblem> {
    let bare = bare(text).ok_or(NumberProblem::Invalid)?;
    let separator = match shape_of(&bare.body) {
        Shape::Plain | Shape::Point => Decimal::Point,
        Shape::Comma => Decimal::Comma,
        Shape::Either => decimal.ok_or(NumberProblem::Ambiguous)?,
        Shape::Invalid => return Err(NumberProblem::Invalid),
    };
    let (point, group) = match separator {
        Decimal::Point => ('.', ','),
        Decimal::Comma => (',', '.'),
    };
    let (mantissa, exponent) = match bare.body.find(['e', 'E']) {
        Some(at) => bare.body.split_at(at),
        None => (bare.body.as_str(), ""),
    };
    let (integer, fraction) = mantissa.split_once(point).unwrap_or((mantissa, ""));
    let mut plain = String::with_capacity(bare.body.len() + 1);
    if bare.negative {
        plain.push('-');
    }
    plain.push_str(&ungrouped(integer, group)?);
    if !fraction.is_empty() {
        plain.push('.');
        plain.push_str(fraction);
    }
    plain.push_str(exponent);
    Ok(Dec::parse_rounding(&plain)?)
}

/// The digits of an integer part whose groups, of one kind, have three digits.
fn ungrouped(integer: &str, group: char) -> Result<String, NumberProblem> {
    let separator = match (integer.contains(group), integer.contains('_')) {
        (false, false) => {
            return Ok(if integer.is_empty() { "0".to_owned() } else { integer.to_owned() });
        }
        (true, true) => return Err(NumberProblem::Invalid),
        (true, false) => group,
        (false, true) => '_',
    };
    if groups_of_three(integer, separator) {
        Ok(integer.replace(separator, ""))
    } else {
        Err(NumberProblem::Invalid)
    }
}

/// Reads a spreadsheet's binary number at its 15 significant digits, times ten to the `power`.
pub(crate) fn read_float(value: f64, power: i32) -> Result<(Dec, bool), NumberProblem> {
    if !value.is_finite() {
        return Err(NumberProblem::Invalid);
    }
    let text = format!("{value:.14e}");
    let (mantissa, exponent) = text.split_once('e').ok_or(NumberProblem::Invalid)?;
    let exponent: i32 = exponent.parse().map_err(|_| NumberProblem::Invalid)?;
    let exponent = exponent + power;
    match exponent {
        // Below anything that ten decimals show, and above anything in range.
        ..=-30 => Ok((Dec::ZERO, value != 0.0)),
        30.. => Err(NumberProblem::OutOfRange),
        -29..=29 => Ok(Dec::parse_rounding(&format!("{mantissa}e{exponent}"))?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, decimal: Option<Decimal>) -> Result<String, NumberProblem> {
        read_number(text, decimal).map(|(value, _)| value.to_string())
    }

    #[test]
    fn ornaments_are_taken_off() {
        for (text, value) in [
            ("84,5", "84.5"),
            ("1 234,5", "1234.5"),
            ("1\u{a0}234\u{a0}567,89", "1234567.89"),
            ("1\u{202f}234", "1234"),
            ("12 %", "12"),
            ("€ 1,234.50", "1234.5"),
            ("1.234,50 €", "1234.5"),
            ("1'234.5", "1234.5"),
            ("\u{2212}12", "-12"),
            ("(12)", "-12"),
            ("($1,234.00)", "-1234"),
            ("-$5", "-5"),
            ("+7", "7"),
            ("1.5E+3", "1500"),
            (",5", "0.5"),
            ("1,234,567", "1234567"),
            ("1.234.567", "1234567"),
            ("0,123", "0.123"),
            ("1234,567", "1234.567"),
        ] {
            assert_eq!(read(text, None).as_deref(), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "12,3,4", "1.2.3", "12 34", "abc", "", "-", "--1", "(-1)", "1,2.3.4", "12a", "0x1F", "5 ‰", "1e",
            ".",
        ] {
            assert_eq!(read(text, Some(Decimal::Comma)), Err(NumberProblem::Invalid), "{text}");
        }
        assert_eq!(read("1234567890123456789", None), Err(NumberProblem::OutOfRange));
    }

    #[test]
    fn only_three_digits_after_one_separator_are_ambiguous() {
        assert_eq!(shape("1,234"), Shape::Either);
        assert_eq!(shape("1.234"), Shape::Either);
        assert_eq!(read("1,234", None), Err(NumberProblem::Ambiguous));
        assert_eq!(read("1,234", Some(Decimal::Comma)).as_deref(), Ok("1.234"));
        assert_eq!(read("1,234", Some(Decimal::Point)).as_deref(), Ok("1234"));
        assert_eq!(shape("12,34"), Shape::Comma);
        assert_eq!(shape("1,234.5"), Shape::Point);
        assert_eq!(shape("1 234,567"), Shape::Comma);
        assert_eq!(shape("12"), Shape::Plain);
    }

    #[test]
    fn binary_noise_is_not_a_digit() {
        assert_eq!(read_float("75.900000000000006".parse().unwrap(), 0).unwrap().0.to_string(), "75.9");
        assert_eq!(read_float(0.1 + 0.2, 0).unwrap(), (Dec::parse("0.3").unwrap(), false));
        assert_eq!(read_float(0.85, 2).unwrap().0.to_string(), "85");
        assert_eq!(read_float(1.630_000_114_440_92, 0).unwrap(), (Dec::parse("1.6300001144").unwrap(), true));
        assert_eq!(read_float(1e300, 0), Err(NumberProblem::OutOfRange));
        assert_eq!(read_float(f64::NAN, 0), Err(NumberProblem::Invalid));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,40}") {
            let _ = read_number(&text, Some(Decimal::Comma));
        }

        #[test]
        fn french_numbers_read_back(units in -99_999_999_999_i64..99_999_999_999) {
            let value = Dec::try_from(rust_decimal::Decimal::new(units, 2)).unwrap();
            let text = format!("{:.2}", value.get().abs());
            let (integer, fraction) = text.split_once('.').unwrap();
            let mut grouped = String::new();
            for (index, digit) in integer.chars().enumerate() {
                if index > 0 && (integer.len() - index) % 3 == 0 {
                    grouped.push('\u{202f}');
                }
                grouped.push(digit);
            }
            let sign = if units < 0 { "\u{2212}" } else { "" };
            let (read, rounded) = read_number(&format!("{sign}{grouped},{fraction} €"), None).unwrap();
            prop_assert_eq!(read, value);
            prop_assert!(!rounded);
        }
    }
}
