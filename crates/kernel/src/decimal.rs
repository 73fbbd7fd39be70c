//! Exact decimals: what a KPI's values, thresholds and targets are made of.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Fraction digits that a [`Dec`] keeps.
pub const ROUNDED_DIGITS: u32 = 10;
/// Integer digits that a [`Dec`] holds at most.
const INTEGER_DIGITS: usize = 18;
/// Exponents beyond this are refused unread: nothing in range needs them.
const MAX_EXPONENT: i32 = 40;

/// An exact decimal with at most 18 integer and 10 fraction digits.
///
/// Its text is canonical: no exponent, no trailing zeros, no `-0`. In JSON it is written as a string.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dec(Decimal);

/// Why a text is no [`Dec`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DecError {
    /// Not a plain decimal number.
    #[error("not a number")]
    Invalid,
    /// More than 18 integer digits.
    #[error("more than 18 digits before the decimal point")]
    OutOfRange,
    /// More than 10 fraction digits.
    #[error("more than 10 digits after the decimal point")]
    TooManyDecimals,
}

impl DecError {
    /// The field code: `number_invalid`, `number_out_of_range` or `too_many_decimals`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "number_invalid",
            Self::OutOfRange => "number_out_of_range",
            Self::TooManyDecimals => "too_many_decimals",
        }
    }
}

impl Dec {
    /// Zero.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// One.
    pub const ONE: Self = Self(Decimal::ONE);

    /// Reads `[-+]digits[.digits][e[-+]digits]`, exactly. Never localised: a comma is refused.
    ///
    /// Trailing zeros of the fraction do not count as digits.
    pub fn parse(text: &str) -> Result<Self, DecError> {
        let (value, lost) = Self::read(text)?;
        if lost { Err(DecError::TooManyDecimals) } else { Ok(value) }
    }

    /// Like [`Dec::parse`], but rounds half away from zero at 10 fraction digits; tells whether it had to.
    pub fn parse_rounding(text: &str) -> Result<(Self, bool), DecError> {
        Self::read(text)
    }

    fn read(text: &str) -> Result<(Self, bool), DecError> {
        let (negative, digits) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (digits, 0),
        };
        let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if integer.is_empty() || !all_digits(integer) || !all_digits(fraction) || digits.len() > 400 {
            return Err(DecError::Invalid);
        }
        if mantissa.ends_with('.') {
            return Err(DecError::Invalid);
        }
        let (integer, fraction) = shift(integer, fraction, exponent);
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        if integer.len() > INTEGER_DIGITS {
            return Err(DecError::OutOfRange);
        }
        let kept = fraction.get(..10).unwrap_or(fraction);
        let integer = if integer.is_empty() { "0" } else { integer };
        let exact = if kept.is_empty() { integer.to_owned() } else { format!("{integer}.{kept}") };
        let mut value = Decimal::from_str_exact(&exact).map_err(|_| DecError::Invalid)?;
        let lost = fraction.len() > kept.len();
        if lost && fraction.as_bytes().get(10).is_some_and(|digit| *digit >= b'5') {
            value += Decimal::new(1, ROUNDED_DIGITS);
        }
        Ok((Self::try_from(if negative { -value } else { value })?, lost))
    }

    /// The number inside, for arithmetic.
    #[must_use]
    pub const fn get(self) -> Decimal {
        self.0
    }

    /// The result of arithmetic, rounded half away from zero at 10 fraction digits; an error beyond 18 integer digits.
    pub fn rounded(value: Decimal) -> Result<Self, DecError> {
        Self::try_from(value.round_dp_with_strategy(ROUNDED_DIGITS, RoundingStrategy::MidpointAwayFromZero))
    }
}

fn read_exponent(text: &str) -> Result<i32, DecError> {
    let exponent: i32 = text.parse().map_err(|_| DecError::Invalid)?;
    if exponent.abs() > MAX_EXPONENT { Err(DecError::Invalid) } else { Ok(exponent) }
}

