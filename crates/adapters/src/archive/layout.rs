//! The form of the tar file: plain ustar headers, regular files only, blocks of 512 bytes.

use std::io::{self, Read, Write};
use tar::{EntryType, Header};
use vigie_tenancy::backup::ArchiveRefusal;

/// A block of a tar file.
pub(super) const BLOCK: usize = 512;
/// What ends a tar file.
pub(super) const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// How many zero bytes follow so many bytes of content.
pub(super) fn padding(size: u64) -> usize {
    let over = size % 512;
    if over == 0 { 0 } else { BLOCK - usize::try_from(over).unwrap_or(0) }
}

/// The header of a member. There is exactly one for each path and size.
pub(super) fn header(path: &str, size: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(path)?;
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    Ok(header)
}

/// Writes zero bytes up to the next block.
pub(super) fn pad(writer: &mut impl Write, size: u64) -> io::Result<()> {
    writer.write_all(&END[..padding(size)])
}

/// What a header says.
pub(super) struct Told {
    pub(super) path: String,
    pub(super) size: u64,
}

/// Reads the next header; `None` where the archive ends. Anything but a regular file under a plain path is refused.
pub(super) fn read_header(reader: &mut impl Read) -> Result<Option<Told>, HeaderError> {
    let mut block = [0; BLOCK];
    reader.read_exact(&mut block)?;
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let header = Header::from_byte_slice(&block);
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| u32::from(if (148..156).contains(&at) { b' ' } else { *byte }))
        .sum();
    if header.as_ustar().is_none() || header.cksum().ok() != Some(sum) {
        return Err(ArchiveRefusal::NotAnArchive("a header is none of a tar file of ours").into());
    }
    let path = header.path_bytes().into_owned();
    let path = String::from_utf8(path).map_err(|_| refused("(unreadable)", "its path is no text"))?;
    if header.entry_type() != EntryType::Regular {
        return Err(refused(&path, "only regular files belong into an archive: no link, no folder").into());
    }
    let size = header.entry_size().map_err(|_| refused(&path, "its size is no number"))?;
    let ours = self::header(&path, size).ok().filter(|ours| ours.as_bytes() == &block);
    if ours.is_none() {
        return Err(refused(&path, why_not_ours(&path)).into());
    }
    Ok(Some(Told { path, size }))
}

/// `tar` itself refuses to write what leads elsewhere, so such a header never is one of ours.
fn why_not_ours(path: &str) -> &'static str {
    if path.starts_with('/') || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        "its path leads elsewhere"
    } else {
        "its header was not written by this product"
    }
}

fn refused(path: &str, why: &'static str) -> ArchiveRefusal {
    ArchiveRefusal::Member { member: path.chars().take(200).collect(), why }
}

/// Why no header could be read.
pub(super) enum HeaderError {
    Refused(ArchiveRefusal),
    Io(io::Error),
}

impl From<ArchiveRefusal> for HeaderError {
    fn from(refusal: ArchiveRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for HeaderError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
