//! Reading the members of an archive that was checked.

use super::blocking;
use super::checking::{CheckError, Checked, check};
use super::key::{BackupKey, hex};
use async_trait::async_trait;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use vigie_kernel::StoreError;
use vigie_tenancy::backup::{ArchiveRefusal, BackupError, Manifest, Pieces, VerifiedArchive};

/// Bytes that are handed on at a time.
const PIECE: usize = 256 * 1024;

/// An archive that was checked, still open: what takes its name meanwhile is not read.
pub(super) struct CheckedArchive {
    file: Arc<Mutex<File>>,
    checked: Checked,
}

impl CheckedArchive {
    pub(super) fn open(path: &Path, key: &BackupKey, foreign_key: Option<&str>) -> Result<Self, BackupError> {
        let failed =
            |error| BackupError::file(format!("the archive {} cannot be read", path.display()), error);
        let about = std::fs::metadata(path).map_err(failed)?;
        if !about.is_file() {
            return Err(ArchiveRefusal::NotAnArchive("it is no regular file").into());
        }
        let file = File::open(path).map_err(failed)?;
        let checked = check(&file, key, foreign_key).map_err(|error| match error {
            CheckError::Refused(refusal) => BackupError::Refused(refusal),
            CheckError::Io(error) => failed(error),
        })?;
        Ok(Self { file: Arc::new(Mutex::new(file)), checked })
    }
}

#[async_trait]
impl VerifiedArchive for CheckedArchive {
    fn manifest(&self) -> &Manifest {
        &self.checked.manifest
    }

    async fn open(&self, member: &str) -> Result<Box<dyn Pieces>, BackupError> {
        let entry = self.checked.manifest.members.iter().find(|entry| entry.path == member);
        let (Some(entry), Some(offset)) = (entry, self.checked.offsets.get(member)) else {
            return Err(StoreError::broken("a member that the archive does not have").into());
        };
        let packed = Packed {
            file: Arc::clone(&self.file),
            at: *offset,
            left: entry.size,
            hash: Sha256::new(),
            sha256: entry.sha256.clone(),
        };
        let content =
            if entry.gzip { Content::Gzip(Box::new(GzDecoder::new(packed))) } else { Content::Plain(packed) };
        Ok(Box::new(MemberPieces { content: Some(content), member: member.to_owned() }))
    }
}

/// A stretch of the file, hashed as it is read. Its end is an error when it is not what was checked.
struct Packed {
    file: Arc<Mutex<File>>,
    at: u64,
    left: u64,
    hash: Sha256,
    sha256: String,
}

impl Read for Packed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            if self.left == 0 && hex(&self.hash.clone().finalize()) != self.sha256 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "changed since it was checked"));
            }
            return Ok(0);
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(&mut buffer[..most])?;
        drop(file);
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "cut since it was checked"));
        }
        self.hash.update(&buffer[..read]);
        let read_bytes = u64::try_from(read).unwrap_or_default();
        self.at += read_bytes;
        self.left -= read_bytes;
        Ok(read)
    }
}

enum Content {
    Plain(Packed),
    Gzip(Box<GzDecoder<Packed>>),
}

impl Content {
    /// The next piece; the hash of what lies in the file is looked at before the end is told.
    fn next(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::with_capacity(PIECE);
        let most = u64::try_from(PIECE).unwrap_or(u64::MAX);
        match self {
            Self::Plain(packed) => packed.take(most).read_to_end(&mut piece)?,
            Self::Gzip(raw) => {
                let read = raw.take(most).read_to_end(&mut piece)?;
                if read == 0 {
                    io::copy(raw.get_mut(), &mut io::sink())?;
                }
                read
            }
        };
        Ok(piece)
    }
}

struct MemberPieces {
    content: Option<Content>,
    member: String,
}

#[async_trait]
impl Pieces for MemberPieces {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        let Some(mut content) = self.content.take() else { return Ok(None) };
        let member = self.member.clone();
        let (content, piece) = blocking(move || {
            let piece = content.next().map_err(|error| {
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof
                ) {
                    BackupError::Refused(ArchiveRefusal::Damaged { member })
                } else {
                    BackupError::file(format!("the archive's member {member} cannot be read"), error)
                }
            })?;
            Ok((content, piece))
        })
        .await?;
        if piece.is_empty() {
            return Ok(None);
        }
        self.content = Some(content);
        Ok(Some(piece))
    }
}
