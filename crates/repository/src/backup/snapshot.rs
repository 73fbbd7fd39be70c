//! Reading a database as it is at one moment.

use super::schema;
use crate::decimal::StoredDec;
use crate::error::store_error;
use crate::server::is_postgres;
use crate::sql::{InOrder, Sql};
use crate::transaction;
use async_trait::async_trait;
use futures_util::TryStreamExt;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, FromQueryResult,
    IsolationLevel, QueryResult, Statement, StreamTrait, TransactionOptions, TransactionTrait,
};
use uuid::Uuid;
use vigie_kernel::{OrganizationId, StoreError};
use vigie_tenancy::backup::{
    BackupError, Cell, Column, ColumnType, Engine, Row, RowSink, SchemaMark, TableColumns, TenantSnapshot,
};

/// Rows that are handed on at a time.
const BATCH: usize = 2000;

/// A database in a transaction that sees what there was when it began, and nothing else.
pub(super) struct Snapshot {
    txn: DatabaseTransaction,
    /// Kept for the transaction's sake.
    _pool: DatabaseConnection,
    schema: SchemaMark,
    tables: Vec<TableColumns>,
}

impl Snapshot {
    /// Begins to read. The schema is the one that the database names, unless the caller knows it.
    pub(super) async fn begin(
        pool: DatabaseConnection,
        organization: OrganizationId,
        version: Option<usize>,
    ) -> Result<Self, StoreError> {
        let on_postgres = pool.get_database_backend() == DbBackend::Postgres;
        let options = TransactionOptions {
            isolation_level: on_postgres.then_some(IsolationLevel::RepeatableRead),
            access_mode: on_postgres.then_some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        };
        let txn = pool.begin_with_options(options).await.map_err(store_error)?;
        transaction::without_limits(&txn).await?;
        // The first query is what the snapshot is taken for, on both engines.
        let named = version_of(&txn, organization).await?;
        let version = match version {
            Some(version) => version,
            None => named?,
        };
        Ok(Self { txn, _pool: pool, schema: schema::mark(version)?, tables: schema::carried(version)? })
    }
}

/// The schema version that the database says it has, if it is that organization's.
async fn version_of<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
) -> Result<Result<usize, StoreError>, StoreError> {
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
    Ok(match meta {
        None => Err(StoreError::TenantUnavailable("tenant_provisioning")),
        Some(meta) if meta.organization_id != organization.as_uuid() => {
            Err(StoreError::broken("the database bears another organization's id"))
        }
        Some(meta) => crate::fingerprint::version_of(&meta.schema_fingerprint)
            .ok_or(StoreError::TenantUnavailable("tenant_schema_outdated")),
    })
}

#[async_trait]
impl TenantSnapshot for Snapshot {
    fn engine(&self) -> Engine {
        if is_postgres(&self.txn) { Engine::Postgres } else { Engine::Sqlite }
    }

    fn schema(&self) -> &SchemaMark {
        &self.schema
    }

    fn tables(&self) -> &[TableColumns] {
        &self.tables
    }

    async fn read(&mut self, table: &TableColumns, sink: &mut dyn RowSink) -> Result<(), BackupError> {
        let backend = ConnectionTrait::get_database_backend(&self.txn);
        let select = Statement::from_string(backend, select_of(table, backend));
        let mut found = self.txn.stream_raw(select).await.map_err(store_error)?;
        let mut rows = Vec::with_capacity(BATCH);
        while let Some(row) = found.try_next().await.map_err(store_error)? {
            rows.push(row_of(&row, &table.columns).map_err(store_error)?);
            if rows.len() == BATCH {
                sink.rows(std::mem::replace(&mut rows, Vec::with_capacity(BATCH))).await?;
            }
        }
        if rows.is_empty() { Ok(()) } else { sink.rows(rows).await }
    }
}

/// Names are those of our own migrations.
fn select_of(table: &TableColumns, backend: DbBackend) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|Column { name, kind }| match (kind, backend) {
            // As text a number in it keeps every digit.
            (ColumnType::Json, DbBackend::Postgres) => format!("CAST(\"{name}\" AS TEXT)"),
            _ => format!("\"{name}\""),
        })
        .collect();
    format!("SELECT {} FROM \"{}\"", columns.join(", "), table.name)
}

fn row_of(row: &QueryResult, columns: &[Column]) -> Result<Row, DbErr> {
    let mut fields = InOrder::new(row);
    columns
        .iter()
        .map(|column| {
            let cell = match column.kind {
                ColumnType::Bool => fields.take::<Option<bool>>()?.map(Cell::Bool),
                ColumnType::Int => fields.take::<Option<i32>>()?.map(|number| Cell::Int(number.into())),
                ColumnType::BigInt => fields.take::<Option<i64>>()?.map(Cell::Int),
                ColumnType::Float => fields.take::<Option<f64>>()?.map(Cell::Float),
                ColumnType::Decimal => {
                    fields.take::<Option<StoredDec>>()?.map(|number| Cell::Decimal(number.0))
                }
                ColumnType::Text => fields.take::<Option<String>>()?.map(Cell::Text),
                ColumnType::Uuid => fields.take::<Option<Uuid>>()?.map(Cell::Uuid),
                ColumnType::Date => fields.take::<Option<chrono::NaiveDate>>()?.map(Cell::Date),
                ColumnType::Instant => {
                    fields.take::<Option<chrono::DateTime<chrono::Utc>>>()?.map(Cell::Instant)
                }
                ColumnType::Json => fields.take::<Option<String>>()?.map(Cell::Json),
                ColumnType::Bytes => fields.take::<Option<Vec<u8>>>()?.map(Cell::Bytes),
            };
            Ok(cell.unwrap_or(Cell::Null))
        })
        .collect()
}
