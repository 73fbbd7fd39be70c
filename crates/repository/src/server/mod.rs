//! The place where organizations' databases live: a folder of SQLite files or a PostgreSQL server.

mod postgres;
mod rehearsal;
mod sqlite;

use crate::error::store_error;
use crate::mark::{Mark, ReadMark};
use crate::{fingerprint, transaction};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr};
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use url::Url;
use vigie_kernel::{BoxError, OrganizationId, StoreError};
use vigie_migrations::TenantMigrator;
use vigie_tenancy::{ConnectionSettings, RULE_ORGANIZATION_DATABASE};

/// Databases created, dropped or set up at a time on one server by one process. More only wait for each other's disk.
const ADMINISTRATIVE: usize = 4;

/// Where organizations' databases are created and opened.
pub struct TenantServer {
    kind: Kind,
    /// Whether the template of the current schema is known to be there. One is built at a time; cloning it needs no lock.
    template: Mutex<bool>,
    /// Administrative actions under way.
    administrative: Semaphore,
}

enum Kind {
    Sqlite { root: PathBuf },
    Postgres { admin: Url },
}

/// Why the address of a server is not usable.
#[derive(Debug, Error)]
pub enum ServerAddressError {
    /// The text is no URL. It is not told: it may hold a password.
    #[error("the address of the database server is no URL: {0}")]
    NoUrl(url::ParseError),
    /// The engine is not one of ours.
    #[error("the engine {0} is not supported; use postgres or sqlite")]
    Engine(String),
}

/// Why organizations' databases cannot be placed on a server.
#[derive(Debug, Error)]
pub enum ServerCheckError {
    /// It does not answer.
    #[error("the database server does not answer")]
    Unreachable(#[source] BoxError),
    /// The user of the address may not create databases.
    #[error("the user of the database server's address may not create databases")]
    MayNotCreate,
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

    /// The server of an address: `postgres://..` or `sqlite://FOLDER`.
    pub fn at(address: &str) -> Result<Self, ServerAddressError> {
        if let Some(folder) = address.strip_prefix("sqlite://").or_else(|| address.strip_prefix("sqlite:")) {
            let folder = folder.split_once('?').map_or(folder, |(folder, _)| folder);
            return Ok(Self::sqlite(folder.into()));
        }
        let url = Url::parse(address).map_err(ServerAddressError::NoUrl)?;
        match url.scheme() {
            "postgres" | "postgresql" => Ok(Self::postgres(url)),
            other => Err(ServerAddressError::Engine(other.to_owned())),
        }
    }

    fn on(kind: Kind) -> Self {
        Self { kind, template: Mutex::new(false), administrative: Semaphore::new(ADMINISTRATIVE) }
    }

    /// `postgres` or `sqlite`.
    #[must_use]
    pub const fn engine(&self) -> &'static str {
        match &self.kind {
            Kind::Sqlite { .. } => "sqlite",
            Kind::Postgres { .. } => "postgres",
        }
    }

    /// Where it is, without user, password and parameters: host and port, or a folder.
    #[must_use]
    pub fn location(&self) -> String {
        match &self.kind {
            Kind::Sqlite { root } => root.display().to_string(),
            Kind::Postgres { admin } => {
                let host = admin.host_str().filter(|host| !host.is_empty());
                let query = |wanted: &str| {
                    admin.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
                };
                let host = host.map(str::to_owned).or_else(|| query("host")).unwrap_or_default();
                format!("{host}:{}", admin.port().unwrap_or(5432))
            }
        }
    }

    /// The address of one of its databases, with its secrets, for the tools of PostgreSQL. `None` on SQLite.
    #[must_use]
    pub fn database_url(&self, name: &str) -> Option<Url> {
        match &self.kind {
            Kind::Sqlite { .. } => None,
            Kind::Postgres { admin } => Some(postgres::with_database(admin, name)),
        }
    }

    /// The file of one of its databases. `None` on PostgreSQL.
    #[must_use]
    pub fn database_file(&self, name: &str) -> Option<PathBuf> {
        match &self.kind {
            Kind::Sqlite { root } => Some(sqlite::file_of(root, name)),
            Kind::Postgres { .. } => None,
        }
    }

    /// Whether it answers and lets databases be created.
    pub async fn check(&self) -> Result<(), ServerCheckError> {
        match &self.kind {
            Kind::Sqlite { root } => tokio::fs::create_dir_all(root)
                .await
                .map_err(|error| ServerCheckError::Unreachable(Box::new(error))),
            Kind::Postgres { admin } => postgres::check(admin).await,
        }
    }

    /// How long after its end a connection may still be counted by the server.
    pub(crate) const fn settles(&self) -> Duration {
        match &self.kind {
            Kind::Sqlite { .. } => Duration::ZERO,
            Kind::Postgres { .. } => postgres::SETTLES,
        }
    }

    /// Opens one connection to an organization's database. Nothing is ever created by opening.
    pub(crate) async fn open(&self, name: &str) -> Result<DatabaseConnection, DbErr> {
        match &self.kind {
            Kind::Sqlite { root } => sqlite::open(root, name).await,
            Kind::Postgres { admin } => postgres::open(admin, name).await,
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
    pub(crate) async fn migrate(connection: &DatabaseConnection) -> Result<(), StoreError> {
        transaction::migrate::<TenantMigrator>(connection).await.map_err(store_error)
    }

    /// Drops the database if it bears the organization's mark, and what an interrupted creation left; one that is not there, or is not
    /// its, is left alone.
    pub(crate) async fn drop_database(
        &self,
        name: &str,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
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

impl fmt::Debug for TenantServer {
    /// Without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantServer({} {})", self.engine(), self.location())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_location_nor_the_log_tells_a_secret() {
        let server =
            TenantServer::at("postgres://ada:s3cret@db.example:6432/postgres?sslmode=require").unwrap();
        assert_eq!((server.engine(), server.location().as_str()), ("postgres", "db.example:6432"));
        assert_eq!(format!("{server:?}"), "TenantServer(postgres db.example:6432)");

        let socket = TenantServer::at("postgres:///postgres?host=/run/postgresql&user=ada").unwrap();
        assert_eq!(socket.location(), "/run/postgresql:5432");
        let folder = TenantServer::at("sqlite:///srv/vigie/b").unwrap();
        assert_eq!((folder.engine(), folder.location().as_str()), ("sqlite", "/srv/vigie/b"));
    }

    #[test]
    fn other_addresses_are_refused_without_repeating_them() {
        for address in ["mysql://ada:s3cret@db.example/x", "postgres s3cret", "s3cret"] {
            let error = TenantServer::at(address).unwrap_err();
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
