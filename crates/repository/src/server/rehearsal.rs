//! A copy of an organization's database to try migrations on.
//!
//! On SQLite it is the whole database. On PostgreSQL, where cloning wants the original without connections, it is the original's
//! structure as `pg_dump` tells it, with the migrations that it remembers.

use super::postgres::{quoted, with_database};
use super::sqlite::folder_of;
use super::{Kind, TenantServer, io_error};
use crate::connect::{self, PoolSize};
use crate::error::store_error;
use crate::sql::Sql;
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use url::Url;
use vigie_kernel::StoreError;

/// A database that is thrown away.
pub(crate) struct Rehearsal {
    connection: DatabaseConnection,
    place: Place,
}

enum Place {
    File(PathBuf),
    Database { admin: Url, name: String },
}

impl Rehearsal {
    pub(crate) const fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Throws the copy away.
    pub(crate) async fn discard(self) -> Result<(), StoreError> {
        self.connection.close().await.map_err(store_error)?;
        match self.place {
            Place::File(file) => tokio::fs::remove_file(file).await.map_err(io_error),
            Place::Database { admin, name } => {
                let admin = connect::postgres(admin.as_str(), PoolSize::SINGLE).await.map_err(store_error)?;
                admin
                    .execute_unprepared(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&name)))
                    .await
                    .map(|_| ())
                    .map_err(store_error)
            }
        }
    }
}

/// A name that no other rehearsal has.
fn own_name(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    // PostgreSQL cuts names at 63 bytes.
    let start: String = name.chars().take(30).collect();
    format!("vigie_try_{:x}_{number:x}_{start}", std::process::id())
}

impl TenantServer {
    /// Makes a copy of the database for a rehearsal.
    pub(crate) async fn rehearsal(&self, name: &str) -> Result<Rehearsal, StoreError> {
        match &self.kind {
            Kind::Sqlite { root } => copy_file(self, root, name).await,
            Kind::Postgres { admin } => copy_structure(self, admin, name).await,
        }
    }
}

async fn copy_file(server: &TenantServer, root: &Path, name: &str) -> Result<Rehearsal, StoreError> {
    let folder = folder_of(root, ".rehearsals");
    tokio::fs::create_dir_all(&folder).await.map_err(io_error)?;
    let file = folder.join(format!("{}.sqlite3", own_name(name)));
    let original = server.open(name).await.map_err(store_error)?;
    let copied = Sql::new(&original, "VACUUM INTO $1").bind(file.to_string_lossy().into_owned());
    let copied = copied.execute(&original).await.map_err(store_error);
    original.close().await.map_err(store_error)?;
    copied?;
    let connection = connect::sqlite(&file, false, PoolSize::SINGLE).await.map_err(store_error)?;
    Ok(Rehearsal { connection, place: Place::File(file) })
}

async fn copy_structure(server: &TenantServer, admin_url: &Url, name: &str) -> Result<Rehearsal, StoreError> {
    let structure = dump_structure(&with_database(admin_url, name)).await?;
    let own = own_name(name);
    let admin = connect::postgres(admin_url.as_str(), PoolSize::SINGLE).await.map_err(store_error)?;
    admin
        .execute_unprepared(&format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", quoted(&own)))
        .await
        .map_err(store_error)?;
    let connection = connect::postgres(with_database(admin_url, &own).as_str(), PoolSize::SINGLE)
        .await
        .map_err(store_error)?;
    let place = Place::Database { admin: admin_url.clone(), name: own };
    let rehearsal = Rehearsal { connection, place };
    match fill(server, &rehearsal, &structure, name).await {
        Ok(()) => Ok(rehearsal),
        Err(error) => {
            rehearsal.discard().await?;
            Err(error)
        }
    }
}

#[derive(FromQueryResult)]
struct Applied {
    version: String,
    applied_at: i64,
}

async fn fill(
    server: &TenantServer,
    rehearsal: &Rehearsal,
    structure: &[u8],
    name: &str,
) -> Result<(), StoreError> {
    let Place::Database { admin, name: own } = &rehearsal.place else { return Ok(()) };
    restore_structure(&with_database(admin, own), structure).await?;
    let original = server.open(name).await.map_err(store_error)?;
    let applied: Result<Vec<Applied>, _> =
        Sql::new(&original, "SELECT version, applied_at FROM seaql_migrations").all(&original).await;
    original.close().await.map_err(store_error)?;
    for one in applied.map_err(store_error)? {
        Sql::new(&rehearsal.connection, "INSERT INTO seaql_migrations (version, applied_at) VALUES ($1, $2)")
            .bind(one.version)
            .bind(one.applied_at)
            .execute(&rehearsal.connection)
            .await
            .map_err(store_error)?;
    }
    Ok(())
}

/// A client program of PostgreSQL, told by environment whom to talk to: arguments are visible to everybody on the machine.
fn client(program: &str, database: &Url) -> Command {
    let mut command = Command::new(program);
    let decoded = |text: &str| percent_decoded(text);
    command
        .env("PGHOST", database.host_str().unwrap_or("localhost"))
        .env("PGPORT", database.port().unwrap_or(5432).to_string())
        .env("PGUSER", decoded(database.username()))
        .env("PGPASSWORD", decoded(database.password().unwrap_or_default()))
        .env("PGDATABASE", decoded(database.path().trim_start_matches('/')))
        .env("PGOPTIONS", "-c client_min_messages=warning")
        .kill_on_drop(true)
        .stderr(Stdio::piped());
    command
}

fn percent_decoded(text: &str) -> String {
    url::form_urlencoded::parse(text.replace('+', "%2B").as_bytes())
        .map(|(name, _)| name.into_owned())
        .collect()
}

async fn dump_structure(database: &Url) -> Result<Vec<u8>, StoreError> {
    let output = client("pg_dump", database)
        .args(["--schema-only", "--no-owner", "--no-privileges", "--no-password"])
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| missing("pg_dump", &error))?;
    if output.status.success() { Ok(output.stdout) } else { Err(told("pg_dump", &output.stderr)) }
}

async fn restore_structure(database: &Url, structure: &[u8]) -> Result<(), StoreError> {
    let mut child = client("psql", database)
        .args(["--no-psqlrc", "--quiet", "--no-password", "--single-transaction", "-v", "ON_ERROR_STOP=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| missing("psql", &error))?;
    if let Some(mut input) = child.stdin.take() {
        // When psql ends early, what it says is the reason, not the broken pipe.
        let _told_by_psql = input.write_all(structure).await;
    }
    let output = child.wait_with_output().await.map_err(io_error)?;
    if output.status.success() { Ok(()) } else { Err(told("psql", &output.stderr)) }
}

fn missing(program: &str, error: &std::io::Error) -> StoreError {
    StoreError::broken(format!(
        "a dry run on PostgreSQL needs the program {program} (package postgresql-client): {error}"
    ))
}

fn told(program: &str, errors: &[u8]) -> StoreError {
    let text = String::from_utf8_lossy(errors);
    StoreError::broken(format!("{program}: {}", text.trim().chars().take(1000).collect::<String>()))
}
