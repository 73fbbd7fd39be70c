//! All files of an organization, whoever of the product has stored them.

use super::key::folder;
use super::store::{ObjectFiles, unavailable};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path as Key;
use object_store::{Error, ObjectStoreExt, WriteMultipart};
use vigie_kernel::OrganizationId;
use vigie_tenancy::backup::{BackupError, OrganizationFiles, Pieces, StoredFile, check_path, file_member};

/// The only way to a name: below the organization's own folder.
fn key_of(prefix: &Key, organization: OrganizationId, name: &str) -> Result<Key, BackupError> {
    check_path(&file_member(name))?;
    Ok(name.split('/').fold(folder(prefix, organization), Key::join))
}

#[async_trait]
impl OrganizationFiles for ObjectFiles {
    async fn list(&self, organization: OrganizationId) -> Result<Vec<StoredFile>, BackupError> {
        let prefix = folder(&self.prefix, organization);
        let mut listed = self.store.list(Some(&prefix));
        let mut files = Vec::new();
        while let Some(about) = listed.try_next().await.map_err(unavailable)? {
            let Some(parts) = about.location.prefix_match(&prefix) else { continue };
            let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
            // Marks of the installation, such as that the space is there: no content.
            if parts.iter().all(|part| !part.starts_with('.')) {
                files.push(StoredFile { name: parts.join("/"), size: about.size });
            }
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    async fn open(
        &self,
        organization: OrganizationId,
        name: &str,
    ) -> Result<Option<Box<dyn Pieces>>, BackupError> {
        match self.store.get(&key_of(&self.prefix, organization, name)?).await {
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
        let upload = self
            .store
            .put_multipart(&key_of(&self.prefix, organization, name)?)
            .await
            .map_err(unavailable)?;
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
        Ok(self.erase(organization).await?)
    }
}

struct Stored(BoxStream<'static, object_store::Result<Vec<u8>>>);

#[async_trait]
impl Pieces for Stored {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        Ok(self.0.next().await.transpose().map_err(unavailable)?)
    }
}
