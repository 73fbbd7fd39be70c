//! The place where organizations' databases live: a folder of SQLite files or a PostgreSQL server.

mod postgres;
mod rehearsal;
mod sqlite;

use crate::error::store_error;
use crate::mark::{Mark, ReadMark};
use crate::{fingerprint, transaction};
use postgres::{quoted, with_database};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr};
use sqlite::folder_of;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use url::Url;
use vigie_kernel::{OrganizationId, StoreError};
use vigie_migrations::TenantMigrator;
use vigie_tenancy::{ConnectionSettings, RULE_ORGANIZATION_DATABASE};

/// Databases created, dropped or set up at a time on one server by one process. More only wait for each other's disk.
const ADMINISTRATIVE: usize = 4;

/// Where organizations' databases are created and opened.
#[derive(Debug)]
pub struct TenantServer {
    kind: Kind,
    /// Whether the template of the current schema is known to be there. One is built at a time; cloning it needs no lock.
    template: Mutex<bool>,
    /// Administrative actions under way.
    administrative: Semaphore,
}

#[derive(Debug)]
enum Kind {
    Sqlite { root: PathBuf },
    Postgres { admin: Url },
}

/// Whose a database says it is.
enum Owner {
    /// There is no such database.
    Absent,
    /// The organization whose mark it bears.
    Organization(OrganizationId),
    /// It bears no mark of ours.
    Unknown,
}

impl Owner {
    /// Of a database that is there.
    fn of(mark: Option<&str>) -> Self {
        mark.and_then(ReadMark::parse).map_or(Self::Unknown, |mark| Self::Organization(mark.organization))
    }
}

/// A database with a mark of ours, or without one what an interrupted creation left.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) organization: OrganizationId,
    pub(crate) mark: Option<ReadMark>,
}

impl TenantServer {
    /// SQLite files under `<root>/<database name>/tenant.sqlite3`.
    #[must_use]
    pub fn sqlite(root: PathBuf) -> Self {
        Self::on(Kind::Sqlite { root })
    }

    /// Databases of a PostgreSQL server; the URL's user may create and drop databases.
    #[must_use]
    pub fn postgres(admin: Url) -> Self {
        Self::on(Kind::Postgres { admin })
    }

    fn on(kind: Kind) -> Self {
        Self { kind, template: Mutex::new(false), administrative: Semaphore::new(ADMINISTRATIVE) }
    }

    /// Whether the databases are PostgreSQL's.
    pub(crate) const fn is_postgres(&self) -> bool {
        match self.kind {
            Kind::Sqlite { .. } => false,
            Kind::Postgres { .. } => true,
        }
    }

    /// Opens an organization's database. Nothing is ever created by opening.
    pub(crate) async fn open(&self, name: &str) -> Result<DatabaseConnection, DbErr> {
        match &self.kind {
            Kind::Sqlite { root } => sqlite::open(root, name).await,
            Kind::Postgres { admin } => postgres::open(admin, name).await,
        }
    }

    /// Opens an organization's database with one connection, for a moment: beside its pool, and to be closed again.
    pub(crate) async fn open_briefly(&self, name: &str) -> Result<DatabaseConnection, DbErr> {
        match &self.kind {
            Kind::Sqlite { root } => sqlite::open_briefly(root, name).await,
            Kind::Postgres { admin } => postgres::open_briefly(admin, name).await,
        }
    }

    /// Bytes of the database's files, its write-ahead log included; `None` on PostgreSQL, which tells by itself.
    pub(crate) async fn size_of_files(&self, name: &str) -> std::io::Result<Option<u64>> {
        match &self.kind {
            Kind::Sqlite { root } => sqlite::size(root, name).await.map(Some),
            Kind::Postgres { .. } => Ok(None),
        }
    }

