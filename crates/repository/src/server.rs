//! The place where organizations' databases live: a folder of SQLite files or a PostgreSQL server.

mod rehearsal;

use crate::connect::{self, PoolSize};
use crate::error::store_error;
use crate::sql::Sql;
use crate::{fingerprint, transaction};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, FromQueryResult};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use url::Url;
use vigie_kernel::{OrganizationId, StoreError};
use vigie_migrations::TenantMigrator;
use vigie_tenancy::RULE_ORGANIZATION_DATABASE;

/// Where organizations' databases are created and opened.
#[derive(Debug)]
pub struct TenantServer {
    kind: Kind,
    /// One template is built at a time; cloning it needs no lock.
    template: Mutex<bool>,
}

#[derive(Debug)]
enum Kind {
    Sqlite { root: PathBuf },
    Postgres { admin: Url },
}

/// Whose a database says it is.
enum Mark {
    /// There is no such database.
    Absent,
    /// There is one with this mark; an empty one when it bears none.
    Of(String),
}

fn mark_of(organization: OrganizationId) -> String {
    format!("vigie organization {organization}")
}

fn mark_file(root: &Path, name: &str) -> PathBuf {
    folder_of(root, name).join("owner")
}

/// What PostgreSQL says when it cannot clone a database that is in use.
const OBJECT_IN_USE: &str = "55006";
/// How often a clone is tried while somebody still uses the template.
const CLONE_ATTEMPTS: u32 = 8;

impl TenantServer {
    /// SQLite files under `<root>/<database name>/tenant.sqlite3`.
    #[must_use]
    pub fn sqlite(root: PathBuf) -> Self {
        Self { kind: Kind::Sqlite { root }, template: Mutex::new(false) }
    }

    /// Databases of a PostgreSQL server; the URL's user may create and drop databases.
    #[must_use]
    pub fn postgres(admin: Url) -> Self {
        Self { kind: Kind::Postgres { admin }, template: Mutex::new(false) }
    }

    /// Opens an organization's database. Nothing is ever created by opening.
    pub(crate) async fn open(&self, name: &str) -> Result<DatabaseConnection, DbErr> {
        match &self.kind {
            Kind::Sqlite { root } => connect::sqlite(&file_of(root, name), false, PoolSize::TENANT).await,
            Kind::Postgres { admin } => {
                connect::postgres(with_database(admin, name).as_str(), PoolSize::TENANT).await
            }
        }
    }

