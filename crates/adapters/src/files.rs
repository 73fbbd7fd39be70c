//! Files on this machine, one folder for each organization.

use async_trait::async_trait;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{Error, MultipartUpload, ObjectStoreExt, PutPayload, WriteMultipart};
use std::io::ErrorKind;
use std::path::Path;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use vigie_imports::{ImportFiles, Source};
use vigie_kernel::{OrganizationId, StoreError};

/// Bytes that are read before they are written on.
const PIECE: usize = 256 * 1024;

/// Files under `org/<organization>/imports/<sha256>` of one folder. Every name is made here: none comes from a user.
#[derive(Debug)]
pub struct LocalFiles {
    store: LocalFileSystem,
}

impl LocalFiles {
    /// Files in this folder, which is made if it is not there.
    pub fn try_new(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(unavailable)?;
        Ok(Self { store: store.with_automatic_cleanup(true).with_fsync(true) })
    }

    async fn write(&self, key: &Key, content: &Source) -> Result<(), StoreError> {
        match content {
            Source::Bytes(bytes) => {
                self.store.put(key, PutPayload::from(bytes.to_vec())).await.map_err(unavailable)?;
            }
            Source::File(path, _kept) => {
                let file =
                    File::open(path).await.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
                let upload = self.store.put_multipart(key).await.map_err(unavailable)?;
                copy(file, upload).await?;
            }
        }
        Ok(())
    }
}

/// Copies piece by piece, so that a large file never is in memory as a whole. It has its name only when it is complete.
async fn copy(mut file: File, upload: Box<dyn MultipartUpload>) -> Result<(), StoreError> {
    let mut target = WriteMultipart::new(upload);
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece).await {
            Ok(0) => break,
            Ok(read) => {
                target.write(&piece[..read]);
                target.wait_for_capacity(1).await.map_err(unavailable)?;
            }
            Err(error) => {
                target.abort().await.map_err(unavailable)?;
                return Err(StoreError::Unavailable(Box::new(error)));
            }
        }
    }
    target.finish().await.map_err(unavailable)?;
    Ok(())
}

#[async_trait]
impl ImportFiles for LocalFiles {
    async fn put(
        &self,
        organization: OrganizationId,
        sha256: &str,
        content: &Source,
    ) -> Result<(), StoreError> {
        let key = key_of(organization, sha256)?;
        match self.store.head(&key).await {
            Ok(_) => Ok(()),
            Err(Error::NotFound { .. }) => self.write(&key, content).await,
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn open(&self, organization: OrganizationId, sha256: &str) -> Result<Option<Source>, StoreError> {
        let key = key_of(organization, sha256)?;
        let path = self.store.path_to_filesystem(&key).map_err(unavailable)?;
        match tokio::fs::metadata(&path).await {
            Ok(_) => Ok(Some(Source::File(path, None))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::Unavailable(Box::new(error))),
        }
    }

    async fn delete(&self, organization: OrganizationId, sha256: &str) -> Result<(), StoreError> {
        match self.store.delete(&key_of(organization, sha256)?).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }
}

/// The only way to a name: an organization's id and a hash of 64 lower-case hexadecimal digits.
fn key_of(organization: OrganizationId, sha256: &str) -> Result<Key, StoreError> {
    let is_hash =
        sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !is_hash {
        return Err(StoreError::broken("a file is asked for by what is no hash"));
    }
    Ok(Key::from_iter(["org", &organization.to_string(), "imports", sha256]))
}

fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
