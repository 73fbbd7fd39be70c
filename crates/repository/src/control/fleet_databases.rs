//! Bringing one organization's database to the current schema, or a copy of it.

use super::ServerDatabases;
use crate::error::is_blocked;
use crate::{fingerprint, transaction};
use async_trait::async_trait;
use sea_orm::{DatabaseConnection, DbErr};
use std::error::Error as _;
use vigie_kernel::{OrganizationId, StoreError};
use vigie_migrations::TenantMigrator;
use vigie_tenancy::{FleetDatabases, Migrated, MigrationFailure, Organization};

#[async_trait]
impl FleetDatabases for ServerDatabases {
    fn current_version(&self) -> i32 {
        Self::CURRENT_VERSION
    }

    fn is_exclusive(&self, from: Option<i32>) -> bool {
        self.exclusive.iter().any(|version| from.is_none_or(|from| *version > from))
    }

    async fn bring_up(&self, organization: &Organization) -> Result<Migrated, MigrationFailure> {
        let database = self.open(organization).await.map_err(|error| failure(&error))?;
        let migrated = self.bring_up_open(database.connection(), organization.id()).await;
        // What was committed stays so.
        if let Err(error) = self.renew(database, organization).await {
            tracing::debug!(%error, "the connections of before a migration were not closed");
        }
        migrated
    }

    async fn rehearse(&self, organization: &Organization) -> Result<Migrated, MigrationFailure> {
        let name = organization.database_name().as_str();
        let server = self.server_of(organization).await.map_err(|error| failure(&error))?;
        let rehearsal = server.rehearsal(name).await.map_err(|error| failure(&error))?;
        let migrated = self.bring_up_open(rehearsal.connection(), organization.id()).await;
        rehearsal.discard().await.map_err(|error| failure(&error))?;
        migrated
    }
}

impl ServerDatabases {
    async fn bring_up_open(
        &self,
        database: &DatabaseConnection,
        organization: OrganizationId,
    ) -> Result<Migrated, MigrationFailure> {
        super::databases::refuse_foreign(database, organization).await.map_err(|error| failure(&error))?;
        let (txn, applied) =
            transaction::migrate_open::<TenantMigrator>(database).await.map_err(|error| told(&error))?;
        self.write_identity(&txn, organization).await.map_err(|error| failure(&error))?;
        txn.commit().await.map_err(|error| told(&error))?;
        tracing::debug!(organization.id = %organization, schema.fingerprint = fingerprint::current(), applied, "at the current schema");
        Ok(Migrated { schema_version: Self::CURRENT_VERSION, applied })
    }
}

fn failure(error: &StoreError) -> MigrationFailure {
    match error {
        StoreError::Unavailable(cause) => match cause.downcast_ref::<DbErr>() {
            Some(cause) => told(cause),
            None => MigrationFailure::Unreachable(cause.to_string()),
        },
        StoreError::TenantUnavailable(code) => MigrationFailure::Unreachable((*code).to_owned()),
        StoreError::Broken(cause) => MigrationFailure::Failed(cause.to_string()),
        StoreError::Conflict(_) | StoreError::Stale => MigrationFailure::Failed(error.to_string()),
    }
}

fn told(error: &DbErr) -> MigrationFailure {
    let mut message = error.to_string();
    if let Some(cause) = error.source().map(ToString::to_string)
        && !message.contains(&cause)
    {
        message = format!("{message}: {cause}");
    }
    if is_blocked(error) {
        MigrationFailure::Blocked(message)
    } else if crate::error::is_unavailable(error) {
        MigrationFailure::Unreachable(message)
    } else {
        MigrationFailure::Failed(message)
    }
}
