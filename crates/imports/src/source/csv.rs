//! Text files.

use super::Source;
use super::book::{Flow, RowSink};
use super::delimiter::{Delimiter, delimiter_of};
use super::encoding::{TextEncoding, Utf8Reader, encoding_of};
use super::grid::{Cell, Row};
use super::records::{RecordLimits, Records};
use crate::error::FileProblem;
use crate::limits::Limits;
use std::ops::ControlFlow;

/// A text file whose encoding and delimiter are known.
pub(crate) struct CsvFile {
    source: Source,
    pub(crate) encoding: TextEncoding,
    pub(crate) delimiter: Delimiter,
    limits: RecordLimits,
}

impl CsvFile {
    /// Finds out encoding and delimiter.
    pub(crate) fn open(source: &Source, limits: &Limits) -> Result<Self, FileProblem> {
        let encoding = encoding_of(source)?;
        let delimiter = delimiter_of(source, encoding, limits)?;
        let fields = usize::try_from(limits.columns).unwrap_or(usize::MAX);
        let limits = RecordLimits { bytes: limits.record_bytes, fields };
        Ok(Self { source: source.clone(), encoding, delimiter, limits })
    }

    /// Gives each record that is not blank.
    pub(crate) fn rows(&self, sink: RowSink<'_>) -> Result<Flow, FileProblem> {
        let input = Utf8Reader::open(&self.source, self.encoding)?;
        let mut records = Records::new(input, self.delimiter.byte, self.limits);
        let mut row = Row::default();
        while let Some(place) = records.advance()? {
            if place.record == 1 && self.delimiter.declared {
                continue;
            }
            row.begin(place.record, Some(place.line));
            for (column, field) in (0_u32..).zip(records.fields()) {
                if let Some(cell) = Cell::text(&field) {
                    row.push(column, cell);
                }
            }
            if !row.cells.is_empty() && sink(&row)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
