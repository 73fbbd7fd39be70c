//! Bringing every organization's database to the current schema, at start-up.

use super::{ControlStore, ServerDatabases, organizations};
use crate::error::store_error;
use crate::sql::Sql;
use crate::stored::touched;
use std::sync::Arc;
use tokio::task::JoinSet;
use vigie_kernel::{Clock, Slug, StoreError};
use vigie_tenancy::{Organization, TenantDatabases};

/// Databases migrated at a time.
const AT_ONCE: usize = 8;

/// What became of one organization's database.
#[derive(Debug)]
pub struct MigratedOrganization {
    /// The organization.
    pub slug: Slug,
    /// The schema version that its database has now, or why it kept the old one.
    pub outcome: Result<i32, StoreError>,
}

impl ControlStore {
    /// The organizations with a database in service, or that may come back into service at once (suspended), whose
    /// recorded schema version is another one. Opens no database.
    pub async fn organizations_behind(&self, schema_version: i32) -> Result<Vec<Organization>, StoreError> {
        organizations::behind(self.connection(), schema_version).await
    }

    /// Migrates the databases that are behind the schema of this binary and records their new version, by slug. One that
    /// fails does not stop the others: it is told in the answer and stays on its old schema. Never called in a request.
    pub async fn migrate_fleet(
        &self,
        databases: Arc<dyn TenantDatabases>,
        clock: Arc<dyn Clock>,
    ) -> Result<Vec<MigratedOrganization>, StoreError> {
        let behind = self.organizations_behind(ServerDatabases::schema_version()?).await?;
        let mut waiting = behind.into_iter();
        let mut running = JoinSet::new();
        let mut done = Vec::new();
        loop {
            while running.len() < AT_ONCE {
                let Some(organization) = waiting.next() else { break };
                let (store, databases, clock) = (self.clone(), Arc::clone(&databases), Arc::clone(&clock));
                running.spawn(async move {
                    let outcome = store.migrate_one(databases.as_ref(), &organization, clock.as_ref()).await;
                    MigratedOrganization { slug: organization.snapshot().slug.clone(), outcome }
                });
            }
            match running.join_next().await {
                Some(Ok(migrated)) => done.push(migrated),
                Some(Err(error)) => return Err(StoreError::Broken(Box::new(error))),
                None => break,
            }
        }
        done.sort_by(|a, b| a.slug.cmp(&b.slug));
        Ok(done)
    }

    async fn migrate_one(
        &self,
        databases: &dyn TenantDatabases,
        organization: &Organization,
        clock: &dyn Clock,
    ) -> Result<i32, StoreError> {
        let schema_version = databases.migrate(organization).await?;
        // The version grows so that nobody who read the row before writes the old schema version back.
        let rows = Sql::new(
            self.connection(),
            "UPDATE organizations SET schema_version = $2, version = version + 1, updated_at = $3 WHERE id = $1",
        )
        .bind(organization.id().as_uuid())
        .bind(schema_version)
        .bind(clock.now())
        .execute(self.connection())
        .await
        .map_err(store_error)?;
        touched(rows)?;
        tracing::info!(
            organization.id = %organization.id(),
            schema.version = schema_version,
            "migrated the organization's database"
        );
        Ok(schema_version)
    }
}
