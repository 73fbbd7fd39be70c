//! Writing an archive.

use super::blocking;
use super::key::{BackupKey, hex};
use super::layout::{BLOCK, END, header, pad};
use async_trait::async_trait;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;
use vigie_kernel::StoreError;
use vigie_tenancy::backup::{ArchiveFile, ArchiveWriter, BackupError, MANIFEST, MemberEntry, SIGNATURE};

/// The member that is being written.
struct Member {
    path: String,
    /// Where its header is in the spool file.
    header_at: u64,
    gzip: Option<GzEncoder<Vec<u8>>>,
    size: u64,
    raw_size: u64,
    hash: Sha256,
}

/// An archive that is being written: its members go to a spool file beside it.
pub(super) struct TarWriter {
    path: PathBuf,
    body: BufWriter<NamedTempFile>,
    /// The length of the spool file so far.
    length: u64,
    member: Option<Member>,
    /// Where the header of the member that was ended last is.
    last: Option<u64>,
    key: Arc<BackupKey>,
}

/// Counts and hashes what goes through.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += length(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl TarWriter {
    /// Begins an archive in a folder that only its owner can look into.
    pub(super) fn create(folder: &Path, name: &str, key: Arc<BackupKey>) -> Result<Self, BackupError> {
        let failed =
            |error| BackupError::file(format!("no archive can be written to {}", folder.display()), error);
        private_folder(folder).map_err(failed)?;
        let body = NamedTempFile::new_in(folder).map_err(failed)?;
        Ok(Self {
            path: folder.join(name),
            body: BufWriter::with_capacity(256 * 1024, body),
            length: 0,
            member: None,
            last: None,
            key,
        })
    }

    fn failed(&self, error: io::Error) -> BackupError {
        BackupError::file(format!("the archive {} cannot be written", self.path.display()), error)
    }

    fn begin(&mut self, path: &str, gzip: bool) -> io::Result<()> {
        self.body.write_all(&[0; BLOCK])?;
        self.member = Some(Member {
            path: path.to_owned(),
            header_at: self.length,
            gzip: gzip.then(|| GzEncoder::new(Vec::new(), Compression::default())),
            size: 0,
            raw_size: 0,
            hash: Sha256::new(),
        });
        self.length += length(BLOCK);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let member = self.member.as_mut().ok_or(io::ErrorKind::InvalidInput)?;
        member.raw_size += length(bytes.len());
        match &mut member.gzip {
            None => store(&mut self.body, member, bytes),
            Some(gzip) => {
                gzip.write_all(bytes)?;
                let packed = std::mem::take(gzip.get_mut());
                store(&mut self.body, member, &packed)
            }
        }
    }

    fn end(&mut self) -> io::Result<MemberEntry> {
        let mut member = self.member.take().ok_or(io::ErrorKind::InvalidInput)?;
        let gzip = member.gzip.take();
        let is_gzip = gzip.is_some();
        if let Some(gzip) = gzip {
            let packed = gzip.finish()?;
            store(&mut self.body, &mut member, &packed)?;
        }
        pad(&mut self.body, member.size)?;
        self.body.seek(SeekFrom::Start(member.header_at))?;
        self.body.write_all(header(&member.path, member.size)?.as_bytes())?;
        self.length = self.body.seek(SeekFrom::End(0))?;
        self.last = Some(member.header_at);
        Ok(MemberEntry {
            path: member.path,
            size: member.size,
            raw_size: member.raw_size,
            sha256: hex(&member.hash.finalize()),
            gzip: is_gzip,
        })
    }

    fn undo(&mut self) -> io::Result<()> {
        let at = self.last.take().ok_or(io::ErrorKind::InvalidInput)?;
        self.body.flush()?;
        self.body.get_ref().as_file().set_len(at)?;
        self.length = self.body.seek(SeekFrom::End(0))?;
        Ok(())
    }

    fn finish(mut self, manifest: &[u8]) -> Result<ArchiveFile, BackupError> {
        let signature = self.key.sign(manifest).map_err(|error| StoreError::Broken(Box::new(error)))?;
        let partial = self.path.with_extension("partial");
        let written = self.assemble(&partial, manifest, &signature);
        let (size, sha256) = match written {
            Ok(written) => written,
            Err(error) => {
                // What cannot be removed is told by the error that made it useless.
                let _left = std::fs::remove_file(&partial);
                return Err(self.failed(error));
            }
        };
        Ok(ArchiveFile { size, sha256, signed_by: self.key.fingerprint(), path: self.path })
    }

    fn assemble(&mut self, partial: &Path, manifest: &[u8], signature: &[u8]) -> io::Result<(u64, String)> {
        let mut whole = Hashing { inner: owner_only(partial)?, hash: Sha256::new(), size: 0 };
        for (path, content) in [(MANIFEST, manifest), (SIGNATURE, signature)] {
            let size = length(content.len());
            whole.write_all(header(path, size)?.as_bytes())?;
            whole.write_all(content)?;
            pad(&mut whole, size)?;
        }
        self.body.flush()?;
        self.body.seek(SeekFrom::Start(0))?;
        io::copy(self.body.get_mut().as_file_mut(), &mut whole)?;
        whole.write_all(&END)?;
        whole.inner.sync_all()?;
        std::fs::rename(partial, &self.path)?;
        Ok((whole.size, hex(&whole.hash.finalize())))
    }
}

fn store(body: &mut impl Write, member: &mut Member, bytes: &[u8]) -> io::Result<()> {
    member.size += length(bytes.len());
    member.hash.update(bytes);
    body.write_all(bytes)
}

fn owner_only(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder that only its owner can look into; one that is there stays as it is.
pub(super) fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The same for callers that must not block. A step that fails ends the archive.
pub(super) struct Writer(Option<TarWriter>);

impl Writer {
    pub(super) const fn new(writer: TarWriter) -> Self {
        Self(Some(writer))
    }

    async fn run<T: Send + 'static>(
        &mut self,
        step: impl FnOnce(&mut TarWriter) -> io::Result<T> + Send + 'static,
    ) -> Result<T, BackupError> {
        let mut writer = self.0.take().ok_or_else(over)?;
        let (writer, done) = blocking(move || {
            let done = step(&mut writer).map_err(|error| writer.failed(error))?;
            Ok((writer, done))
        })
        .await?;
        self.0 = Some(writer);
        Ok(done)
    }
}

fn over() -> BackupError {
    StoreError::broken("the archive was given up").into()
}

#[async_trait]
impl ArchiveWriter for Writer {
    async fn begin(&mut self, path: &str, gzip: bool) -> Result<(), BackupError> {
        let path = path.to_owned();
        self.run(move |writer| writer.begin(&path, gzip)).await
    }

    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), BackupError> {
        self.run(move |writer| writer.write(&bytes)).await
    }

    async fn end(&mut self) -> Result<MemberEntry, BackupError> {
        self.run(TarWriter::end).await
    }

    async fn undo(&mut self) -> Result<(), BackupError> {
        self.run(TarWriter::undo).await
    }

    async fn finish(mut self: Box<Self>, manifest: Vec<u8>) -> Result<ArchiveFile, BackupError> {
        let writer = self.0.take().ok_or_else(over)?;
        blocking(move || writer.finish(&manifest)).await
    }
}
