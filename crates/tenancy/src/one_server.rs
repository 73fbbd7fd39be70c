//! The placement of an installation with one server.

use crate::{PlacedOn, PlacementPort};
use async_trait::async_trait;
use uuid::Uuid;
use vigie_kernel::{OrganizationId, ServerId, StoreError};

/// Everything goes to the server that the configuration names.
#[derive(Clone, Copy, Debug, Default)]
pub struct OneServer;

#[async_trait]
impl PlacementPort for OneServer {
    async fn place(&self, _organization: OrganizationId) -> Result<PlacedOn, StoreError> {
        Ok(PlacedOn { id: ServerId::from(Uuid::nil()), name: "default".to_owned() })
    }

    async fn release(&self, _organization: OrganizationId) -> Result<(), StoreError> {
        Ok(())
    }
}
