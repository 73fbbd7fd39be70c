//! Filling a database in one transaction.

use super::schema;
use crate::error::store_error;
use crate::sql::Sql;
use crate::transaction;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, FromQueryResult, Value};
use vigie_kernel::StoreError;
use vigie_tenancy::backup::{Cell, Column, ColumnType, Row, TableColumns, TenantLoad};

/// Parameters of one statement, below what either engine takes.
const PARAMETERS: usize = 30_000;

/// A foreign key of PostgreSQL, which is taken away while rows come in whatever order, and put back at the end: that checks every row.
#[derive(FromQueryResult)]
struct ForeignKey {
    on_table: String,
    name: String,
    definition: String,
}

/// A transaction that fills a database.
pub(super) struct Load {
    txn: DatabaseTransaction,
    /// Kept for the transaction's sake.
    _pool: DatabaseConnection,
    foreign_keys: Vec<ForeignKey>,
}

impl Load {
    /// Begins. What migrations have put into the tables that archives carry goes.
    pub(super) async fn begin(pool: DatabaseConnection, version: usize) -> Result<Self, StoreError> {
        let txn = transaction::begin(&pool).await?;
        transaction::without_limits(&txn).await?;
        let foreign_keys = if txn.get_database_backend() == DbBackend::Postgres {
            let found: Vec<ForeignKey> = Sql::new(
                &txn,
                "SELECT CAST(CAST(conrelid AS regclass) AS text) AS on_table, CAST(conname AS text) AS name, \
                 pg_get_constraintdef(oid) AS definition FROM pg_constraint \
                 WHERE contype = 'f' AND connamespace = CAST('public' AS regnamespace)",
            )
            .all(&txn)
            .await
            .map_err(store_error)?;
            for key in &found {
                let drop = format!("ALTER TABLE {} DROP CONSTRAINT \"{}\"", key.on_table, key.name);
                txn.execute_unprepared(&drop).await.map_err(store_error)?;
            }
            found
        } else {
            txn.execute_unprepared("PRAGMA defer_foreign_keys = ON").await.map_err(store_error)?;
            Vec::new()
        };
        for table in schema::carried(version)? {
            let delete = format!("DELETE FROM \"{}\"", table.name);
            txn.execute_unprepared(&delete).await.map_err(store_error)?;
        }
        Ok(Self { txn, _pool: pool, foreign_keys })
    }
}

#[async_trait]
impl TenantLoad for Load {
    async fn rows(&mut self, table: &TableColumns, rows: Vec<Row>) -> Result<(), StoreError> {
        let names: Vec<String> = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let head = format!("INSERT INTO \"{}\" ({}) VALUES ", table.name, names.join(", "));
        let at_once = (PARAMETERS / table.columns.len().max(1)).max(1);
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let mut sql = Sql::new(&self.txn, head.clone());
            for (index, row) in rows.by_ref().take(at_once).enumerate() {
                sql.push(if index == 0 { "(" } else { ", (" });
                for (place, (cell, column)) in row.into_iter().zip(&table.columns).enumerate() {
                    if place > 0 {
                        sql.push(", ");
                    }
                    push_cell(&mut sql, cell, column, self.txn.get_database_backend())?;
                }
                sql.push(")");
            }
            sql.execute(&self.txn).await.map_err(store_error)?;
        }
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        for key in &self.foreign_keys {
            let add =
                format!("ALTER TABLE {} ADD CONSTRAINT \"{}\" {}", key.on_table, key.name, key.definition);
            self.txn.execute_unprepared(&add).await.map_err(store_error)?;
        }
        if self.txn.get_database_backend() == DbBackend::Postgres {
            transaction::analyze(&self.txn).await.map_err(store_error)?;
        }
        self.txn.commit().await.map_err(store_error)
    }
}

fn push_cell(sql: &mut Sql, cell: Cell, column: &Column, backend: DbBackend) -> Result<(), StoreError> {
    let wrong = || StoreError::broken(format!("{} holds something else than its type", column.name));
    let value: Value = match (column.kind, cell) {
        (ColumnType::Bool, Cell::Bool(value)) => value.into(),
        (ColumnType::Bool, Cell::Null) => Option::<bool>::None.into(),
        (ColumnType::Int, Cell::Int(value)) => i32::try_from(value).map_err(|_| wrong())?.into(),
        (ColumnType::Int, Cell::Null) => Option::<i32>::None.into(),
        (ColumnType::BigInt, Cell::Int(value)) => value.into(),
        (ColumnType::BigInt, Cell::Null) => Option::<i64>::None.into(),
        (ColumnType::Float, Cell::Float(value)) => value.into(),
        (ColumnType::Float, Cell::Null) => Option::<f64>::None.into(),
        (ColumnType::Decimal, Cell::Decimal(value)) => {
            sql.push_dec(Some(value));
            return Ok(());
        }
        (ColumnType::Decimal, Cell::Null) => {
            sql.push_dec(None);
            return Ok(());
        }
        (ColumnType::Text, Cell::Text(value)) => value.into(),
        (ColumnType::Text, Cell::Null) => Option::<String>::None.into(),
        (ColumnType::Uuid, Cell::Uuid(value)) => value.into(),
        (ColumnType::Uuid, Cell::Null) => Option::<uuid::Uuid>::None.into(),
        (ColumnType::Date, Cell::Date(value)) => value.into(),
        (ColumnType::Date, Cell::Null) => Option::<chrono::NaiveDate>::None.into(),
        (ColumnType::Instant, Cell::Instant(value)) => value.into(),
        (ColumnType::Instant, Cell::Null) => Option::<chrono::DateTime<chrono::Utc>>::None.into(),
        (ColumnType::Json, cell @ (Cell::Json(_) | Cell::Null)) => {
            let text = if let Cell::Json(text) = cell { Some(text) } else { None };
            // Bound as text, a number in it keeps every digit.
            if backend == DbBackend::Postgres {
                sql.push("CAST(").push_value(text).push(" AS JSONB)");
            } else {
                sql.push_value(text);
            }
            return Ok(());
        }
        (ColumnType::Bytes, Cell::Bytes(value)) => value.into(),
        (ColumnType::Bytes, Cell::Null) => Option::<Vec<u8>>::None.into(),
        (
            ColumnType::Bool
            | ColumnType::Int
            | ColumnType::BigInt
            | ColumnType::Float
            | ColumnType::Decimal
            | ColumnType::Text
            | ColumnType::Uuid
            | ColumnType::Date
            | ColumnType::Instant
            | ColumnType::Json
            | ColumnType::Bytes,
            _,
        ) => return Err(wrong()),
    };
    sql.push_value(value);
    Ok(())
}
