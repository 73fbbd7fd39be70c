//! Reading files into rows of cells, whatever their kind, without holding them in memory.

mod book;
mod csv;
mod delimiter;
mod encoding;
mod grid;
mod kind;
mod ole;
mod records;
mod xls;
mod xlsx;
mod xml_guard;
mod zip_guard;

pub(crate) use book::{Book, SheetInfo};
pub(crate) use grid::{Cell, Row};
pub use kind::FileKind;

use crate::service::hex;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::PathBuf;
use std::sync::Arc;

/// Where the bytes of a file are. Each pass over the file opens it anew.
#[derive(Clone)]
pub enum Source {
    /// A file on this machine, and what must live as long as it is needed (a temporary copy, for instance).
    File(PathBuf, Option<Arc<dyn Send + Sync>>),
    /// Bytes in memory.
    Bytes(Arc<[u8]>),
}

/// Bytes that can be read from any place.
pub(crate) trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// A file that is open.
pub(crate) type Opened = BufReader<Box<dyn ReadSeek>>;

impl Source {
    /// Opens the file at its start.
    pub(crate) fn open(&self) -> std::io::Result<Opened> {
        let inner: Box<dyn ReadSeek> = match self {
            Self::File(path, _) => Box::new(File::open(path)?),
            Self::Bytes(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
        };
        Ok(BufReader::with_capacity(64 << 10, inner))
    }

    /// SHA-256 of its bytes, in lower-case hexadecimal digits. Reads it whole.
    pub fn sha256(&self) -> std::io::Result<String> {
        let mut reader = self.open()?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = reader.read(&mut buffer)?;
            if read == 0 {
                return Ok(hex(&hasher.finalize()));
            }
            hasher.update(buffer.get(..read).unwrap_or_default());
        }
    }

    /// How many bytes it has.
    pub(crate) fn size(&self) -> std::io::Result<u64> {
        match self {
            Self::File(path, _) => Ok(std::fs::metadata(path)?.len()),
            Self::Bytes(bytes) => Ok(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(..) => f.write_str("Source::File(..)"),
            Self::Bytes(bytes) => write!(f, "Source::Bytes({})", bytes.len()),
        }
    }
}
