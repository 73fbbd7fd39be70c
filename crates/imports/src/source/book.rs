//! One view of all kinds of files: sheets of rows.

use super::Source;
use super::csv::CsvFile;
use super::grid::Row;
use super::kind::{FileKind, kind_of};
use super::xls::XlsFile;
use super::xlsx::XlsxFile;
use crate::error::FileProblem;
use crate::limits::Limits;
use std::ops::ControlFlow;

/// Whether to go on reading.
pub(crate) type Flow = ControlFlow<()>;

/// Takes rows, in the order of the file.
pub(crate) type RowSink<'s> = &'s mut dyn FnMut(&Row) -> Result<Flow, FileProblem>;

/// A sheet of a workbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SheetInfo {
    pub(crate) name: String,
    pub(crate) hidden: bool,
}

/// An opened file of any kind. A text file has one sheet without a name.
pub(crate) enum Book {
    Csv(CsvFile),
    Xlsx(Box<XlsxFile>),
    Xls(Box<XlsFile>),
}

impl Book {
    /// Opens a file after checking what it may cost.
    pub(crate) fn open(source: &Source, limits: &Limits) -> Result<Self, FileProblem> {
        if source.size()? > limits.upload_bytes {
            return Err(FileProblem::too_large("upload_bytes", limits.upload_bytes));
        }
        let book = match kind_of(source)? {
            FileKind::Csv => Self::Csv(CsvFile::open(source, limits)?),
            FileKind::Xlsx => Self::Xlsx(Box::new(XlsxFile::open(source, limits)?)),
            FileKind::Xls => Self::Xls(Box::new(XlsFile::open(source, limits)?)),
        };
        if book.sheets().len() > limits.sheets {
            return Err(FileProblem::too_large("sheets", limits.sheets));
        }
        Ok(book)
    }

    /// What it is.
    pub(crate) const fn kind(&self) -> FileKind {
        match self {
            Self::Csv(_) => FileKind::Csv,
            Self::Xlsx(_) => FileKind::Xlsx,
            Self::Xls(_) => FileKind::Xls,
        }
    }

    /// The sheets, in their order; one without a name for a text file.
    pub(crate) fn sheets(&self) -> Vec<SheetInfo> {
        match self {
            Self::Csv(_) => vec![SheetInfo { name: String::new(), hidden: false }],
            Self::Xlsx(file) => file.sheets().to_vec(),
            Self::Xls(file) => file.sheets().to_vec(),
        }
    }

    /// The text file inside, if it is one.
    pub(crate) const fn csv(&self) -> Option<&CsvFile> {
        match self {
            Self::Csv(file) => Some(file),
            Self::Xlsx(_) | Self::Xls(_) => None,
        }
    }

    /// Gives each row of a sheet that is not blank, from the first one.
    pub(crate) fn rows(&mut self, sheet: usize, sink: RowSink<'_>) -> Result<Flow, FileProblem> {
        match self {
            Self::Csv(file) => file.rows(sink),
            Self::Xlsx(file) => file.rows(sheet, sink),
            Self::Xls(file) => file.rows(sheet, sink),
        }
    }
}
