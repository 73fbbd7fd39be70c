//! Office Open XML workbooks, read cell by cell.

use super::book::{Flow, RowSink, SheetInfo};
use super::grid::{Cell, Row};
use super::{Opened, Source, zip_guard};
use crate::code::IssueCode;
use crate::error::FileProblem;
use crate::limits::Limits;
use calamine::{CellErrorType, DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use chrono::NaiveDate;
use std::ops::ControlFlow;

/// A workbook whose cost is within the limits.
pub(crate) struct XlsxFile {
    book: Xlsx<Opened>,
    sheets: Vec<SheetInfo>,
    columns: u32,
}

/// Rows that a sheet can have.
const ROWS: u32 = 1_048_576;

impl XlsxFile {
    /// Checks the container, then reads everything but the sheets.
    pub(crate) fn open(source: &Source, limits: &Limits) -> Result<Self, FileProblem> {
        zip_guard::check(source, limits)?;
        let book: Xlsx<Opened> = Xlsx::new(source.open()?).map_err(|error| problem(&error))?;
        let sheets = worksheets(book.sheets_metadata());
        if sheets.is_empty() {
            return Err(FileProblem::new(IssueCode::FileEmpty));
        }
        Ok(Self { book, sheets, columns: limits.columns })
    }

    /// The worksheets, in their order.
    pub(crate) fn sheets(&self) -> &[SheetInfo] {
        &self.sheets
    }

    /// Gives each row of a sheet that is not blank.
    pub(crate) fn rows(&mut self, sheet: usize, sink: RowSink<'_>) -> Result<Flow, FileProblem> {
        let Some(info) = self.sheets.get(sheet) else { return Ok(ControlFlow::Continue(())) };
        let mut cells = self.book.worksheet_cells_reader(&info.name).map_err(|error| problem(&error))?;
        let percents: Vec<bool> = cells
            .styles()
            .iter()
            .map(|style| style.number_format.as_ref().is_some_and(|format| is_percent(&format.format_code)))
            .collect();
        let mut row = Row::default();
        loop {
            let next = cells.next_cell_with_style_id().map_err(|error| problem(&error))?;
            let Some((cell, style)) = next else { break };
            let (index, column) = cell.get_position();
            if index >= ROWS || column >= self.columns {
                return Err(FileProblem::too_large("columns", self.columns));
            }
            let number = index + 1;
            if number != row.number {
                if number < row.number {
                    return Err(FileProblem::damaged("the rows of the sheet are not in order"));
                }
                if !row.cells.is_empty() && sink(&row)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                row.begin(number, None);
            }
            let percent = percents.get(style).copied().unwrap_or(false);
            if let Some(cell) = value(cell.get_value(), percent) {
                row.push(column, cell);
            }
        }
        if row.cells.is_empty() { Ok(ControlFlow::Continue(())) } else { sink(&row) }
    }
}

/// The worksheets among the sheets: charts, dialogs and macros hold no tables.
pub(crate) fn worksheets(sheets: &[calamine::Sheet]) -> Vec<SheetInfo> {
    let worksheet = |sheet: &&calamine::Sheet| sheet.typ == SheetType::WorkSheet;
    sheets
        .iter()
        .filter(worksheet)
        .map(|sheet| SheetInfo { name: sheet.name.clone(), hidden: sheet.visible != SheetVisible::Visible })
        .collect()
}

fn value(data: &DataRef<'_>, percent: bool) -> Option<Cell> {
    match data {
        DataRef::Empty => None,
        DataRef::String(text) | DataRef::DurationIso(text) => Cell::text(text),
        DataRef::SharedString(text) => Cell::text(text),
        DataRef::Int(value) => integer(*value, percent),
        DataRef::Float(value) => Some(Cell::Number { value: *value, percent }),
        DataRef::Bool(value) => Some(Cell::Bool(*value)),
        DataRef::DateTime(value) => Some(date(value)),
        DataRef::DateTimeIso(text) => Some(iso_date(text)),
        DataRef::Error(error) => Some(Cell::Error(error_name(error))),
    }
}

/// A whole number; beyond what a binary number holds exactly it is kept as text.
pub(crate) fn integer(value: i64, percent: bool) -> Option<Cell> {
    match i32::try_from(value) {
        Ok(small) => Some(Cell::Number { value: f64::from(small), percent }),
        Err(_) => Cell::text(&value.to_string()),
    }
}

/// A date cell; a duration or a time of day alone is a number.
pub(crate) fn date(value: &ExcelDateTime) -> Cell {
    let date = value.is_datetime().then(|| value.as_datetime()).flatten().filter(|_| value.as_f64() >= 1.0);
    match date {
        Some(date) => Cell::Date(date.date()),
        None => Cell::Number { value: value.as_f64(), percent: false },
    }
}

/// An ISO 8601 date or date and time.
pub(crate) fn iso_date(text: &str) -> Cell {
    match text.get(..10).and_then(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()) {
        Some(date) => Cell::Date(date),
        None => Cell::Text(text.to_owned()),
    }
}

/// The name of a cell error as spreadsheets show it.
pub(crate) const fn error_name(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        CellErrorType::GettingData => "#GETTING_DATA",
    }
}

/// Whether a number format shows hundredths: a `%` that is no literal.
fn is_percent(format: &str) -> bool {
    let mut quoted = false;
    let mut escaped = false;
    for c in format.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' | '_' | '*' => escaped = true,
            '"' => quoted = !quoted,
            '%' if !quoted => return true,
            ';' if !quoted => return false,
            _ => {}
        }
    }
    false
}

fn problem(error: &XlsxError) -> FileProblem {
    if matches!(error, XlsxError::Password) {
        return FileProblem::new(IssueCode::FileEncrypted);
    }
    FileProblem::damaged(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_formats_are_told_from_literals() {
        assert!(is_percent("0.00%"));
        assert!(is_percent("0%;[Red]-0%"));
        assert!(!is_percent("0.00"));
        assert!(!is_percent("0\" %\""));
        assert!(!is_percent("0\\%"));
    }
}
