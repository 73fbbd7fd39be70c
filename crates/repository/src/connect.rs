//! Opening pools on either engine.

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use std::path::Path;
use std::time::Duration;

/// How a pool is sized.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolSize {
    pub(crate) connections: u32,
    pub(crate) acquire: Duration,
    pub(crate) idle: Duration,
}

impl PoolSize {
    /// The pool of the control database, which every request asks.
    pub(crate) const CONTROL: Self =
        Self { connections: 16, acquire: Duration::from_secs(5), idle: Duration::from_mins(10) };
    /// The pool of one organization's database.
    pub(crate) const TENANT: Self =
        Self { connections: 8, acquire: Duration::from_secs(5), idle: Duration::from_secs(45) };
    /// A connection for administration: one statement, then closed.
    pub(crate) const SINGLE: Self =
        Self { connections: 1, acquire: Duration::from_secs(10), idle: Duration::from_secs(10) };

    /// A connection for a short look, which is not waited for for long.
    pub(crate) const BRIEF: Self =
        Self { connections: 1, acquire: Duration::from_secs(2), idle: Duration::from_secs(10) };

    fn apply(self, options: &mut ConnectOptions) {
        options
            .max_connections(self.connections)
            .min_connections(0)
            .acquire_timeout(self.acquire)
            .connect_timeout(self.acquire)
            .idle_timeout(self.idle)
            .max_lifetime(Duration::from_mins(15))
            .test_before_acquire(false)
            .sqlx_logging(false)
            .record_stmt_in_spans(false);
    }
}

/// Opens a SQLite file in the mode that every writer and reader of ours relies on.
///
/// WAL lets readers and the one writer go on side by side; a busy database is waited for, not refused.
pub(crate) async fn sqlite(file: &Path, create: bool, size: PoolSize) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    size.apply(&mut options);
    let file = file.to_owned();
    options.map_sqlx_sqlite_opts(move |options| {
        options
            .filename(&file)
            .in_memory(false)
            .shared_cache(false)
            .create_if_missing(create)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(5))
    });
    Database::connect(options).await
}

/// Opens a PostgreSQL database.
pub(crate) async fn postgres(url: &str, size: PoolSize) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    size.apply(&mut options);
    options.set_application_name("vigie");
    Database::connect(options).await
}
