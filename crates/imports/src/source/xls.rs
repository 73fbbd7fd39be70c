//! Old binary workbooks. Their reader holds the sheets in memory, which the checks before it keep small.

use super::book::{Flow, RowSink, SheetInfo};
use super::grid::{Cell, Row};
use super::xlsx::{date, error_name, integer, iso_date, worksheets};
use super::{Opened, Source, ole};
use crate::code::IssueCode;
use crate::error::FileProblem;
use crate::limits::Limits;
use calamine::{Data, Range, Reader, Xls, XlsError};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A workbook whose cost is within the limits.
pub(crate) struct XlsFile {
    book: Xls<Opened>,
    sheets: Vec<SheetInfo>,
    current: Option<(usize, Range<Data>)>,
}

impl XlsFile {
    /// Checks the file, then reads all of it.
    pub(crate) fn open(source: &Source, limits: &Limits) -> Result<Self, FileProblem> {
        ole::check(source, limits)?;
        let reader = source.open()?;
        // The reader of this old format trusts offsets that a damaged file may send anywhere.
        let opened = catch_unwind(AssertUnwindSafe(|| Xls::new(reader)));
        let book = match opened {
            Ok(Ok(book)) => book,
            Ok(Err(XlsError::Password)) => return Err(FileProblem::new(IssueCode::FileEncrypted)),
            Ok(Err(error)) => return Err(FileProblem::damaged(error)),
            Err(_) => return Err(FileProblem::damaged("the workbook is inconsistent")),
        };
        let sheets = worksheets(book.sheets_metadata());
        if sheets.is_empty() {
            return Err(FileProblem::new(IssueCode::FileEmpty));
        }
        Ok(Self { book, sheets, current: None })
    }

    /// The worksheets, in their order.
    pub(crate) fn sheets(&self) -> &[SheetInfo] {
        &self.sheets
    }

    /// Gives each row of a sheet that is not blank.
    pub(crate) fn rows(&mut self, sheet: usize, sink: RowSink<'_>) -> Result<Flow, FileProblem> {
        let Some(info) = self.sheets.get(sheet) else { return Ok(ControlFlow::Continue(())) };
        let range = match self.current.take() {
            Some((index, range)) if index == sheet => range,
            Some(_) | None => self.book.worksheet_range(&info.name).map_err(FileProblem::damaged)?,
        };
        let flow = rows_of(&range, sink);
        self.current = Some((sheet, range));
        flow
    }
}

fn rows_of(range: &Range<Data>, sink: RowSink<'_>) -> Result<Flow, FileProblem> {
    let Some((top, left)) = range.start() else { return Ok(ControlFlow::Continue(())) };
    let mut row = Row::default();
    for (number, cells) in (top + 1..).zip(range.rows()) {
        row.begin(number, None);
        for (column, data) in (left..).zip(cells) {
            if let Some(cell) = value(data) {
                row.push(column, cell);
            }
        }
        if !row.cells.is_empty() && sink(&row)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn value(data: &Data) -> Option<Cell> {
    match data {
        Data::Empty => None,
        Data::String(text) | Data::DurationIso(text) => Cell::text(text),
        Data::Int(value) => integer(*value, false),
        Data::Float(value) => Some(Cell::Number { value: *value, percent: false }),
        Data::Bool(value) => Some(Cell::Bool(*value)),
        Data::DateTime(value) => Some(date(value)),
        Data::DateTimeIso(text) => Some(iso_date(text)),
        Data::Error(error) => Some(Cell::Error(error_name(error))),
    }
}
