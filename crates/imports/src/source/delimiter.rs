//! Finding out the delimiter of a text file.

use super::Source;
use super::encoding::{TextEncoding, Utf8Reader};
use super::records::{RecordLimits, Records};
use crate::error::FileProblem;
use crate::limits::Limits;
use std::collections::HashMap;
use std::io::Read;

/// In the order of preference when nothing else decides.
const CANDIDATES: [u8; 4] = [b';', b'\t', b'|', b','];
const SAMPLE_BYTES: usize = 256 << 10;
const PIECE: usize = 32 << 10;
const SAMPLE_RECORDS: usize = 200;

/// The delimiter, and how many records to pass over before the first one that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delimiter {
    pub(crate) byte: u8,
    /// Whether the first record is a spreadsheet's `sep=;`.
    pub(crate) declared: bool,
}

/// The delimiter with which the most records have the same number of fields, more than one, outside quotes.
pub(crate) fn delimiter_of(
    source: &Source,
    encoding: TextEncoding,
    limits: &Limits,
) -> Result<Delimiter, FileProblem> {
    let sample = sample(&mut Utf8Reader::open(source, encoding)?)?;
    if let Some(byte) = declared(&sample) {
        return Ok(Delimiter { byte, declared: true });
    }
    let mut best = (0, 0, b';');
    for byte in CANDIDATES {
        let (consistent, fields) = consistency(&sample, byte, limits);
        if (consistent, fields) > (best.0, best.1) {
            best = (consistent, fields, byte);
        }
    }
    Ok(Delimiter { byte: best.2, declared: false })
}

/// The beginning of the text.
fn sample(reader: &mut Utf8Reader) -> std::io::Result<Vec<u8>> {
    let mut sample = Vec::new();
    let mut piece = vec![0; PIECE];
    while sample.len() < SAMPLE_BYTES {
        match reader.read(&mut piece)? {
            0 => break,
            read => sample.extend_from_slice(piece.get(..read).unwrap_or_default()),
        }
    }
    Ok(sample)
}

fn declared(sample: &[u8]) -> Option<u8> {
    let line = sample.split(|b| *b == b'\n' || *b == b'\r').next()?;
    let rest = line.strip_prefix(b"sep=").or_else(|| line.strip_prefix(b"SEP="))?;
    match rest {
        [byte] if CANDIDATES.contains(byte) => Some(*byte),
        _ => None,
    }
}

/// How many records have the most frequent number of fields above one, and that number.
fn consistency(sample: &[u8], byte: u8, limits: &Limits) -> (usize, usize) {
    let bounds = RecordLimits {
        bytes: limits.record_bytes,
        fields: usize::try_from(limits.columns).unwrap_or(usize::MAX),
    };
    let mut records = Records::new(sample, byte, bounds);
    let mut seen: HashMap<usize, usize> = HashMap::new();
    // A sample that ends in the middle of a quoted field, or is no such text at all, ends the count.
    for _ in 0..SAMPLE_RECORDS {
        match records.advance() {
            Ok(Some(_)) if records.field_count() > 1 => *seen.entry(records.field_count()).or_default() += 1,
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => break,
        }
    }
    seen.into_iter().map(|(fields, count)| (count, fields)).max().unwrap_or((0, 0))
}
