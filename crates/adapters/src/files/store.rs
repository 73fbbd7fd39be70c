//! Storing, reading, listing and removing files.

use super::key::{folder, is_mark};
use super::place::{prepare, reach};
use super::{BucketAccess, FileArea, FileHash, FileKey, FilesPlace, FilesPlaceError};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{Error, GetResult, ObjectStore, ObjectStoreExt};
use std::io::ErrorKind;
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use vigie_imports::{ImportFiles, Source};
use vigie_kernel::{BoxError, OrganizationId, StoreError};

/// Bytes of one part of an upload: the least that S3 takes, so that a large file never is in memory as a whole.
const PART: usize = 5 * 1024 * 1024;
/// Parts on their way at once.
const PARTS_AT_ONCE: usize = 2;
/// Bytes that are read before they are written on.
const PIECE: usize = 256 * 1024;
/// A file from elsewhere up to this size is read into memory, a larger one into a temporary file.
const IN_MEMORY: u64 = 1024 * 1024;

/// A file as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name.
    pub key: FileKey,
    /// Its size in bytes.
    pub bytes: u64,
}

/// The files of all organizations, each under `org/<organization>/`. Every name is made by [`FileKey`]: none comes from a user.
#[derive(Clone, Debug)]
pub struct ObjectFiles {
    pub(super) store: Arc<dyn ObjectStore>,
    /// The same store, where files are on this machine and need not be copied to be read.
    local: Option<Arc<LocalFileSystem>>,
    pub(super) prefix: Key,
}

impl ObjectFiles {
    /// Files in that place. A folder is made if it is not there; a bucket is not asked before it is needed.
    pub fn try_new(place: &FilesPlace, access: &BucketAccess) -> Result<Self, FilesPlaceError> {
        match place {
            FilesPlace::Folder(path) => {
                prepare(path)?;
                let folder = LocalFileSystem::new_with_prefix(path).map_err(FilesPlaceError::Access)?;
                let folder = Arc::new(folder.with_automatic_cleanup(true).with_fsync(true));
                Ok(Self { store: folder.clone(), local: Some(folder), prefix: Key::default() })
            }
            FilesPlace::Bucket { bucket, prefix, .. } => {
                let (store, prefix) = reach(bucket, prefix, access)?;
                Ok(Self::elsewhere(Arc::new(store), prefix))
            }
        }
    }

    /// Files that are not on this machine.
    pub(crate) fn elsewhere(store: Arc<dyn ObjectStore>, prefix: Key) -> Self {
        Self { store, local: None, prefix }
    }

    /// The folder in which the files are, when they are on this machine.
    pub(super) fn folder(&self) -> Option<std::path::PathBuf> {
        let below = self.local.as_ref()?.path_to_filesystem(&Key::from("org")).ok()?;
        below.parent().map(std::path::Path::to_owned)
    }

    /// Stores what a reader gives; answers how many bytes that were. The file has its name only when it is complete. One that is
    /// there already is left as it is and nothing is read: a name follows from the content.
    pub async fn write(
        &self,
        key: &FileKey,
        content: &mut (dyn AsyncRead + Unpin + Send),
    ) -> Result<u64, StoreError> {
        let path = key.path(&self.prefix);
        match self.store.head(&path).await {
            Ok(known) => return Ok(known.size),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(unavailable(error)),
        }
        let mut target =
            BufWriter::with_capacity(Arc::clone(&self.store), path, PART).with_max_concurrency(PARTS_AT_ONCE);
        match copy(content, &mut target).await {
            Ok(bytes) => {
                target.shutdown().await.map_err(unavailable)?;
                Ok(bytes)
            }
            Err(error) => {
                // Parts that cannot be taken back now are no file; the bucket's own rules remove them.
                if let Err(error) = target.abort().await {
                    tracing::warn!(%error, "an upload that failed could not be taken back");
                }
                Err(unavailable(error))
            }
        }
    }

    /// Writes a file's content to a writer, piece by piece; answers how many bytes that were, or `None` when it is absent.
    pub async fn read(
        &self,
        key: &FileKey,
        target: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<Option<u64>, StoreError> {
        match self.get(key).await? {
            Some(found) => pour(found, target).await.map(Some),
            None => Ok(None),
        }
    }

    /// The files of an organization, in no particular order. What is no file of ours below its folder is an error.
    #[must_use]
    pub fn list(&self, organization: OrganizationId) -> BoxStream<'static, Result<StoredFile, StoreError>> {
        let prefix = self.prefix.clone();
        self.store
            .list(Some(&folder(&prefix, organization)))
            .map_err(unavailable)
            .try_filter_map(move |found| {
                let listed = match FileKey::read(organization, &prefix, &found.location) {
                    Some(key) => Ok(Some(StoredFile { key, bytes: found.size })),
                    None if is_mark(&prefix, organization, &found.location) => Ok(None),
                    None => Err(StoreError::broken("a file in an organization's folder is none of ours")),
                };
                std::future::ready(listed)
            })
            .boxed()
    }

