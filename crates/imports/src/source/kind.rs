//! What a file is, by its first bytes.

use super::Source;
use crate::code::IssueCode;
use crate::error::FileProblem;
use std::io::Read;

/// The kind of a file, by its bytes and never by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Delimited text.
    Csv,
    /// An Office Open XML workbook.
    Xlsx,
    /// An old binary workbook.
    Xls,
}

impl FileKind {
    /// The stable name: `csv`, `xlsx` or `xls`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Xls => "xls",
        }
    }
}

/// Magic bytes of things that are no table, for a message that names them.
const STRANGERS: &[(&[u8], &str)] = &[
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"PAR1", "Parquet"),
    (b"{\\rtf", "RTF"),
    (b"SQLite format 3", "SQLite"),
];

/// Tells the kind of a file.
pub(crate) fn kind_of(source: &Source) -> Result<FileKind, FileProblem> {
    let mut head = Vec::with_capacity(4096);
    source.open()?.take(4096).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(FileProblem::new(IssueCode::FileEmpty));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(FileKind::Xlsx);
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Ok(FileKind::Xls);
    }
    if let Some((_, name)) = STRANGERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(unknown(name));
    }
    let utf16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    if !utf16 && head.contains(&0) {
        return Err(unknown("binary"));
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    if text.starts_with(b"<") {
        return Err(unknown("HTML or XML"));
    }
    if text.starts_with(b"{") || text.starts_with(b"[{") {
        return Err(unknown("JSON"));
    }
    Ok(FileKind::Csv)
}

/// A file that is none of the kinds that are read.
pub(crate) fn unknown(found: &str) -> FileProblem {
    FileProblem::new(IssueCode::FileKindUnknown).with("found", found)
}
