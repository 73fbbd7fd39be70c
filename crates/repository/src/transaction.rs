//! Beginning transactions, and the locks that migrations take.

use crate::error::store_error;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use vigie_kernel::StoreError;

/// Begins a transaction that will write.
///
/// On SQLite it takes the write lock at once: a transaction that reads first and writes later fails with "database is locked" as
/// soon as another writer came in between.
pub(crate) async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    begin_raw(connection).await.map_err(store_error)
}

async fn begin_raw(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let mode =
        (connection.get_database_backend() == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
    connection
        .begin_with_options(TransactionOptions {
            sqlite_transaction_mode: mode,
            ..TransactionOptions::default()
        })
        .await
}

/// The key of the advisory lock under which PostgreSQL databases are migrated.
const MIGRATION_LOCK: i64 = 0x5669_6769_6501;

/// Runs every pending migration in one transaction that no other migrator can share.
pub(crate) async fn migrate<M: MigratorTrait>(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let txn = begin_raw(connection).await?;
    if txn.get_database_backend() == DbBackend::Postgres {
        txn.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    }
    M::up(&txn, None).await?;
    txn.commit().await
}
