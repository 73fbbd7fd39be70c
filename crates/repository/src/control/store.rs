//! Opens the control database.

use super::reads::ControlReads;
use super::work::ControlWork;
use crate::connect::{self, PoolSize};
use crate::error::store_error;
use crate::sql::Sql;
use crate::transaction;
use async_trait::async_trait;
use sea_orm::DatabaseConnection;
use std::path::Path;
use std::sync::Arc;
use vigie_auth::{IdentityReads, IdentityStore, IdentityWork};
use vigie_kernel::StoreError;
use vigie_migrations::ControlMigrator;
use vigie_tenancy::{DatabaseName, OrganizationReads, OrganizationStore, OrganizationWork};

/// Longest prefix of database names that leaves room for a slug.
const LONGEST_PREFIX: usize = 40;

/// The control database: identity's store and tenancy's.
#[derive(Clone, Debug)]
pub struct ControlStore {
    connection: DatabaseConnection,
    tenant_prefix: Arc<str>,
}

impl ControlStore {
    /// Opens the SQLite file, which is made when it is not there. `tenant_prefix` starts the name of every organization's
    /// database, such as `vigie_org_`: a database name of at most 40 bytes itself.
    pub async fn connect_sqlite(file: &Path, tenant_prefix: &str) -> Result<Self, StoreError> {
        let tenant_prefix = checked(tenant_prefix)?;
        let connection = connect::sqlite(file, true, PoolSize::CONTROL).await.map_err(store_error)?;
        Ok(Self { connection, tenant_prefix })
    }

    /// Connects to a PostgreSQL database that is there. `tenant_prefix` as in [`Self::connect_sqlite`].
    pub async fn connect_postgres(url: &str, tenant_prefix: &str) -> Result<Self, StoreError> {
        let tenant_prefix = checked(tenant_prefix)?;
        let connection = connect::postgres(url, PoolSize::CONTROL).await.map_err(store_error)?;
        Ok(Self { connection, tenant_prefix })
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

    async fn work(&self) -> Result<Box<ControlWork>, StoreError> {
        let txn = transaction::begin(&self.connection).await?;
        Ok(Box::new(ControlWork { txn, tenant_prefix: Arc::clone(&self.tenant_prefix) }))
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
}

fn checked(tenant_prefix: &str) -> Result<Arc<str>, StoreError> {
    match DatabaseName::parse(tenant_prefix) {
        Ok(_) if tenant_prefix.len() <= LONGEST_PREFIX => Ok(tenant_prefix.into()),
        Ok(_) | Err(_) => {
            Err(StoreError::broken("the prefix of database names is no database name of at most 40 bytes"))
        }
    }
}
