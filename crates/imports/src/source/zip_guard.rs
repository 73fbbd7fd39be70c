//! Bounds on a zip container, checked by inflating it once before anything else reads it.

use super::Source;
use super::kind::unknown;
use super::xml_guard::XmlGuard;
use crate::code::IssueCode;
use crate::error::FileProblem;
use crate::limits::Limits;
use std::io::{Read, Seek, SeekFrom};
use zip::ZipArchive;
use zip::result::ZipError;

/// Members below this size may be packed as well as they like.
const SMALL: u64 = 1 << 20;
/// An end-of-directory record with the longest comment.
const TAIL: u64 = 22 + 65_535;

/// Refuses a container that is no workbook, is encrypted, or would cost more than the limits allow.
pub(crate) fn check(source: &Source, limits: &Limits) -> Result<(), FileProblem> {
    check_entry_count(source, limits)?;
    let mut archive = ZipArchive::new(source.open()?).map_err(|error| problem(&error))?;
    let has =
        |name: &str| archive.file_names().flatten().any(|member| member.trim_start_matches('/') == name);
    if !has("[Content_Types].xml") {
        return Err(unknown(if has("mimetype") { "OpenDocument" } else { "zip" }));
    }
    if archive.file_names().flatten().any(|name| name.to_ascii_lowercase().ends_with("workbook.bin")) {
        return Err(unknown("XLSB"));
    }
    let mut total = 0;
    for index in 0..archive.len() {
        total += check_member(&mut archive, index, total, limits)?;
    }
    Ok(())
}

fn check_member(
    archive: &mut ZipArchive<super::Opened>,
    index: usize,
    before: u64,
    limits: &Limits,
) -> Result<u64, FileProblem> {
    let mut member = archive.by_index(index).map_err(|error| problem(&error))?;
    let name = member.name().map_err(|error| problem(&error))?.to_ascii_lowercase();
    let packed = member.compressed_size().max(1);
    let extension = name.rsplit('.').next().unwrap_or("");
    let is_xml = ["xml", "rels", "vml"].contains(&extension);
    let is_strings = name.ends_with("sharedstrings.xml");
    let mut guard = XmlGuard::default();
    let mut buffer = vec![0; 64 << 10];
    let mut size: u64 = 0;
    loop {
        let read = member.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        size += u64::try_from(read).unwrap_or(u64::MAX);
        if before + size > limits.unzipped_bytes {
            return Err(FileProblem::too_large("unzipped_bytes", limits.unzipped_bytes));
        }
        if size > SMALL && size / packed > limits.zip_ratio {
            return Err(FileProblem::too_large("zip_ratio", limits.zip_ratio));
        }
        if is_strings && size > limits.shared_strings_bytes {
            return Err(FileProblem::too_large("shared_strings_bytes", limits.shared_strings_bytes));
        }
        if is_xml {
            guard.watch(buffer.get(..read).unwrap_or_default())?;
        }
    }
    // A string takes seven bytes at least (`<si/>` and its line): a greater promise is a lie told to reserve memory.
    if guard.promised_strings > size / 5 + 1_000 {
        return Err(FileProblem::damaged("the table of strings promises more strings than it can hold"));
    }
    Ok(size)
}

/// Counts the members before a directory of millions is read into memory.
fn check_entry_count(source: &Source, limits: &Limits) -> Result<(), FileProblem> {
    let size = source.size()?;
    let mut reader = source.open()?;
    reader.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    reader.take(TAIL).read_to_end(&mut tail)?;
    // Whichever record of the tail a reader takes for the last one, it must be within the limit.
    let mut found = false;
    for at in 0..tail.len().saturating_sub(21) {
        let Some(record) = tail.get(at..at + 22).filter(|record| record.starts_with(b"PK\x05\x06")) else {
            continue;
        };
        found = true;
        let entries = match record {
            [_, _, _, _, _, _, _, _, _, _, low, high, ..] => u16::from_le_bytes([*low, *high]),
            _ => u16::MAX,
        };
        if u64::from(entries) > limits.zip_entries {
            return Err(FileProblem::too_large("zip_entries", limits.zip_entries));
        }
    }
    // A 64-bit directory needs more members or more bytes than the limits allow.
    if !found || tail.windows(4).any(|bytes| bytes == b"PK\x06\x06") {
        return Err(FileProblem::damaged("the zip directory is missing or not a plain one"));
    }
    Ok(())
}

fn problem(error: &ZipError) -> FileProblem {
    let needs_password = matches!(
        error,
        ZipError::UnsupportedArchive(text) if text.to_ascii_lowercase().contains("password")
    );
    if needs_password || matches!(error, ZipError::InvalidPassword) {
        FileProblem::new(IssueCode::FileEncrypted)
    } else {
        FileProblem::damaged(error)
    }
}
