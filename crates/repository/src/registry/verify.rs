//! Whose a database says it is, and which schema it has.

use crate::error::store_error;
use crate::fingerprint::{self, SchemaWindow};
use crate::sql::Sql;
use sea_orm::{DatabaseConnection, FromQueryResult};
use uuid::Uuid;
use vigie_kernel::{OrganizationId, StoreError};

/// A database serves an organization only when it says itself that it is that organization's, at a schema of the window.
pub(crate) async fn verify(
    connection: &DatabaseConnection,
    organization: OrganizationId,
    window: SchemaWindow,
) -> Result<(), StoreError> {
    let found = owned(connection, organization).await?;
    if window.serves(&found) { Ok(()) } else { Err(StoreError::TenantUnavailable("tenant_schema_outdated")) }
}

/// The same at the current schema: what provisioning hands over is never behind.
pub(crate) async fn verify_current(
    connection: &DatabaseConnection,
    organization: OrganizationId,
) -> Result<(), StoreError> {
    let found = owned(connection, organization).await?;
    if found == fingerprint::current() {
        Ok(())
    } else {
        Err(StoreError::TenantUnavailable("tenant_schema_outdated"))
    }
}

/// The schema fingerprint of a database that is the organization's.
async fn owned(connection: &DatabaseConnection, organization: OrganizationId) -> Result<String, StoreError> {
    #[derive(FromQueryResult)]
    struct Meta {
        organization_id: Uuid,
        schema_fingerprint: String,
    }
    let meta: Option<Meta> =
        Sql::new(connection, "SELECT organization_id, schema_fingerprint FROM org_meta WHERE id = 1")
            .one(connection)
            .await
            .map_err(store_error)?;
    let meta = meta.ok_or(StoreError::TenantUnavailable("tenant_provisioning"))?;
    if meta.organization_id != organization.as_uuid() {
        tracing::error!(organization.id = %organization, "the database bears another organization's id");
        return Err(StoreError::broken("the database bears another organization's id"));
    }
    Ok(meta.schema_fingerprint)
}
