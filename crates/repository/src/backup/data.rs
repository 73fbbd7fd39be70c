//! The content of the organizations' databases.

use super::load::Load;
use super::rules::TableRule;
use super::snapshot::Snapshot;
use super::{fence, schema};
use crate::error::store_error;
use crate::servers::TenantServers;
use crate::sql::Sql;
use crate::transaction;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, FromQueryResult};
use sea_orm_migration::MigratorTrait;
use std::sync::Arc;
use vigie_kernel::StoreError;
use vigie_migrations::TenantMigrator;
use vigie_tenancy::Organization;
use vigie_tenancy::backup::{
    ArchiveRefusal, SchemaMark, Settling, TableColumns, TenantData, TenantLoad, TenantSnapshot,
};

/// Reads and fills the organizations' databases, each on its server. Each call opens a connection of its own: a backup that takes minutes
/// takes no turn from requests.
pub struct ServerData {
    servers: Arc<TenantServers>,
}

impl ServerData {
    /// The databases of those servers.
    #[must_use]
    pub const fn new(servers: Arc<TenantServers>) -> Self {
        Self { servers }
    }

    async fn open(&self, organization: &Organization) -> Result<DatabaseConnection, StoreError> {
        let node = self.servers.of_database(organization).await?;
        node.server.open(organization.database_name().as_str()).await.map_err(store_error)
    }
}

fn version(number: i32) -> Result<usize, StoreError> {
    usize::try_from(number).map_err(|error| StoreError::Broken(Box::new(error)))
}

#[async_trait]
impl TenantData for ServerData {
    async fn snapshot(
        &self,
        organization: &Organization,
        schema_version: Option<i32>,
    ) -> Result<Box<dyn TenantSnapshot>, StoreError> {
        let known = schema_version.map(version).transpose()?;
        let pool = self.open(organization).await?;
        Ok(Box::new(Snapshot::begin(pool, organization.id(), known).await?))
    }

    fn loadable(&self, schema: &SchemaMark) -> Result<(), ArchiveRefusal> {
        schema::loadable(schema)
    }

    fn tables(&self, schema_version: i32) -> Result<Vec<TableColumns>, StoreError> {
        schema::carried(version(schema_version)?)
    }

    async fn go_back(&self, organization: &Organization, schema_version: i32) -> Result<(), StoreError> {
        let wanted = version(schema_version)?;
        if wanted >= TenantMigrator::sources().len() {
            return Ok(());
        }
        let pool = self.open(organization).await?;
        let txn = transaction::begin(&pool).await?;
        empty(&txn).await?;
        let steps = u32::try_from(wanted).map_err(|error| StoreError::Broken(Box::new(error)))?;
        TenantMigrator::up(&txn, Some(steps)).await.map_err(store_error)?;
        txn.commit().await.map_err(store_error)?;
        pool.close().await.map_err(store_error)
    }

    async fn load(
        &self,
        organization: &Organization,
        schema_version: i32,
    ) -> Result<Box<dyn TenantLoad>, StoreError> {
        let pool = self.open(organization).await?;
        Ok(Box::new(Load::begin(pool, version(schema_version)?).await?))
    }

    async fn settle(&self, organization: &Organization, settling: Settling) -> Result<(), StoreError> {
        let pool = self.open(organization).await?;
        let txn = transaction::begin(&pool).await?;
        // A table of a later schema is not there yet, and was not loaded either.
        let present = present(&txn).await?;
        let rules = super::rules::RULES.iter().filter(|rule| present.iter().any(|name| name == rule.table));
        for TableRule { always, later, .. } in rules {
            let later = later.filter(|_| settling != Settling::Moved);
            for statement in [*always, later].into_iter().flatten() {
                txn.execute_unprepared(statement).await.map_err(store_error)?;
            }
        }
        txn.commit().await.map_err(store_error)?;
        pool.close().await.map_err(store_error)
    }

    async fn fence(&self, organization: &Organization) -> Result<(), StoreError> {
        let pool = self.open(organization).await?;
        let raised = fence::raise(&pool).await;
        pool.close().await.map_err(store_error)?;
        raised
    }

    async fn lift(&self, organization: &Organization) -> Result<(), StoreError> {
        let pool = self.open(organization).await?;
        let lowered = fence::lower(&pool).await;
        pool.close().await.map_err(store_error)?;
        lowered
    }
}

#[derive(FromQueryResult)]
struct Name {
    name: String,
}

async fn present<C: ConnectionTrait>(connection: &C) -> Result<Vec<String>, StoreError> {
    let select = if connection.get_database_backend() == DbBackend::Postgres {
        "SELECT CAST(tablename AS text) AS name FROM pg_tables WHERE schemaname = 'public'"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
    };
    let names: Vec<Name> = Sql::new(connection, select).all(connection).await.map_err(store_error)?;
    Ok(names.into_iter().map(|name| name.name).collect())
}

/// Drops every table of a database that was just made from the template of the current schema.
async fn empty<C: ConnectionTrait>(connection: &C) -> Result<(), StoreError> {
    if connection.get_database_backend() == DbBackend::Postgres {
        for statement in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
            connection.execute_unprepared(statement).await.map_err(store_error)?;
        }
        return Ok(());
    }
    connection.execute_unprepared("PRAGMA defer_foreign_keys = ON").await.map_err(store_error)?;
    // A table goes before those that it refers to, which are older.
    for table in present(connection).await?.into_iter().rev() {
        connection.execute_unprepared(&format!("DROP TABLE \"{table}\"")).await.map_err(store_error)?;
    }
    Ok(())
}
