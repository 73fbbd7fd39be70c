//! Bounds on an old binary workbook, checked before a reader that allocates what the file promises.
//!
//! Walks the compound file ([MS-CFB]) to the workbook's stream and its records ([MS-XLS]) and counts what the sheets
//! would span.

use super::Source;
use super::kind::unknown;
use crate::code::IssueCode;
use crate::error::FileProblem;
use crate::limits::Limits;
use std::io::Read;

const END: u32 = 0xFFFF_FFFA;
const ENTRY: usize = 128;

/// Refuses a compound file that is no workbook, is encrypted, or would cost more than the limits allow.
pub(crate) fn check(source: &Source, limits: &Limits) -> Result<(), FileProblem> {
    let mut bytes = Vec::new();
    source.open()?.take(limits.upload_bytes + 1).read_to_end(&mut bytes)?;
    let file = Compound::read(&bytes)?;
    if file.has("EncryptedPackage") || file.has("EncryptionInfo") {
        return Err(FileProblem::new(IssueCode::FileEncrypted));
    }
    let stream = match file.stream("Workbook")? {
        Some(stream) => stream,
        None => file.stream("Book")?.ok_or_else(|| unknown("OLE"))?,
    };
    check_records(&stream, limits)
}

fn damaged() -> FileProblem {
    FileProblem::damaged("the compound file is inconsistent")
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn size(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

struct Compound<'b> {
    bytes: &'b [u8],
    sector: usize,
    fat: Vec<u32>,
    directory: Vec<u8>,
    mini_fat: Vec<u32>,
    mini_stream: Vec<u8>,
}

impl<'b> Compound<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self, FileProblem> {
        let field = |at| u32_at(bytes, at).ok_or_else(damaged);
        let sector = match u16_at(bytes, 30) {
            Some(9) => 512,
            Some(12) => 4096,
            Some(_) | None => return Err(damaged()),
        };
        let mut file = Self {
            bytes,
            sector,
            fat: Vec::new(),
            directory: Vec::new(),
            mini_fat: Vec::new(),
            mini_stream: Vec::new(),
        };
        for id in file.fat_sectors(field(68)?)? {
            let words = file.sector(id).ok_or_else(damaged)?.chunks_exact(4);
            file.fat.extend(words.filter_map(|word| u32_at(word, 0)));
        }
        file.directory = file.chain(field(48)?, usize::MAX)?;
        if field(64)? > 0 {
            let words = file.chain(field(60)?, usize::MAX)?;
            file.mini_fat = words.chunks_exact(4).filter_map(|word| u32_at(word, 0)).collect();
            let root = file.directory.get(..ENTRY).ok_or_else(damaged)?;
            let start = u32_at(root, 116).ok_or_else(damaged)?;
            file.mini_stream = file.chain(start, usize::MAX)?;
        }
        Ok(file)
    }

    /// The sectors of the allocation table: 109 named in the header, the others in a chain of their own.
    fn fat_sectors(&self, first: u32) -> Result<Vec<u32>, FileProblem> {
        let head = self.bytes.get(76..512).ok_or_else(damaged)?;
        let mut out: Vec<u32> = head.chunks_exact(4).filter_map(|word| u32_at(word, 0)).collect();
        let mut next = first;
        let mut visited = 0;
        while next < END {
            visited += 1;
            if visited > self.sectors() {
                return Err(damaged());
            }
            let sector = self.sector(next).ok_or_else(damaged)?;
            let (ids, link) = sector.split_at_checked(self.sector - 4).ok_or_else(damaged)?;
            out.extend(ids.chunks_exact(4).filter_map(|word| u32_at(word, 0)));
            next = u32_at(link, 0).ok_or_else(damaged)?;
        }
        out.retain(|id| *id < END);
        if out.len() > self.sectors() {
            return Err(damaged());
        }
        Ok(out)
    }

    const fn sectors(&self) -> usize {
        self.bytes.len() / self.sector
    }

    /// A sector; the last one of a file may be short.
    fn sector(&self, id: u32) -> Option<&'b [u8]> {
        let start = size(id).checked_add(1)?.checked_mul(self.sector)?;
        let end = (start + self.sector).min(self.bytes.len());
        self.bytes.get(start..end)
    }

    fn chain(&self, first: u32, length: usize) -> Result<Vec<u8>, FileProblem> {
        let mut out = Vec::new();
        let mut next = first;
        while next < END && out.len() < length {
            out.extend_from_slice(self.sector(next).ok_or_else(damaged)?);
            if out.len() > self.bytes.len() + self.sector {
                return Err(damaged());
            }
            next = *self.fat.get(size(next)).ok_or_else(damaged)?;
        }
        out.truncate(length);
        Ok(out)
    }

    fn mini_chain(&self, first: u32, length: usize) -> Result<Vec<u8>, FileProblem> {
        let mut out = Vec::new();
        let mut next = first;
        while next < END && out.len() < length {
            let start = size(next).checked_mul(64).ok_or_else(damaged)?;
            let end = (start + 64).min(self.mini_stream.len());
            out.extend_from_slice(self.mini_stream.get(start..end).ok_or_else(damaged)?);
            if out.len() > self.mini_stream.len() {
                return Err(damaged());
            }
            next = *self.mini_fat.get(size(next)).ok_or_else(damaged)?;
        }
        out.truncate(length);
        Ok(out)
    }

    fn find(&self, name: &str) -> Option<&[u8]> {
        let named = |entry: &&[u8]| {
            let length = usize::from(u16_at(entry, 64).unwrap_or(0)).saturating_sub(2).min(64);
            let units: Vec<u16> = entry
                .get(..length)
                .unwrap_or_default()
                .chunks_exact(2)
                .filter_map(|pair| u16_at(pair, 0))
                .collect();
            String::from_utf16_lossy(&units).eq_ignore_ascii_case(name)
        };
        self.directory.chunks_exact(ENTRY).find(named)
    }

    fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn stream(&self, name: &str) -> Result<Option<Vec<u8>>, FileProblem> {
        let Some(entry) = self.find(name) else { return Ok(None) };
        let start = u32_at(entry, 116).ok_or_else(damaged)?;
        let length = size(u32_at(entry, 120).ok_or_else(damaged)?);
        if length < 4096 {
            self.mini_chain(start, length).map(Some)
        } else {
            self.chain(start, length).map(Some)
        }
    }
}

