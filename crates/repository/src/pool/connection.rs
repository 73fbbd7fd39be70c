//! One connection to an organization's database, as the pool of its server keeps it.

use sea_orm::{DatabaseConnection, DbBackend, DbErr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A connection that lay idle for longer is asked whether it still works before it serves again.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How long it may take to answer that.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);
/// How long a connection that closes is waited for. A statement that nobody waits for any more holds it up.
const CLOSES_WITHIN: Duration = Duration::from_mins(1);

/// The epoch of the next connection.
static OPENED: AtomicU64 = AtomicU64::new(1);

/// Connections with a smaller epoch began to be opened before now.
pub(super) fn next_epoch() -> u64 {
    OPENED.load(Ordering::Relaxed)
}

/// The epoch of a connection that begins to be opened now.
pub(super) fn begin_epoch() -> u64 {
    OPENED.fetch_add(1, Ordering::Relaxed)
}

/// A connection. Inside is a pool of sea-orm for one connection, because that is the handle that statements and transactions take; how many
/// there are is decided by the scheduler alone.
#[derive(Debug)]
pub(crate) struct Connection {
    handle: DatabaseConnection,
    /// The database that it was opened to. An organization may get another one, restored or moved.
    database: String,
    /// Grows with each connection that is opened.
    epoch: u64,
    expires: Instant,
    released: Instant,
}

impl Connection {
    /// A connection that lives for about `lifetime`: a tenth more or less, so that connections opened together do not end together.
    pub(super) fn new(handle: DatabaseConnection, database: String, epoch: u64, lifetime: Duration) -> Self {
        // Steps of the golden ratio: spread evenly, whatever the count.
        let spread = u32::try_from(epoch.wrapping_mul(0x9E37_79B9) % 201).unwrap_or(100);
        let now = Instant::now();
        let lifetime = lifetime * 9 / 10 + lifetime * spread / 1000;
        Self { handle, database, epoch, expires: now + lifetime, released: now }
    }

    pub(super) fn handle(&self) -> DatabaseConnection {
        self.handle.clone()
    }

    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// It came back.
    pub(super) fn release(&mut self) {
        self.released = Instant::now();
    }

    /// Whether it came back before that.
    pub(super) fn is_idle_since(&self, before: Option<Instant>) -> bool {
        before.is_some_and(|before| self.released <= before)
    }

    /// Why it should not be kept, if there is a reason.
    pub(super) fn expired(&self, now: Instant, idle: Duration) -> Option<&'static str> {
        if now >= self.expires {
            Some("lifetime")
        } else if now.saturating_duration_since(self.released) >= idle {
            Some("idle")
        } else {
            None
        }
    }

    /// Whether it serves that database, now. One whose server went away while it was in use is empty by now; one that lay idle for a while
    /// is asked, and with `doubtful` any one.
    pub(super) async fn serves(&self, database: &str, doubtful: bool) -> Result<(), Option<DbErr>> {
        if self.database != database || Instant::now() >= self.expires || self.is_empty() {
            return Err(None);
        }
        if !doubtful && self.released.elapsed() < TRUSTED_FOR {
            return Ok(());
        }
        match tokio::time::timeout(ANSWERS_WITHIN, self.handle.ping()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Some(error)),
            Err(_) => Err(Some(DbErr::Custom("the connection does not answer".to_owned()))),
        }
    }

    /// Closes it and waits until it is.
    pub(super) async fn close(self) {
        match tokio::time::timeout(CLOSES_WITHIN, self.handle.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a connection did not close in order"),
            Err(_) => {
                tracing::warn!("a connection has not closed within a minute: a statement on it still runs");
            }
        }
    }

    fn is_empty(&self) -> bool {
        match self.handle.get_database_backend() {
            DbBackend::Postgres => self.handle.get_postgres_connection_pool().size() == 0,
            DbBackend::Sqlite => self.handle.get_sqlite_connection_pool().size() == 0,
            DbBackend::MySql | _ => false,
        }
    }
}