    /// Removes everything below an organization's folder, whatever it is; answers how many files that were. Can be repeated.
    pub async fn erase(&self, organization: OrganizationId) -> Result<u64, StoreError> {
        let found = self.store.list(Some(&folder(&self.prefix, organization)));
        let locations = found.map_ok(|found| found.location).boxed();
        let mut removing = self.store.delete_stream(locations);
        let mut removed = 0;
        while let Some(outcome) = removing.next().await {
            match outcome {
                Ok(_) => removed += 1,
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Ok(removed)
    }

    /// Removes a file; removing what is absent changes nothing.
    pub async fn forget(&self, key: &FileKey) -> Result<(), StoreError> {
        match self.store.delete(&key.path(&self.prefix)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn get(&self, key: &FileKey) -> Result<Option<GetResult>, StoreError> {
        match self.store.get(&key.path(&self.prefix)).await {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }
}

#[async_trait]
impl ImportFiles for ObjectFiles {
    async fn put(
        &self,
        organization: OrganizationId,
        sha256: &str,
        content: &Source,
    ) -> Result<(), StoreError> {
        let key = import_key(organization, sha256)?;
        match content {
            Source::Bytes(bytes) => self.write(&key, &mut &bytes[..]).await?,
            Source::File(path, _kept) => {
                let mut file = File::open(path).await.map_err(unavailable)?;
                self.write(&key, &mut file).await?
            }
        };
        Ok(())
    }

    async fn open(&self, organization: OrganizationId, sha256: &str) -> Result<Option<Source>, StoreError> {
        let key = import_key(organization, sha256)?;
        if let Some(local) = &self.local {
            let path = local.path_to_filesystem(&key.path(&self.prefix)).map_err(unavailable)?;
            return match tokio::fs::metadata(&path).await {
                Ok(_) => Ok(Some(Source::File(path, None))),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(unavailable(error)),
            };
        }
        let Some(found) = self.get(&key).await? else { return Ok(None) };
        if found.meta.size <= IN_MEMORY {
            let bytes = found.bytes().await.map_err(unavailable)?;
            return Ok(Some(Source::Bytes(bytes.to_vec().into())));
        }
        let temporary = tokio::task::spawn_blocking(tempfile::NamedTempFile::new).await;
        let (file, path) = temporary.map_err(unavailable)?.map_err(unavailable)?.into_parts();
        let mut file = File::from_std(file);
        pour(found, &mut file).await?;
        Ok(Some(Source::File(path.to_path_buf(), Some(Arc::new(path)))))
    }

    async fn delete(&self, organization: OrganizationId, sha256: &str) -> Result<(), StoreError> {
        self.forget(&import_key(organization, sha256)?).await
    }
}

fn import_key(organization: OrganizationId, sha256: &str) -> Result<FileKey, StoreError> {
    let hash = FileHash::parse(sha256)
        .ok_or_else(|| StoreError::broken("a file is asked for by what is no hash"))?;
    Ok(FileKey::new(organization, FileArea::Imports, hash))
}

async fn copy(content: &mut (dyn AsyncRead + Unpin + Send), target: &mut BufWriter) -> std::io::Result<u64> {
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        let read = content.read(&mut piece).await?;
        if read == 0 {
            return Ok(bytes);
        }
        target.write_all(&piece[..read]).await?;
        bytes += u64::try_from(read).map_err(std::io::Error::other)?;
    }
}

async fn pour(found: GetResult, target: &mut (dyn AsyncWrite + Unpin + Send)) -> Result<u64, StoreError> {
    let (wanted, mut bytes) = (found.meta.size, 0);
    let mut pieces = found.into_stream();
    while let Some(piece) = pieces.try_next().await.map_err(unavailable)? {
        target.write_all(&piece).await.map_err(unavailable)?;
        bytes += u64::try_from(piece.len()).map_err(unavailable)?;
    }
    target.flush().await.map_err(unavailable)?;
    if bytes == wanted { Ok(bytes) } else { Err(unavailable("the file ended too early")) }
}

pub(super) fn unavailable(error: impl Into<BoxError>) -> StoreError {
    StoreError::Unavailable(error.into())
}
