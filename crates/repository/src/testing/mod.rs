//! Databases of PostgreSQL servers for tests that start the product itself.

mod gate;

pub use gate::Gate;

use crate::connect::{self, PoolSize};
use crate::sql::Sql;
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult};
use std::path::Path;
use url::Url;
use uuid::Uuid;
use vigie_kernel::BoxError;

/// Names the superuser's URL; `scripts/services` sets it.
pub const POSTGRES_URL: &str = "VIGIE_TEST_POSTGRES_URL";

/// Names the superuser's URL on a second server; `scripts/services` sets it too.
pub const POSTGRES_URL_2: &str = "VIGIE_TEST_POSTGRES_URL_2";

/// A second server of organizations' databases, which other tests use as well. Dropped, it drops the databases that begin with the prefix.
#[derive(Debug)]
pub struct SecondServer {
    admin: Url,
    prefix: String,
}

impl SecondServer {
    /// The server that [`POSTGRES_URL_2`] names. Fails when it names none.
    pub fn with_prefix(prefix: &str) -> Result<Self, BoxError> {
        let url = std::env::var(POSTGRES_URL_2).map_err(|_| {
            format!("{POSTGRES_URL_2} is not set: this test needs two PostgreSQL servers. Run scripts/test, or scripts/services run -- cargo test")
        })?;
        Ok(Self { admin: Url::parse(&url)?, prefix: prefix.to_owned() })
    }

    /// Names that no other test gives its organizations' databases, with the server.
    pub fn unique() -> Result<Self, BoxError> {
        Self::with_prefix(&format!("{}org_", unique_prefix()))
    }

    /// The superuser's URL.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.admin
    }

    /// How the names of the organizations' databases begin.
    #[must_use]
    pub fn tenant_prefix(&self) -> &str {
        &self.prefix
    }
}

impl Drop for SecondServer {
    fn drop(&mut self) {
        drop_on_a_thread(self.admin.to_string(), self.prefix.clone());
    }
}

/// An empty control database, and the names of the organizations' databases that will be made beside it. Dropped, it drops them all.
#[derive(Debug)]
pub struct TestDatabases {
    admin: Url,
    prefix: String,
}

impl TestDatabases {
    /// Creates the control database on the server that [`POSTGRES_URL`] names. Fails, rather than leave the test out, when it
    /// names none.
    pub async fn create() -> Result<Self, BoxError> {
        let url = std::env::var(POSTGRES_URL).map_err(|_| {
            format!(
                "{POSTGRES_URL} is not set: this test needs a PostgreSQL server. Run scripts/test, or scripts/services run -- \
                 cargo test"
            )
        })?;
        let databases = Self { admin: Url::parse(&url)?, prefix: unique_prefix() };
        let admin = connect::postgres(databases.admin.as_str(), PoolSize::SINGLE).await?;
        let create =
            format!("CREATE DATABASE {} TEMPLATE template0 STRATEGY WAL_LOG", databases.control_name());
        admin.execute_unprepared(&create).await?;
        admin.close().await?;
        Ok(databases)
    }

    /// The URL of the control database, for `database.url`.
    #[must_use]
    pub fn control_url(&self) -> String {
        let mut url = self.admin.clone();
        url.set_path(&self.control_name());
        url.into()
    }

    /// How the names of the organizations' databases must begin, for `database.tenant_prefix`.
    #[must_use]
    pub fn tenant_prefix(&self) -> String {
        format!("{}org_", self.prefix)
    }

    /// Runs plain SQL on the control database.
    pub async fn control_execute(&self, sql: &str) -> Result<(), BoxError> {
        let control = connect::postgres(&self.control_url(), PoolSize::SINGLE).await?;
        control.execute_unprepared(sql).await?;
        Ok(control.close().await?)
    }

    /// The column `text` of what a query finds in the control database.
    pub async fn control_texts(&self, sql: &str) -> Result<Vec<String>, BoxError> {
        texts(connect::postgres(&self.control_url(), PoolSize::SINGLE).await?, sql).await
    }

    /// The names of the organizations' databases that are there, in order.
    pub async fn tenant_databases(&self) -> Result<Vec<String>, BoxError> {
        let admin = connect::postgres(self.admin.as_str(), PoolSize::SINGLE).await?;
        let prefix = self.tenant_prefix();
        let sql = format!(
            "SELECT CAST(datname AS text) AS text FROM pg_database WHERE starts_with(datname, '{prefix}') ORDER BY datname"
        );
        texts(admin, &sql).await
    }

    /// Runs plain SQL on the database of the organization with that slug.
    pub async fn tenant_execute(&self, slug: &str, sql: &str) -> Result<(), BoxError> {
        let mut url = self.admin.clone();
        url.set_path(&(self.tenant_prefix() + &slug.replace('-', "_")));
        let database = connect::postgres(url.as_str(), PoolSize::SINGLE).await?;
        database.execute_unprepared(sql).await?;
        Ok(database.close().await?)
    }

    fn control_name(&self) -> String {
        format!("{}control", self.prefix)
    }
}

/// `vigie_test_<16 digits>_`: short enough to leave room for a slug.
#[expect(clippy::disallowed_methods, reason = "a server outlives the counted ids of a test")]
fn unique_prefix() -> String {
    let unique = Uuid::now_v7().simple().to_string();
    let digits: String = unique.chars().skip(16).collect();
    format!("vigie_test_{digits}_")
}

async fn drop_databases(admin: &str, prefix: &str) -> Result<(), BoxError> {
    #[derive(FromQueryResult)]
    struct Row {
        datname: String,
    }
    let admin = connect::postgres(admin, PoolSize::SINGLE).await?;
    let rows: Vec<Row> = Sql::new(
        &admin,
        "SELECT CAST(datname AS text) AS datname FROM pg_database WHERE starts_with(datname, $1)",
    )
    .bind(prefix)
    .all(&admin)
    .await?;
    for row in rows {
        admin.execute_unprepared(&format!("DROP DATABASE {} WITH (FORCE)", row.datname)).await?;
    }
    Ok(admin.close().await?)
}

async fn texts(connection: DatabaseConnection, sql: &str) -> Result<Vec<String>, BoxError> {
    #[derive(FromQueryResult)]
    struct Row {
        text: String,
    }
    let rows: Vec<Row> = Sql::new(&connection, sql).all(&connection).await?;
    connection.close().await?;
    Ok(rows.into_iter().map(|row| row.text).collect())
}

/// The column `text` of what a query finds in a SQLite file.
pub async fn sqlite_texts(file: &Path, sql: &str) -> Result<Vec<String>, BoxError> {
    texts(connect::sqlite(file, false, PoolSize::SINGLE).await?, sql).await
}

/// Runs plain SQL on a SQLite file.
pub async fn sqlite_execute(file: &Path, sql: &str) -> Result<(), BoxError> {
    let connection = connect::sqlite(file, false, PoolSize::SINGLE).await?;
    connection.execute_unprepared(sql).await?;
    Ok(connection.close().await?)
}

impl Drop for TestDatabases {
    fn drop(&mut self) {
        drop_on_a_thread(self.admin.to_string(), self.prefix.clone());
    }
}

/// On a thread of its own: this may be the end of a test that failed, inside its runtime.
fn drop_on_a_thread(admin: String, prefix: String) {
    let name = prefix.clone();
    let dropping = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(drop_databases(&admin, &prefix))
    });
    match dropping.join() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, prefix = name, "a test's databases could not be dropped"),
        Err(_) => tracing::error!(prefix = name, "a test's databases could not be dropped"),
    }
}
