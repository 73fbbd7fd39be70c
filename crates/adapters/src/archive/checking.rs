//! Checking every byte of an archive before anything of it is used.

use super::key::{BackupKey, hex};
use super::layout::{BLOCK, HeaderError, Told, padding, read_header};
use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use vigie_tenancy::backup::{
    ArchiveRefusal, MANIFEST, MANIFEST_BYTES, Manifest, MemberEntry, SIGNATURE, check_path,
};

/// Longest signature that is read.
const SIGNATURE_BYTES: u64 = 4096;

/// Where the first header ends.
const FIRST_BLOCK: u64 = 512;

/// An archive that was found good.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) manifest: Manifest,
    /// Where the content of each member begins.
    pub(super) offsets: BTreeMap<String, u64>,
}

/// Why an archive was not found good.
#[derive(Debug)]
pub(super) enum CheckError {
    Refused(ArchiveRefusal),
    /// The medium, not the archive.
    Io(io::Error),
}

impl From<ArchiveRefusal> for CheckError {
    fn from(refusal: ArchiveRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Reads an archive from its beginning to its end.
pub(super) fn check(
    reader: impl Read,
    key: &BackupKey,
    foreign_key: Option<&str>,
) -> Result<Checked, CheckError> {
    let mut archive = Cursor { reader: BufReader::with_capacity(256 * 1024, reader), at: 0 };
    let manifest = archive.named(MANIFEST, MANIFEST_BYTES)?;
    let signature = archive.named(SIGNATURE, SIGNATURE_BYTES)?;
    // Nothing of the manifest is looked at before this.
    key.check(&manifest, &signature, foreign_key)?;
    let manifest = Manifest::parse(&manifest)?;
    let mut offsets = BTreeMap::new();
    for member in &manifest.members {
        let Told { path, size } = archive.header("a member")?.ok_or_else(|| truncated(&member.path))?;
        if path != member.path {
            return Err(unexpected(&path).into());
        }
        if size != member.size {
            return Err(ArchiveRefusal::Damaged { member: path }.into());
        }
        offsets.insert(path, archive.at);
        archive.content(member)?;
        archive.skip_padding(size, &member.path)?;
    }
    if let Some(Told { path, .. }) = archive.header("its end")? {
        return Err(unexpected(&path).into());
    }
    archive.end()?;
    Ok(Checked { manifest, offsets })
}

fn truncated(what: &str) -> ArchiveRefusal {
    ArchiveRefusal::Truncated(format!("it ends before or in {what}"))
}

fn unexpected(path: &str) -> ArchiveRefusal {
    if let Err(refusal) = check_path(path) {
        return refusal;
    }
    ArchiveRefusal::Member {
        member: path.chars().take(200).collect(),
        why: "the manifest does not list it, or not at this place",
    }
}

struct Cursor<R> {
    reader: R,
    at: u64,
}

impl<R: BufRead> Cursor<R> {
    fn header(&mut self, before: &str) -> Result<Option<Told>, CheckError> {
        let read = read_header(&mut self.reader);
        self.at += u64::try_from(BLOCK).unwrap_or_default();
        read.map_err(|error| match error {
            // Past the beginning it is an archive of ours, with a header that is damaged.
            HeaderError::Refused(ArchiveRefusal::NotAnArchive(_)) if self.at > FIRST_BLOCK => {
                ArchiveRefusal::Damaged { member: format!("the header of {before}") }.into()
            }
            HeaderError::Refused(refusal) => refusal.into(),
            HeaderError::Io(error) => ended(error, before),
        })
    }

    /// A member that must come now, whole.
    fn named(&mut self, name: &str, longest: u64) -> Result<Vec<u8>, CheckError> {
        let Told { path, size } = self
            .header(name)
            .map_err(|error| match error {
                // Not even one header: something else than an archive cut short.
                CheckError::Refused(ArchiveRefusal::Truncated(_)) if name == MANIFEST => {
                    ArchiveRefusal::NotAnArchive("it is too short").into()
                }
                other @ (CheckError::Refused(_) | CheckError::Io(_)) => other,
            })?
            .ok_or_else(|| truncated(name))?;
        if path != name {
            return Err(match check_path(&path) {
                Err(refusal) if path.contains("..") || path.starts_with('/') => refusal,
                Ok(()) | Err(_) => {
                    ArchiveRefusal::NotAnArchive("it does not begin with a manifest and its signature")
                }
            }
            .into());
        }
        if size > longest {
            return Err(ArchiveRefusal::TooLarge { what: "the size of its manifest" }.into());
        }
        let mut content = Vec::new();
        let read = (&mut self.reader).take(size).read_to_end(&mut content).map_err(CheckError::Io)?;
        if u64::try_from(read).ok() != Some(size) {
            return Err(truncated(name).into());
        }
        self.at += size;
        self.skip_padding(size, name)?;
        Ok(content)
    }

    /// Hashes a member, and inflates it to nowhere.
    fn content(&mut self, member: &MemberEntry) -> Result<(), CheckError> {
        let damaged = || ArchiveRefusal::Damaged { member: member.path.clone() };
        let mut content = Content {
            inner: (&mut self.reader).take(member.size),
            hash: Sha256::new(),
            read: 0,
            failed: None,
        };
        let inflated = if member.gzip {
            inflate(&mut BufReader::with_capacity(64 * 1024, &mut content), member)
        } else {
            Ok(())
        };
        // A damaged stream ends early; the rest is hashed all the same, for the checksum is the better reason.
        io::copy(&mut content, &mut io::sink()).map_err(CheckError::Io)?;
        if let Some(error) = content.failed.take() {
            return Err(CheckError::Io(error));
        }
        if matches!(inflated, Err(Inflating::Bomb)) {
            return Err(ArchiveRefusal::TooDense { member: member.path.clone() }.into());
        }
        if content.read < member.size {
            return Err(truncated(&member.path).into());
        }
        let hash = std::mem::take(&mut content.hash);
        self.at += member.size;
        if hex(&hash.finalize()) != member.sha256 || inflated.is_err() {
            return Err(damaged().into());
        }
        Ok(())
    }

    fn skip_padding(&mut self, size: u64, what: &str) -> Result<(), CheckError> {
        let mut zeros = [0; BLOCK];
        let zeros = &mut zeros[..padding(size)];
        self.reader.read_exact(zeros).map_err(|error| ended(error, what))?;
        self.at += u64::try_from(zeros.len()).unwrap_or_default();
        if zeros.iter().any(|byte| *byte != 0) {
            return Err(ArchiveRefusal::Damaged { member: what.to_owned() }.into());
        }
        Ok(())
    }

    /// One empty block was the end; one more must follow, and nothing after it.
    fn end(&mut self) -> Result<(), CheckError> {
        let mut block = [0; BLOCK];
        self.reader.read_exact(&mut block).map_err(|error| ended(error, "its end"))?;
        let mut more = [0; 1];
        let rest = self.reader.read(&mut more).map_err(CheckError::Io)?;
        if rest > 0 || block.iter().any(|byte| *byte != 0) {
            return Err(ArchiveRefusal::Member {
                member: String::new(),
                why: "something follows the archive's end",
            }
            .into());
        }
        Ok(())
    }
}

fn ended(error: io::Error, what: &str) -> CheckError {
    if error.kind() == ErrorKind::UnexpectedEof { truncated(what).into() } else { CheckError::Io(error) }
}

/// A member's bytes, hashed as they are read. The medium's own errors are kept apart from those of a damaged stream.
struct Content<R> {
    inner: R,
    hash: Sha256,
    read: u64,
    failed: Option<io::Error>,
}

impl<R: Read> Read for Content<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(read) => {
                self.hash.update(&buffer[..read]);
                self.read += u64::try_from(read).unwrap_or_default();
                Ok(read)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.failed = Some(error);
                Err(kind.into())
            }
        }
    }
}

enum Inflating {
    Bomb,
    Damaged,
}

fn inflate(packed: &mut impl BufRead, member: &MemberEntry) -> Result<(), Inflating> {
    let mut raw = GzDecoder::new(&mut *packed).take(member.raw_size.saturating_add(1));
    let mut buffer = vec![0; 64 * 1024];
    let mut size = 0_u64;
    loop {
        match raw.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => size += u64::try_from(read).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(Inflating::Damaged),
        }
    }
    drop(raw);
    if size > member.raw_size {
        return Err(Inflating::Bomb);
    }
    let left = packed.fill_buf().map_err(|_| Inflating::Damaged)?;
    if size < member.raw_size || !left.is_empty() { Err(Inflating::Damaged) } else { Ok(()) }
}
