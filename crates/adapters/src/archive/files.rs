//! All files of an organization, whoever of the product has stored them.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStore, ObjectStoreExt, WriteMultipart};
use std::path::Path;
use std::sync::Arc;
use vigie_kernel::{OrganizationId, StoreError};
use vigie_tenancy::backup::{BackupError, OrganizationFiles, Pieces, StoredFile, check_path, file_member};

/// Files under `org/<organization>/` of one store.
pub struct StoredFiles {
    store: Arc<dyn ObjectStore>,
}

impl StoredFiles {
    /// The files of that store.
    #[must_use]
    pub const fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// The files of that folder, which is made if it is not there.
    pub fn local(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(unavailable)?;
        Ok(Self::new(Arc::new(store.with_automatic_cleanup(true).with_fsync(true))))
    }

    /// Every file, the marks of the installation included.
    async fn every(&self, organization: OrganizationId) -> Result<Vec<StoredFile>, BackupError> {
        let prefix = prefix(organization);
        let mut listed = self.store.list(Some(&prefix));
        let mut files = Vec::new();
        while let Some(about) = listed.try_next().await.map_err(unavailable)? {
            let Some(parts) = about.location.prefix_match(&prefix) else { continue };
            let name: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
            files.push(StoredFile { name: name.join("/"), size: about.size });
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }
}

fn prefix(organization: OrganizationId) -> Key {
    Key::from_iter(["org", &organization.to_string()])
}

/// The only way to a name: below the organization's own folder.
fn key_of(organization: OrganizationId, name: &str) -> Result<Key, BackupError> {
    check_path(&file_member(name))?;
    let organization = organization.to_string();
    Ok(["org", organization.as_str()].into_iter().chain(name.split('/')).collect())
}

fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

#[async_trait]
impl OrganizationFiles for StoredFiles {
    async fn list(&self, organization: OrganizationId) -> Result<Vec<StoredFile>, BackupError> {
        let mut files = self.every(organization).await?;
        // Marks of the installation, such as that the space is there: no content.
        files.retain(|file| file.name.split('/').all(|part| !part.starts_with('.')));
        Ok(files)
    }

    async fn open(
        &self,
        organization: OrganizationId,
        name: &str,
    ) -> Result<Option<Box<dyn Pieces>>, BackupError> {
        match self.store.get(&key_of(organization, name)?).await {
            Ok(found) => {
                let pieces = found.into_stream().map_ok(|piece| piece.to_vec());
                Ok(Some(Box::new(Stored(pieces.boxed()))))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(unavailable(error).into()),
        }
    }

    async fn put(
        &self,
        organization: OrganizationId,
        name: &str,
        mut content: Box<dyn Pieces>,
    ) -> Result<(), BackupError> {
        let upload = self.store.put_multipart(&key_of(organization, name)?).await.map_err(unavailable)?;
        let mut target = WriteMultipart::new(upload);
        loop {
            match content.next().await {
                Ok(None) => break,
                Ok(Some(piece)) => {
                    target.write(&piece);
                    target.wait_for_capacity(1).await.map_err(unavailable)?;
                }
                Err(error) => {
                    target.abort().await.map_err(unavailable)?;
                    return Err(error);
                }
            }
        }
        target.finish().await.map_err(unavailable)?;
        Ok(())
    }

    async fn remove_all(&self, organization: OrganizationId) -> Result<u64, BackupError> {
        let mut removed = 0;
        for file in self.every(organization).await? {
            let key = prefix(organization);
            let key = file.name.split('/').fold(key, Key::join);
            match self.store.delete(&key).await {
                Ok(()) => removed += 1,
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(unavailable(error).into()),
            }
        }
        Ok(removed)
    }
}

struct Stored(BoxStream<'static, object_store::Result<Vec<u8>>>);

#[async_trait]
impl Pieces for Stored {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        Ok(self.0.next().await.transpose().map_err(unavailable)?)
    }
}
