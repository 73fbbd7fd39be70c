//! The spaces of organizations' files: everything under `org/<organization>/`.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStore as _, ObjectStoreExt as _, PutPayload};
use std::path::Path;
use vigie_kernel::{OrganizationId, StoreError};
use vigie_tenancy::FileSpaces;

/// What says that an organization has a space, also before it has files.
const SPACE: &str = ".space";
/// What is stored and removed to try a space out.
const PROBE: &str = ".probe";

/// Spaces in one folder of this machine.
#[derive(Debug)]
pub struct LocalFileSpaces {
    store: LocalFileSystem,
}

impl LocalFileSpaces {
    /// Spaces in this folder, which is made if it is not there.
    pub fn try_new(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(unavailable)?;
        Ok(Self { store: store.with_automatic_cleanup(true) })
    }

    async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        match self.store.delete(key).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }
}

#[async_trait]
impl FileSpaces for LocalFileSpaces {
    async fn prepare(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let text = format!("files of the organization {organization}\n");
        let put = self.store.put(&key_of(organization, SPACE), PutPayload::from(text.into_bytes())).await;
        put.map(|_| ()).map_err(unavailable)
    }

    async fn probe(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let key = key_of(organization, PROBE);
        let written = organization.to_string().into_bytes();
        self.store.put(&key, PutPayload::from(written.clone())).await.map_err(unavailable)?;
        let read = self.store.get(&key).await.map_err(unavailable)?.bytes().await.map_err(unavailable)?;
        self.delete(&key).await?;
        if read == written {
            Ok(())
        } else {
            Err(StoreError::broken("a file did not come back as it was stored"))
        }
    }

    async fn remove(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let space = Key::from_iter(["org", &organization.to_string()]);
        let mut files = self.store.list(Some(&space));
        while let Some(file) = files.try_next().await.map_err(unavailable)? {
            self.delete(&file.location).await?;
        }
        Ok(())
    }

    async fn inventory(&self) -> Result<Vec<OrganizationId>, StoreError> {
        let all = Key::from("org");
        let listed = self.store.list_with_delimiter(Some(&all)).await.map_err(unavailable)?;
        let spaces = listed.common_prefixes.iter().filter_map(|space| space.filename()?.parse().ok());
        Ok(spaces.collect())
    }
}

fn key_of(organization: OrganizationId, name: &str) -> Key {
    Key::from_iter(["org", &organization.to_string(), name])
}

fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
