//! The organizations, as identity looks them up.

use super::plans;
use super::rows::{SUMMARY, SummaryRow};
use super::work::for_update;
use crate::error::store_error;
use crate::sql::Sql;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use vigie_auth::{OrganizationRegistrar, OrganizationStatus, OrganizationSummary, Seats};
use vigie_kernel::{OrganizationId, Slug, StoreError};

async fn by_id<C: ConnectionTrait>(
    connection: &C,
    id: OrganizationId,
    lock: &str,
) -> Result<Option<OrganizationSummary>, StoreError> {
    let select =
        format!("SELECT {} FROM organizations WHERE id = $1 AND status <> $2{lock}", SUMMARY.join(", "));
    let row: Option<SummaryRow> = Sql::new(connection, select)
        .bind(id.as_uuid())
        .bind(OrganizationStatus::Deleted.name())
        .one(connection)
        .await
        .map_err(store_error)?;
    row.map(SummaryRow::summary).transpose()
}

pub(super) struct SeaRegistrar<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> OrganizationRegistrar for SeaRegistrar<'_, C> {
    async fn find_by_slug(&mut self, slug: &Slug) -> Result<Option<OrganizationSummary>, StoreError> {
        let select =
            format!("SELECT {} FROM organizations WHERE slug = $1 AND status <> $2", SUMMARY.join(", "));
        let row: Option<SummaryRow> = Sql::new(self.0, select)
            .bind(slug.as_str())
            .bind(OrganizationStatus::Deleted.name())
            .one(self.0)
            .await
            .map_err(store_error)?;
        row.map(SummaryRow::summary).transpose()
    }

    async fn find(&mut self, id: OrganizationId) -> Result<Option<OrganizationSummary>, StoreError> {
        by_id(self.0, id, "").await
    }

    async fn find_for_update(
        &mut self,
        id: OrganizationId,
    ) -> Result<Option<OrganizationSummary>, StoreError> {
        by_id(self.0, id, for_update(self.0)).await
    }

    async fn seats(&mut self, organization: OrganizationId, now: DateTime<Utc>) -> Result<Seats, StoreError> {
        plans::seats(self.0, organization, now).await
    }
}
