//! The spaces of organizations' files: everything below `org/<organization>/`.

use super::key::{PROBE, SPACE, folder, root};
use super::store::{ObjectFiles, unavailable};
use async_trait::async_trait;
use object_store::{Error, ObjectStore as _, ObjectStoreExt as _, PutPayload};
use vigie_kernel::{OrganizationId, StoreError};
use vigie_tenancy::FileSpaces;

#[async_trait]
impl FileSpaces for ObjectFiles {
    async fn prepare(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let text = format!("files of the organization {organization}\n");
        let mark = folder(&self.prefix, organization).join(SPACE);
        let put = self.store.put(&mark, PutPayload::from(text.into_bytes())).await;
        put.map(|_| ()).map_err(unavailable)
    }

    async fn probe(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let path = folder(&self.prefix, organization).join(PROBE);
        let written = organization.to_string().into_bytes();
        self.store.put(&path, PutPayload::from(written.clone())).await.map_err(unavailable)?;
        let read = self.store.get(&path).await.map_err(unavailable)?.bytes().await.map_err(unavailable)?;
        match self.store.delete(&path).await {
            Ok(()) | Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(unavailable(error)),
        }
        if read == written {
            Ok(())
        } else {
            Err(StoreError::broken("a file did not come back as it was stored"))
        }
    }

    async fn remove(&self, organization: OrganizationId) -> Result<(), StoreError> {
        self.erase(organization).await.map(|_| ())
    }

    async fn inventory(&self) -> Result<Vec<OrganizationId>, StoreError> {
        let listed = self.store.list_with_delimiter(Some(&root(&self.prefix))).await.map_err(unavailable)?;
        let spaces = listed.common_prefixes.iter().filter_map(|space| space.filename()?.parse().ok());
        Ok(spaces.collect())
    }
}
