//! On which server an organization's database is.

use async_trait::async_trait;
use vigie_kernel::{OrganizationId, ServerId, StoreError};

/// Told as [`StoreError::TenantUnavailable`] when every server is full, draining or down.
pub const NO_SERVER: &str = "no_server";

/// The server of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedOn {
    /// Its id.
    pub id: ServerId,
    /// Its name, which the operator gave it.
    pub name: String,
}

/// Chooses the servers of organizations.
#[async_trait]
pub trait PlacementPort: Send + Sync {
    /// The server of an organization: the one that it was placed on before, else one chosen now by weight, among those that accept new
    /// databases and are not full. Safe to repeat, and to ask for many organizations at once: no server gets more than its maximum.
    /// [`NO_SERVER`] when there is none.
    async fn place(&self, organization: OrganizationId) -> Result<PlacedOn, StoreError>;

    /// Gives the place of an organization back, whose database is gone. Nothing when it has none.
    async fn release(&self, organization: OrganizationId) -> Result<(), StoreError>;
}
