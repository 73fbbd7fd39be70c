//! Rows that mean the same on every engine: one line of JSON for each, with exact decimals and instants at microseconds.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;
use vigie_kernel::Dec;

/// What a column holds, on whatever engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// True or false.
    Bool,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    BigInt,
    /// A floating-point number.
    Float,
    /// An exact decimal.
    Decimal,
    /// Text.
    Text,
    /// A UUID.
    Uuid,
    /// A date.
    Date,
    /// An instant at microseconds.
    Instant,
    /// Any JSON.
    Json,
    /// Bytes.
    Bytes,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: ColumnType,
}

/// One field of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number, of 32 or of 64 bits.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// An exact decimal.
    Decimal(Dec),
    /// Text.
    Text(String),
    /// A UUID.
    Uuid(Uuid),
    /// A date.
    Date(NaiveDate),
    /// An instant at microseconds.
    Instant(DateTime<Utc>),
    /// The text of a JSON value, with its numbers as they were written.
    Json(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The fields of a row, in the order of its table's columns.
pub type Row = Vec<Cell>;

/// A line is no row of its table.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not a row of the table")]
pub struct RowError;

/// Appends the row's line, with its line break.
pub fn write_row(row: &[Cell], out: &mut Vec<u8>) -> Result<(), RowError> {
    write_cells(row, false, out)?;
    out.push(b'\n');
    Ok(())
}

fn write_cells(row: &[Cell], canonical: bool, out: &mut Vec<u8>) -> Result<(), RowError> {
    out.push(b'[');
    for (index, cell) in row.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match cell {
            // In brackets of its own: the JSON value `null` is something else than nothing.
            Cell::Json(_) => {
                out.push(b'[');
                write_cell(cell, canonical, out)?;
                out.push(b']');
            }
            Cell::Null
            | Cell::Bool(_)
            | Cell::Int(_)
            | Cell::Float(_)
            | Cell::Decimal(_)
            | Cell::Text(_)
            | Cell::Uuid(_)
            | Cell::Date(_)
            | Cell::Instant(_)
            | Cell::Bytes(_) => write_cell(cell, canonical, out)?,
        }
    }
    out.push(b']');
    Ok(())
}

/// Appends one field as JSON.
pub(crate) fn write_cell(cell: &Cell, canonical: bool, out: &mut Vec<u8>) -> Result<(), RowError> {
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Bool(value) => json(out, value)?,
        Cell::Int(value) => json(out, value)?,
        Cell::Float(value) if value.is_finite() => json(out, value)?,
        Cell::Float(_) => return Err(RowError),
        Cell::Decimal(value) => json(out, value)?,
        Cell::Text(value) => json(out, value)?,
        Cell::Uuid(value) => json(out, value)?,
        Cell::Date(value) => json(out, &value.format("%Y-%m-%d").to_string())?,
        Cell::Instant(value) => json(out, &instant_text(*value))?,
        Cell::Json(text) if canonical => {
            let value = serde_json::from_str(text).map_err(|_| RowError)?;
            json(out, &canonical_json(value))?;
        }
        Cell::Json(text) => {
            let value: &RawValue = serde_json::from_str(text).map_err(|_| RowError)?;
            // A line break between two parts of a JSON text is a blank; inside a string it cannot be.
            out.extend(
                value.get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }),
            );
        }
        Cell::Bytes(bytes) => json(out, &hex(bytes))?,
    }
    Ok(())
}

fn json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), RowError> {
    serde_json::to_writer(out, value).map_err(|_| RowError)
}

pub(crate) fn instant_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(nibble)]));
        }
    }
    text
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// The engines keep a JSON value in different texts: one as it came, the other with keys in an order of its own and numbers without
/// an exponent. Numbers that are whole are told as whole.
fn canonical_json(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    /// Up to here a 64-bit float tells whole numbers apart.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => match number.as_f64() {
            #[allow(
                clippy::as_conversions,
                clippy::cast_possible_truncation,
                reason = "whole and below 2^53"
            )]
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
                Value::from(float as i64)
            }
            // The last bits depend on how the same number was written.
            Some(float) if number.is_f64() => Value::from(format!("{float:.13e}")),
            Some(_) | None => Value::Number(number),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(canonical_json).collect()),
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.into_iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(sorted.into_iter().map(|(key, value)| (key, canonical_json(value))).collect())
        }
        other @ (Value::Null | Value::Bool(_) | Value::String(_)) => other,
    }
}

/// Reads a line that [`write_row`] wrote. A line with another number of fields, or a field that its column cannot hold, is none.
pub fn read_row(line: &[u8], columns: &[Column]) -> Result<Row, RowError> {
    let fields: Vec<&RawValue> = serde_json::from_slice(line).map_err(|_| RowError)?;
    if fields.len() != columns.len() {
        return Err(RowError);
    }
    fields.into_iter().zip(columns).map(|(field, column)| read_cell(field.get(), column.kind)).collect()
}

fn read_cell(field: &str, kind: ColumnType) -> Result<Cell, RowError> {
    fn read<'f, T: Deserialize<'f>>(field: &'f str) -> Result<T, RowError> {
        serde_json::from_str(field).map_err(|_| RowError)
    }
    if field == "null" {
        return Ok(Cell::Null);
    }
    Ok(match kind {
        ColumnType::Bool => Cell::Bool(read(field)?),
        ColumnType::Int => Cell::Int(read::<i32>(field)?.into()),
        ColumnType::BigInt => Cell::Int(read(field)?),
        // Read to the last bit, which the JSON reader does not promise.
        ColumnType::Float => Cell::Float(field.parse().map_err(|_| RowError)?),
        ColumnType::Decimal => Cell::Decimal(Dec::parse(&read::<String>(field)?).map_err(|_| RowError)?),
        ColumnType::Text => Cell::Text(read(field)?),
        ColumnType::Uuid => Cell::Uuid(read(field)?),
        ColumnType::Date => Cell::Date(read::<String>(field)?.parse().map_err(|_| RowError)?),
        ColumnType::Instant => Cell::Instant(read::<String>(field)?.parse().map_err(|_| RowError)?),
        ColumnType::Json => {
            let [value] = read::<[&RawValue; 1]>(field)?;
            Cell::Json(value.get().to_owned())
        }
        ColumnType::Bytes => Cell::Bytes(unhex(&read::<String>(field)?).ok_or(RowError)?),
    })
}

/// What a set of rows amounts to, whatever order they come in and whatever engine they come from: how many there are, and the sum
/// of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSum {
    /// How many rows.
    pub rows: u64,
    hashes: u128,
}

impl RowSum {
    /// Counts a row in.
    pub fn add(&mut self, row: &[Cell]) -> Result<(), RowError> {
        let mut text = Vec::with_capacity(256);
        write_cells(row, true, &mut text)?;
        let hash = Sha256::digest(&text);
        let (first, _) = hash.split_first_chunk::<16>().ok_or(RowError)?;
        self.rows += 1;
        self.hashes = self.hashes.wrapping_add(u128::from_be_bytes(*first));
        Ok(())
    }

    /// The sum as 32 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        format!("{:032x}", self.hashes)
    }
}
