//! Rows of cells.

use crate::number_text::read_float;
use chrono::NaiveDate;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// Text, never empty and without surrounding blanks.
    Text(String),
    /// A spreadsheet's number, and whether it is shown as a percentage.
    Number { value: f64, percent: bool },
    /// A spreadsheet's date; its time of day is dropped.
    Date(NaiveDate),
    /// A spreadsheet's truth value.
    Bool(bool),
    /// A spreadsheet's error, such as `#DIV/0!`.
    Error(&'static str),
}

impl Cell {
    /// A text cell, or `None` when it is blank.
    pub(crate) fn text(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        (!text.is_empty()).then(|| Self::Text(text.to_owned()))
    }

    /// The content as somebody who looks at the sheet would type it.
    pub(crate) fn raw(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number { value, .. } => match read_float(*value, 0) {
                Ok((number, _)) => number.to_string(),
                Err(_) => value.to_string(),
            },
            Self::Date(date) => date.to_string(),
            Self::Bool(true) => "TRUE".to_owned(),
            Self::Bool(false) => "FALSE".to_owned(),
            Self::Error(name) => (*name).to_owned(),
        }
    }
}

/// A record of a text file or a row of a sheet.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    /// Counted from 1, blank ones included.
    pub(crate) number: u32,
    /// First physical line, counted from 1; text files only.
    pub(crate) line: Option<u32>,
    /// The cells that are not blank, by column counted from 0, in that order.
    pub(crate) cells: Vec<(u32, Cell)>,
}

impl Row {
    /// The cell of a column, `None` when blank.
    pub(crate) fn get(&self, column: u32) -> Option<&Cell> {
        let at = self.cells.binary_search_by_key(&column, |(column, _)| *column).ok()?;
        self.cells.get(at).map(|(_, cell)| cell)
    }

    /// The text of a column as it would be typed, empty when blank.
    pub(crate) fn raw(&self, column: u32) -> String {
        self.get(column).map(Cell::raw).unwrap_or_default()
    }

    /// Starts a new row.
    pub(crate) fn begin(&mut self, number: u32, line: Option<u32>) {
        self.number = number;
        self.line = line;
        self.cells.clear();
    }

    /// Adds a cell to the right of the others; one that is not to the right replaces or is sorted in.
    pub(crate) fn push(&mut self, column: u32, cell: Cell) {
        match self.cells.last() {
            Some((last, _)) if *last >= column => {
                match self.cells.binary_search_by_key(&column, |(column, _)| *column) {
                    Ok(at) => {
                        if let Some(slot) = self.cells.get_mut(at) {
                            slot.1 = cell;
                        }
                    }
                    Err(at) => self.cells.insert(at, (column, cell)),
                }
            }
            Some(_) | None => self.cells.push((column, cell)),
        }
    }
}