/// Moves the decimal point by `exponent` places.
fn shift(integer: &str, fraction: &str, exponent: i32) -> (String, String) {
    let places = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
    if exponent >= 0 {
        let moved: String = fraction.chars().chain(std::iter::repeat('0')).take(places).collect();
        (format!("{integer}{moved}"), fraction.get(places..).unwrap_or("").to_owned())
    } else {
        let padded = format!("{}{integer}", "0".repeat(places));
        let (left, right) = padded.split_at(padded.len() - places);
        (left.to_owned(), format!("{right}{fraction}"))
    }
}

impl TryFrom<Decimal> for Dec {
    type Error = DecError;

    fn try_from(value: Decimal) -> Result<Self, DecError> {
        let value = value.normalize();
        if value.scale() > ROUNDED_DIGITS {
            return Err(DecError::TooManyDecimals);
        }
        if value.abs() >= Decimal::from(1_000_000_000_000_000_000_u64) {
            return Err(DecError::OutOfRange);
        }
        Ok(Self(if value.is_zero() { Decimal::ZERO } else { value }))
    }
}

impl From<i64> for Dec {
    /// Integers beyond 18 digits saturate at the largest 18-digit number.
    fn from(value: i64) -> Self {
        let limit = 999_999_999_999_999_999_i64;
        Self(Decimal::from(value.clamp(-limit, limit)))
    }
}

impl FromStr for Dec {
    type Err = DecError;

    fn from_str(text: &str) -> Result<Self, DecError> {
        Self::parse(text)
    }
}

impl fmt::Display for Dec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Dec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dec({})", self.0)
    }
}

impl Serialize for Dec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads the canonical text. Requests, which may carry JSON numbers too, are read at the HTTP edge.
impl<'de> Deserialize<'de> for Dec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(input: &str) -> String {
        Dec::parse(input).unwrap().to_string()
    }

    #[test]
    fn the_text_is_canonical() {
        for (input, output) in [
            ("84.50", "84.5"),
            ("-0", "0"),
            ("-0.000", "0"),
            ("+7", "7"),
            ("007.10", "7.1"),
            ("0.1", "0.1"),
            ("1e3", "1000"),
            ("1.25e-2", "0.0125"),
            ("1.5E+1", "15"),
            ("123456789012345678.0123456789", "123456789012345678.0123456789"),
            ("999999999999999999.9999999999", "999999999999999999.9999999999"),
            ("1.50000000000000000", "1.5"),
        ] {
            assert_eq!(text(input), output, "{input}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for bad in [
            "", " ", "NaN", "Infinity", "inf", "1e999", "12,5", "1 000", "1.", ".5", "--1", "1e", "0x10",
            "１",
        ] {
            assert_eq!(Dec::parse(bad), Err(DecError::Invalid), "{bad:?}");
        }
        assert_eq!(Dec::parse("1234567890123456789"), Err(DecError::OutOfRange));
        assert_eq!(Dec::parse("1e18"), Err(DecError::OutOfRange));
        assert_eq!(Dec::parse("0.12345678901"), Err(DecError::TooManyDecimals));
    }

    #[test]
    fn an_import_rounds_half_away_from_zero() {
        let (value, lost) = Dec::parse_rounding("91.66666666666669").unwrap();
        assert_eq!((value.to_string().as_str(), lost), ("91.6666666667", true));
        assert_eq!(Dec::parse_rounding("-0.00000000005").unwrap().0.to_string(), "-0.0000000001");
        assert_eq!(Dec::parse_rounding("0.00000000004").unwrap().0, Dec::ZERO);
        assert_eq!(Dec::parse_rounding("999999999999999999.99999999995"), Err(DecError::OutOfRange));
    }

    proptest! {
        #[test]
        fn every_value_survives_its_text(units in -999_999_999_999_999_999_i64..=999_999_999_999_999_999, scale in 0_u32..=10) {
            let value = Dec::try_from(Decimal::new(units, scale)).unwrap();
            prop_assert_eq!(Dec::parse(&value.to_string()), Ok(value));
        }

        #[test]
        fn any_text_is_answered(input in "\\PC{0,40}") {
            let _ = Dec::parse(&input);
        }
    }
}
