//! The organizations, as identity reserves them at a sign-up.

use super::organizations::UNIQUE;
use super::rows::{SUMMARY, SummaryRow, settings_value};
use crate::error::{store_error, with_unique};
use crate::sql::Sql;
use crate::stored::named;
use async_trait::async_trait;
use sea_orm::ConnectionTrait;
use vigie_auth::{NewOrganization, OrganizationRegistrar, OrganizationStatus, OrganizationSummary};
use vigie_kernel::{Slug, StoreError};
use vigie_tenancy::{DatabaseName, Plan, RULE_ORGANIZATION_DATABASE};

/// Database names tried for one slug. Slugs give different names, so a name is only in use by a chance of suffixes.
const NAMES: u32 = 100;

pub(super) struct SeaRegistrar<'a, C> {
    pub(super) connection: &'a C,
    pub(super) tenant_prefix: &'a str,
}

impl<C: ConnectionTrait> SeaRegistrar<'_, C> {
    /// Whether the row went in; not, when the database name is in use. That is no error here, because on PostgreSQL an
    /// error would end the transaction.
    async fn insert(&self, new: &NewOrganization, database: &DatabaseName) -> Result<bool, StoreError> {
        let plan = named("organizations.plan", &new.plan, Plan::from_name)?;
        let rows = Sql::new(
            self.connection,
            "INSERT INTO organizations (id, slug, name, status, database_name, plan, settings, version, created_at, \
             updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8) ON CONFLICT (database_name) DO NOTHING",
        )
        .bind(new.id.as_uuid())
        .bind(new.slug.as_str())
        .bind(new.name.as_str())
        .bind(OrganizationStatus::Provisioning.name())
        .bind(database.as_str())
        .bind(plan.name())
        .bind(settings_value(&new.settings)?)
        .bind(new.created_at)
        .execute(self.connection)
        .await
        .map_err(|error| with_unique(UNIQUE, error))?;
        Ok(rows == 1)
    }
}

#[async_trait]
impl<C: ConnectionTrait> OrganizationRegistrar for SeaRegistrar<'_, C> {
    async fn reserve(&mut self, organization: &NewOrganization) -> Result<(), StoreError> {
        let base = DatabaseName::for_slug(self.tenant_prefix, &organization.slug)
            .map_err(|error| StoreError::Broken(Box::new(error)))?;
        if self.insert(organization, &base).await? {
            return Ok(());
        }
        for taken in 1..NAMES {
            if self.insert(organization, &base.after(taken)).await? {
                return Ok(());
            }
        }
        Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE))
    }

    async fn find_by_slug(&mut self, slug: &Slug) -> Result<Option<OrganizationSummary>, StoreError> {
        let select =
            format!("SELECT {} FROM organizations WHERE slug = $1 AND status <> $2", SUMMARY.join(", "));
        let row: Option<SummaryRow> = Sql::new(self.connection, select)
            .bind(slug.as_str())
            .bind(OrganizationStatus::Deleted.name())
            .one(self.connection)
            .await
            .map_err(store_error)?;
        row.map(SummaryRow::summary).transpose()
    }
}