/// Looks at every record, as a reader of the sheets would.
fn check_records(stream: &[u8], limits: &Limits) -> Result<(), FileProblem> {
    let mut span = Span::default();
    let mut total = 0;
    let mut at = 0;
    while let (Some(kind), Some(length)) = (u16_at(stream, at), u16_at(stream, at + 2)) {
        let start = at + 4;
        at = start + usize::from(length);
        let Some(data) = stream.get(start..at) else { break };
        match kind {
            FILEPASS if u16_at(data, 0) != Some(0) => return Err(FileProblem::new(IssueCode::FileEncrypted)),
            BOF => {
                total += span.cells();
                span = Span::default();
            }
            DIMENSIONS => span.promise(data),
            // A cell: its row and its first column; runs of cells end with their last column.
            CELL_FORMULA | CELL_LABEL_SST | CELL_RSTRING | CELL_NUMBER | CELL_LABEL | CELL_BOOL_ERR
            | CELL_RK => {
                span.cell(data, None);
            }
            CELL_MUL_RK => span.cell(data, data.len().checked_sub(2)),
            _ => {}
        }
        if total + span.cells() > limits.binary_grid_cells {
            return Err(FileProblem::too_large("binary_grid_cells", limits.binary_grid_cells));
        }
    }
    Ok(())
}

const FILEPASS: u16 = 0x002F;
const BOF: u16 = 0x0809;
const DIMENSIONS: u16 = 0x0200;
const CELL_FORMULA: u16 = 0x0006;
const CELL_MUL_RK: u16 = 0x00BD;
const CELL_RSTRING: u16 = 0x00D6;
const CELL_LABEL_SST: u16 = 0x00FD;
const CELL_NUMBER: u16 = 0x0203;
const CELL_LABEL: u16 = 0x0204;
const CELL_BOOL_ERR: u16 = 0x0205;
const CELL_RK: u16 = 0x027E;

/// The rectangle that a sheet's cells span, and the one that it promises.
#[derive(Default)]
struct Span {
    promised: u64,
    bounds: Option<(u64, u64, u64, u64)>,
}

impl Span {
    fn cells(&self) -> u64 {
        let real =
            self.bounds.map_or(0, |(top, bottom, left, right)| (bottom - top + 1) * (right - left + 1));
        real.max(self.promised)
    }

    fn promise(&mut self, data: &[u8]) {
        let wide = |at| u64::from(u32_at(data, at).unwrap_or(0));
        let narrow = |at| u64::from(u16_at(data, at).unwrap_or(0));
        let (rows, columns) = if data.len() >= 14 {
            (wide(4).saturating_sub(wide(0)), narrow(10).saturating_sub(narrow(8)))
        } else {
            (narrow(2).saturating_sub(narrow(0)), narrow(6).saturating_sub(narrow(4)))
        };
        self.promised = self.promised.max(rows.saturating_mul(columns));
    }

    fn cell(&mut self, data: &[u8], last_column_at: Option<usize>) {
        let (Some(row), Some(first)) = (u16_at(data, 0), u16_at(data, 2)) else { return };
        let last = last_column_at.and_then(|at| u16_at(data, at)).unwrap_or(first).max(first);
        let (row, first, last) = (u64::from(row), u64::from(first), u64::from(last));
        let (top, bottom, left, right) = self.bounds.unwrap_or((row, row, first, last));
        self.bounds = Some((top.min(row), bottom.max(row), left.min(first), right.max(last)));
    }
}
