//! Delimited records: quoted fields, line breaks inside them, exact record and line numbers.
//!
//! Blank records count, so that the number of a record is the row that a spreadsheet shows for it.

use crate::error::FileProblem;
use std::io::Read;

const PIECE: usize = 64 << 10;

/// Reads records one by one.
pub(crate) struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    delimiter: u8,
    line: u32,
    record: u32,
    limits: RecordLimits,
    bytes: Vec<u8>,
    /// Ends of the fields in `bytes`.
    ends: Vec<usize>,
}

/// Bounds of one record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordLimits {
    pub(crate) bytes: usize,
    pub(crate) fields: usize,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Counted from 1.
    pub(crate) record: u32,
    /// First physical line, counted from 1.
    pub(crate) line: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted field: its end, or the first of two.
    QuoteInQuoted,
}

impl<R: Read> Records<R> {
    /// Reads UTF-8 text with that delimiter.
    pub(crate) fn new(input: R, delimiter: u8, limits: RecordLimits) -> Self {
        Self {
            input,
            buffer: vec![0; PIECE],
            from: 0,
            to: 0,
            delimiter,
            line: 1,
            record: 0,
            limits,
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Reads the next record; `None` at the end.
    pub(crate) fn advance(&mut self) -> Result<Option<Place>, FileProblem> {
        self.bytes.clear();
        self.ends.clear();
        let place = Place { record: self.record.saturating_add(1), line: self.line };
        let mut state = State::FieldStart;
        let mut begun = false;
        let mut opened = self.line;
        while let Some(byte) = self.peek()? {
            begun = true;
            self.from += 1;
            if byte == b'\n' {
                self.line = self.line.saturating_add(1);
            }
            match (state, byte) {
                (State::FieldStart, b'"') => {
                    state = State::Quoted;
                    opened = self.line;
                }
                (State::Quoted, b'"') => state = State::QuoteInQuoted,
                (State::QuoteInQuoted, b'"') => {
                    self.bytes.push(b'"');
                    state = State::Quoted;
                }
                (State::Quoted, byte) => self.bytes.push(byte),
                (_, b'\r' | b'\n') => {
                    if byte == b'\r' {
                        if self.peek()? == Some(b'\n') {
                            self.from += 1;
                        }
                        self.line = self.line.saturating_add(1);
                    }
                    return self.end(place);
                }
                (_, byte) if byte == self.delimiter => {
                    self.ends.push(self.bytes.len());
                    state = State::FieldStart;
                }
                (State::FieldStart | State::Plain | State::QuoteInQuoted, byte) => {
                    self.bytes.push(byte);
                    state = State::Plain;
                }
            }
            if self.bytes.len() > self.limits.bytes {
                return Err(if state == State::Quoted {
                    FileProblem::damaged(format_args!("the quote opened on line {opened} is never closed"))
                } else {
                    FileProblem::too_large("record_bytes", self.limits.bytes)
                });
            }
            if self.ends.len() > self.limits.fields {
                return Err(FileProblem::too_large("columns", self.limits.fields));
            }
        }
        if state == State::Quoted {
            return Err(FileProblem::damaged(format_args!(
                "the quote opened on line {opened} is never closed"
            )));
        }
        if begun { self.end(place) } else { Ok(None) }
    }

    fn end(&mut self, place: Place) -> Result<Option<Place>, FileProblem> {
        self.ends.push(self.bytes.len());
        self.record = place.record;
        if self.record == u32::MAX {
            return Err(FileProblem::too_large("records", u32::MAX));
        }
        Ok(Some(place))
    }

    fn peek(&mut self) -> Result<Option<u8>, FileProblem> {
        if self.from == self.to {
            self.to = self.input.read(&mut self.buffer)?;
            self.from = 0;
            if self.to == 0 {
                return Ok(None);
            }
        }
        Ok(self.buffer.get(self.from).copied())
    }

    /// The fields of the record that was read last.
    pub(crate) fn fields(&self) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let field = self.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            String::from_utf8_lossy(field)
        })
    }

    /// How many fields the record that was read last has.
    pub(crate) fn field_count(&self) -> usize {
        self.ends.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u32, u32, Vec<String>)> {
        let mut records = Records::new(text.as_bytes(), b';', RecordLimits { bytes: 1000, fields: 100 });
        let mut out = Vec::new();
        while let Some(place) = records.advance().unwrap() {
            out.push((place.record, place.line, records.fields().map(String::from).collect()));
        }
        out
    }

    #[test]
    fn records_and_lines_are_counted_apart() {
        let rows = read("a;b\r\n\r\n\"x\ny\";\"say \"\"hi\"\"\"\nlast;");
        let texts: Vec<_> =
            rows.iter().map(|(record, line, fields)| (*record, *line, fields.join("|"))).collect();
        assert_eq!(
            texts,
            [
                (1, 1, "a|b".to_owned()),
                (2, 2, String::new()),
                (3, 3, "x\ny|say \"hi\"".to_owned()),
                (4, 5, "last|".to_owned()),
            ]
        );
    }

    #[test]
    fn quotes_inside_plain_fields_are_text() {
        assert_eq!(read("5\" pipe;\"a\"b\n")[0].2, ["5\" pipe", "ab"]);
    }

    #[test]
    fn a_quote_that_never_closes_is_told_with_its_line() {
        let mut records = Records::new(&b"a\n\"b\nc\n"[..], b';', RecordLimits { bytes: 1000, fields: 100 });
        records.advance().unwrap();
        let problem = records.advance().unwrap_err();
        assert!(problem.to_string().contains("line 2"), "{problem}");
    }
}
