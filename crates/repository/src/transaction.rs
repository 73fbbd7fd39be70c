//! Beginning transactions, and the locks that migrations take.

use crate::error::store_error;
use crate::sql::Sql;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, FromQueryResult,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
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

/// Lifts the time limits of the database for this transaction, which may be about all of it.
pub(crate) async fn without_limits(txn: &DatabaseTransaction) -> Result<(), StoreError> {
    if txn.get_database_backend() == DbBackend::Postgres {
        let lift = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
        txn.execute_unprepared(lift).await.map_err(store_error)?;
    }
    Ok(())
}

/// The key of the advisory lock under which PostgreSQL databases are migrated.
const MIGRATION_LOCK: i64 = 0x5669_6769_6501;

/// How long a migration waits for a lock on PostgreSQL. While it waits for a table, everybody who comes after it waits too.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '5s'";

/// Runs every pending migration in one transaction that no other migrator can share.
pub(crate) async fn migrate<M: MigratorTrait>(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let txn = begin_raw(connection).await?;
    lock(&txn).await?;
    M::up(&txn, None).await?;
    txn.commit().await
}

/// Runs every pending migration in one transaction that no other migrator can share and that is still open, so that what must become
/// visible with them can be written; tells how many there were. Waits 5 s at most for each lock.
pub(crate) async fn migrate_open<M: MigratorTrait>(
    connection: &DatabaseConnection,
) -> Result<(DatabaseTransaction, u32), DbErr> {
    let txn = begin_raw(connection).await?;
    if txn.get_database_backend() == DbBackend::Postgres {
        txn.execute_unprepared(LOCK_TIMEOUT).await?;
    }
    lock(&txn).await?;
    let pending = M::get_pending_migrations(&txn).await?.len();
    if pending > 0 {
        M::up(&txn, None).await?;
    }
    Ok((txn, u32::try_from(pending).unwrap_or(u32::MAX)))
}

async fn lock(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    if txn.get_database_backend() == DbBackend::Postgres {
        // The organization's own time limit on statements is not meant for migrations.
        let lock = format!("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
        txn.execute_unprepared(&lock).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct OwnTables {
    names: Option<String>,
}

/// Has the planner look at our own tables of a PostgreSQL database. Without naming them it would try the system's too, and warn about
/// each of them when the user is no superuser.
pub(crate) async fn analyze<C: ConnectionTrait>(connection: &C) -> Result<(), DbErr> {
    let tables: Option<OwnTables> = Sql::new(
        connection,
        "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') AS names FROM pg_tables WHERE schemaname = 'public'",
    )
    .one(connection)
    .await?;
    match tables.and_then(|tables| tables.names) {
        Some(names) => connection.execute_unprepared(&format!("ANALYZE {names}")).await.map(|_| ()),
        None => Ok(()),
    }
}