    /// Creates the database as a copy of the template of the current schema, marked as its organization's. One that is there with that
    /// mark is left alone; one with another mark, or with none, is a conflict: it is not ours to use.
    pub(crate) async fn create(&self, name: &str, organization: OrganizationId) -> Result<(), StoreError> {
        match self.mark(name).await? {
            Mark::Absent => {}
            Mark::Of(text) if text == mark_of(organization) => return Ok(()),
            Mark::Of(_) => return Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE)),
        }
        self.ensure_template(organization).await?;
        match &self.kind {
            Kind::Sqlite { root } => copy_template(root, name, organization).await.map_err(io_error),
            Kind::Postgres { admin } => clone_template(admin, name, organization).await,
        }
    }

    /// What is there under that name, and whose it says it is.
    async fn mark(&self, name: &str) -> Result<Mark, StoreError> {
        match &self.kind {
            Kind::Sqlite { root } => {
                if !tokio::fs::try_exists(file_of(root, name)).await.map_err(io_error)? {
                    return Ok(Mark::Absent);
                }
                match tokio::fs::read_to_string(mark_file(root, name)).await {
                    Ok(text) => Ok(Mark::Of(text)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Mark::Of(String::new())),
                    Err(error) => Err(io_error(error)),
                }
            }
            Kind::Postgres { admin } => {
                #[derive(FromQueryResult)]
                struct Row {
                    mark: Option<String>,
                }
                let admin = connect::postgres(admin.as_str(), PoolSize::SINGLE).await.map_err(store_error)?;
                let row: Option<Row> = Sql::new(
                    &admin,
                    "SELECT shobj_description(oid, 'pg_database') AS mark FROM pg_database WHERE datname = $1",
                )
                .bind(name)
                .one(&admin)
                .await
                .map_err(store_error)?;
                Ok(row.map_or(Mark::Absent, |row| Mark::Of(row.mark.unwrap_or_default())))
            }
        }
    }

    /// Brings a database to the current schema.
    pub(crate) async fn migrate(&self, connection: &DatabaseConnection) -> Result<(), StoreError> {
        transaction::migrate::<TenantMigrator>(connection).await.map_err(store_error)
    }

    /// Drops the database if it bears the organization's mark; one that is not there, or is not its, is left alone.
    pub(crate) async fn drop(&self, name: &str, organization: OrganizationId) -> Result<(), StoreError> {
        match self.mark(name).await? {
            Mark::Of(text) if text == mark_of(organization) => {}
            Mark::Absent | Mark::Of(_) => return Ok(()),
        }
        match &self.kind {
            Kind::Sqlite { root } => match tokio::fs::remove_dir_all(folder_of(root, name)).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io_error(error)),
                Ok(()) | Err(_) => Ok(()),
            },
            Kind::Postgres { admin } => {
                let admin = connect::postgres(admin.as_str(), PoolSize::SINGLE).await.map_err(store_error)?;
                admin
                    .execute_unprepared(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name)))
                    .await
                    .map(|_| ())
                    .map_err(store_error)
            }
        }
    }

    /// Makes the template if there is none; each builder has a draft of its own, so that of several that build at once none disturbs
    /// another.
    async fn ensure_template(&self, waiting: OrganizationId) -> Result<(), StoreError> {
        let mut ready = self.template.lock().await;
        if !*ready {
            match &self.kind {
                Kind::Sqlite { root } => build_sqlite_template(root, waiting).await?,
                Kind::Postgres { admin } => build_postgres_template(admin, waiting).await?,
            }
            *ready = true;
        }
        Ok(())
    }
}

fn folder_of(root: &Path, name: &str) -> PathBuf {
    root.join(name)
}

fn file_of(root: &Path, name: &str) -> PathBuf {
    folder_of(root, name).join("tenant.sqlite3")
}

fn template_file(root: &Path) -> PathBuf {
    root.join(".templates").join(format!("{}.sqlite3", fingerprint::current()))
}

fn template_database() -> String {
    format!("vigie_tpl_{}", fingerprint::current())
}

/// A name that no other builder has: by the organization that waits, the process and the attempt.
fn builder(waiting: OrganizationId) -> String {
    static ATTEMPTS: AtomicU32 = AtomicU32::new(0);
    let organization = waiting.as_uuid().simple().to_string();
    let attempt = ATTEMPTS.fetch_add(1, Ordering::Relaxed);
    format!("{}_{:x}_{attempt:x}", &organization[20..], std::process::id())
}

fn with_database(admin: &Url, name: &str) -> Url {
    let mut url = admin.clone();
    url.set_path(name);
    url
}

/// An identifier in quotes. Names are made by us from slugs, yet a quote inside would end the identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn io_error(error: std::io::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

async fn build_sqlite_template(root: &Path, waiting: OrganizationId) -> Result<(), StoreError> {
    let template = template_file(root);
    if tokio::fs::try_exists(&template).await.map_err(io_error)? {
        return Ok(());
    }
    let folder = root.join(".templates");
    tokio::fs::create_dir_all(&folder).await.map_err(io_error)?;
    let draft = folder.join(format!("draft-{}.sqlite3", builder(waiting)));
    remove_if_there(&draft).await?;
    let connection = connect::sqlite(&draft, true, PoolSize::SINGLE).await.map_err(store_error)?;
    transaction::migrate::<TenantMigrator>(&connection).await.map_err(store_error)?;
    // One plain file without a side file is what can be copied.
    for pragma in ["PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode = DELETE"] {
        connection.execute_unprepared(pragma).await.map_err(store_error)?;
    }
    connection.close().await.map_err(store_error)?;
    tokio::fs::rename(&draft, &template).await.map_err(io_error)
}

