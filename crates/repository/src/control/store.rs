//! Opens the control database.

use super::operations;
use super::reads::ControlReads;
use super::work::ControlWork;
use crate::connect::{self, PoolSize};
use crate::error::store_error;
use crate::sql::Sql;
use crate::transaction;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::DatabaseConnection;
use std::path::Path;
use uuid::Uuid;
use vigie_auth::{IdentityReads, IdentityStore, IdentityWork};
use vigie_kernel::{OperationId, StoreError};
use vigie_migrations::ControlMigrator;
use vigie_tenancy::{Operation, OrganizationReads, OrganizationStore, OrganizationWork};

/// The control database: identity's store and tenancy's.
#[derive(Clone, Debug)]
pub struct ControlStore {
    connection: DatabaseConnection,
}

impl ControlStore {
    /// Opens the SQLite file, which is made when it is not there.
    pub async fn connect_sqlite(file: &Path) -> Result<Self, StoreError> {
        let connection = connect::sqlite(file, true, PoolSize::CONTROL).await.map_err(store_error)?;
        Ok(Self { connection })
    }

    /// Connects to a PostgreSQL database that is there.
    pub async fn connect_postgres(url: &str) -> Result<Self, StoreError> {
        let connection = connect::postgres(url, PoolSize::CONTROL).await.map_err(store_error)?;
        Ok(Self { connection })
    }

    /// Brings the control database to the current schema. Processes that start together take turns.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        transaction::migrate::<ControlMigrator>(&self.connection).await.map_err(store_error)
    }

    /// The pool, for the queue, the registry and the relay.
    #[must_use]
    pub const fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Answers when the database does.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Sql::new(&self.connection, "SELECT 1").exists(&self.connection).await.map(|_| ()).map_err(store_error)
    }

    pub(super) async fn work(&self) -> Result<Box<ControlWork>, StoreError> {
        let txn = transaction::begin(&self.connection).await?;
        Ok(Box::new(ControlWork { txn }))
    }

    fn reads(&self) -> ControlReads {
        ControlReads(self.connection.clone())
    }
}

#[async_trait]
impl IdentityStore for ControlStore {
    async fn begin(&self) -> Result<Box<dyn IdentityWork>, StoreError> {
        Ok(self.work().await?)
    }

    async fn read(&self) -> Result<Box<dyn IdentityReads>, StoreError> {
        Ok(Box::new(self.reads()))
    }
}

#[async_trait]
impl OrganizationStore for ControlStore {
    async fn begin(&self) -> Result<Box<dyn OrganizationWork>, StoreError> {
        Ok(self.work().await?)
    }

    async fn read(&self) -> Result<Box<dyn OrganizationReads>, StoreError> {
        Ok(Box::new(self.reads()))
    }

    async fn take_operation(
        &self,
        id: OperationId,
        holder: Uuid,
        now: DateTime<Utc>,
        failed_too: bool,
    ) -> Result<Option<Operation>, StoreError> {
        operations::take(&self.connection, id, holder, now, failed_too).await
    }

    async fn record(&self, operation: &Operation) -> Result<(), StoreError> {
        operations::save(&self.connection, operation).await
    }

    async fn prolong(&self, operation: &Operation, until: DateTime<Utc>) -> Result<(), StoreError> {
        operations::prolong(&self.connection, operation, until).await
    }
}