    /// Creates the database as a copy of the template of the current schema, marked as its organization's. One that is there with that
    /// mark is left alone; one with another mark, or with none, is a conflict: it is not ours to use.
    pub(crate) async fn create(&self, name: &str, mark: Mark) -> Result<(), StoreError> {
        let _turn = self.turn().await?;
        self.ensure_template(mark.organization).await?;
        let is_its = match &self.kind {
            Kind::Sqlite { root } => match sqlite::owner(root, name).await.map_err(io_error)? {
                Owner::Absent => sqlite::create(root, name, mark).await.map_err(io_error)?,
                Owner::Organization(owner) => owner == mark.organization,
                Owner::Unknown => false,
            },
            Kind::Postgres { admin } => postgres::create(admin, name, mark).await?,
        };
        if is_its { Ok(()) } else { Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE)) }
    }

    /// Sets limits on the database itself; `false` on SQLite, which has none.
    pub(crate) async fn configure(
        &self,
        name: &str,
        settings: &ConnectionSettings,
    ) -> Result<bool, StoreError> {
        let Kind::Postgres { admin } = &self.kind else { return Ok(false) };
        let _turn = self.turn().await?;
        postgres::configure(admin, name, settings).await.map(|()| true)
    }

    /// Brings a database to the current schema.
    pub(crate) async fn migrate(&self, connection: &DatabaseConnection) -> Result<(), StoreError> {
        transaction::migrate::<TenantMigrator>(connection).await.map_err(store_error)
    }

    /// Drops the database if it bears the organization's mark, and what an interrupted creation left; one that is not there, or is not
    /// its, is left alone.
    pub(crate) async fn drop(&self, name: &str, organization: OrganizationId) -> Result<(), StoreError> {
        let _turn = self.turn().await?;
        match &self.kind {
            Kind::Sqlite { root } => sqlite::drop_own(root, name, organization).await.map_err(io_error),
            Kind::Postgres { admin } => postgres::drop_own(admin, name, organization).await,
        }
    }

    /// Drops what an interrupted creation left, if it still bears no mark.
    pub(crate) async fn drop_draft(
        &self,
        name: &str,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
        let _turn = self.turn().await?;
        match &self.kind {
            Kind::Sqlite { root } => sqlite::drop_draft(root, organization).await.map_err(io_error),
            Kind::Postgres { admin } => postgres::drop_draft(admin, name).await,
        }
    }

    /// The databases that bear a mark of ours, and what interrupted creations left, among those whose names begin with `prefix`.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        match &self.kind {
            Kind::Sqlite { root } => sqlite::list(root, prefix).await.map_err(io_error),
            Kind::Postgres { admin } => postgres::list(admin, prefix).await,
        }
    }

    /// Makes the template if there is none; each builder has a draft of its own, so that of several that build at once none disturbs
    /// another.
    async fn ensure_template(&self, waiting: OrganizationId) -> Result<(), StoreError> {
        let mut ready = self.template.lock().await;
        if !*ready {
            match &self.kind {
                Kind::Sqlite { root } => sqlite::build_template(root, waiting).await?,
                Kind::Postgres { admin } => postgres::build_template(admin, waiting).await?,
            }
            *ready = true;
        }
        Ok(())
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        self.administrative.acquire().await.map_err(|error| StoreError::Unavailable(Box::new(error)))
    }
}

fn template_name() -> String {
    format!("vigie_tpl_{}", fingerprint::current())
}

/// A name that no other builder has: by the organization that waits, the process and the attempt.
fn builder(waiting: OrganizationId) -> String {
    static ATTEMPTS: AtomicU32 = AtomicU32::new(0);
    let organization = waiting.as_uuid().simple().to_string();
    let attempt = ATTEMPTS.fetch_add(1, Ordering::Relaxed);
    format!("{}_{:x}_{attempt:x}", &organization[20..], std::process::id())
}

fn io_error(error: std::io::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

/// Whether the connection speaks to PostgreSQL.
pub(crate) fn is_postgres<C: ConnectionTrait>(connection: &C) -> bool {
    connection.get_database_backend() == DbBackend::Postgres
}