async fn remove_if_there(file: &Path) -> Result<(), StoreError> {
    match tokio::fs::remove_file(file).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io_error(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Copies under a temporary name, flushes, renames: a half-copied file never bears the database's name.
async fn copy_template(root: &Path, name: &str, organization: OrganizationId) -> std::io::Result<()> {
    let target = file_of(root, name);
    tokio::fs::create_dir_all(folder_of(root, name)).await?;
    tokio::fs::write(mark_file(root, name), mark_of(organization)).await?;
    let draft = target.with_extension("draft");
    tokio::fs::copy(template_file(root), &draft).await?;
    tokio::fs::File::open(&draft).await?.sync_all().await?;
    tokio::fs::rename(&draft, &target).await
}

/// Builds the template under a name of its own and renames it when it is whole: of several processes that start at once on a new schema,
/// also ones that share nothing but the server, one wins and the others use what it built.
async fn build_postgres_template(admin_url: &Url, waiting: OrganizationId) -> Result<(), StoreError> {
    let admin = connect::postgres(admin_url.as_str(), PoolSize::SINGLE).await.map_err(store_error)?;
    let name = template_database();
    if database_exists(&admin, &name).await? {
        return Ok(());
    }
    let draft = format!("{name}_{}", builder(waiting));
    for statement in [
        format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&draft)),
        format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", quoted(&draft)),
    ] {
        admin.execute_unprepared(&statement).await.map_err(store_error)?;
    }
    let connection = connect::postgres(with_database(admin_url, &draft).as_str(), PoolSize::SINGLE)
        .await
        .map_err(store_error)?;
    transaction::migrate::<TenantMigrator>(&connection).await.map_err(store_error)?;
    connection.execute_unprepared("ANALYZE").await.map_err(store_error)?;
    connection.close().await.map_err(store_error)?;
    // Without connections nobody can be inside when it is cloned.
    let seal = format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", quoted(&draft));
    admin.execute_unprepared(&seal).await.map_err(store_error)?;
    let rename = format!("ALTER DATABASE {} RENAME TO {}", quoted(&draft), quoted(&name));
    match admin.execute_unprepared(&rename).await {
        Ok(_) => {
            let mark = format!("ALTER DATABASE {} WITH IS_TEMPLATE true", quoted(&name));
            admin.execute_unprepared(&mark).await.map(|_| ()).map_err(store_error)
        }
        Err(error) => {
            admin
                .execute_unprepared(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&draft)))
                .await
                .map_err(store_error)?;
            if database_exists(&admin, &name).await? { Ok(()) } else { Err(store_error(error)) }
        }
    }
}

async fn database_exists(admin: &DatabaseConnection, name: &str) -> Result<bool, StoreError> {
    Sql::new(admin, "SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(name)
        .exists(admin)
        .await
        .map_err(store_error)
}

async fn clone_template(admin: &Url, name: &str, organization: OrganizationId) -> Result<(), StoreError> {
    let admin = connect::postgres(admin.as_str(), PoolSize::SINGLE).await.map_err(store_error)?;
    let clone = format!(
        "CREATE DATABASE {} TEMPLATE {} STRATEGY WAL_LOG",
        quoted(name),
        quoted(&template_database())
    );
    let mut wait = Duration::from_millis(20);
    let mut attempt = 1;
    loop {
        match admin.execute_unprepared(&clone).await {
            Ok(_) => break,
            Err(error) if in_use(&error) && attempt < CLONE_ATTEMPTS => {
                tokio::time::sleep(wait).await;
                wait *= 2;
                attempt += 1;
            }
            Err(error) => return Err(store_error(error)),
        }
    }
    let mark = format!("COMMENT ON DATABASE {} IS '{}'", quoted(name), mark_of(organization));
    admin.execute_unprepared(&mark).await.map(|_| ()).map_err(store_error)
}

fn in_use(error: &DbErr) -> bool {
    let (DbErr::Exec(runtime) | DbErr::Query(runtime)) = error else { return false };
    let sea_orm::RuntimeErr::SqlxError(error) = runtime else { return false };
    error
        .as_database_error()
        .and_then(|error| error.code().map(|code| code == OBJECT_IN_USE))
        .unwrap_or(false)
}

/// Whether the connection speaks to PostgreSQL.
pub(crate) fn is_postgres<C: ConnectionTrait>(connection: &C) -> bool {
    connection.get_database_backend() == DbBackend::Postgres
}
