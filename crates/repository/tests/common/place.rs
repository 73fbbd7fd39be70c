//! Where a test's databases are, and how they go away.

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, FromQueryResult, Statement};
use std::path::PathBuf;
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;
use vigie_repository::{ControlStore, TenantServer};

/// Names the superuser's URL; `scripts/services` sets it.
const POSTGRES_URL: &str = "VIGIE_TEST_POSTGRES_URL";

pub(super) enum Place {
    Sqlite {
        folder: TempDir,
    },
    /// Every database of the test starts with `prefix`.
    Postgres {
        admin: Url,
        prefix: String,
    },
}

impl Place {
    pub(super) fn sqlite() -> Self {
        Self::Sqlite { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) async fn postgres() -> Self {
        let Ok(url) = std::env::var(POSTGRES_URL) else {
            panic!(
                "{POSTGRES_URL} is not set: this test needs a PostgreSQL server. Run scripts/test, or \
                 scripts/services run -- cargo test"
            );
        };
        let place = Self::Postgres { admin: Url::parse(&url).unwrap(), prefix: unique_prefix() };
        let admin = place.admin().await;
        let create = format!("CREATE DATABASE {} TEMPLATE template0 STRATEGY WAL_LOG", place.control_name());
        admin.execute_unprepared(&create).await.unwrap();
        place
    }

    pub(super) async fn control(&self) -> ControlStore {
        match self {
            Self::Sqlite { folder } => {
                ControlStore::connect_sqlite(&folder.path().join("control.sqlite3")).await.unwrap()
            }
            Self::Postgres { .. } => {
                let url = self.url_of(&self.control_name());
                ControlStore::connect_postgres(&url).await.unwrap()
            }
        }
    }

    pub(super) fn tenant_prefix(&self) -> String {
        match self {
            Self::Sqlite { .. } => "vigie_org_".to_owned(),
            Self::Postgres { prefix, .. } => format!("{prefix}org_"),
        }
    }

    pub(super) fn server(&self) -> TenantServer {
        match self {
            Self::Sqlite { folder } => TenantServer::sqlite(folder.path().join("organizations")),
            Self::Postgres { admin, .. } => TenantServer::postgres(admin.clone()),
        }
    }

    pub(super) async fn open(&self, name: &str) -> DatabaseConnection {
        let mut options = ConnectOptions::new(match self {
            Self::Sqlite { .. } => format!("sqlite://{}?mode=rw", self.file_of(name).display()),
            Self::Postgres { .. } => self.url_of(name),
        });
        options.max_connections(1).sqlx_logging(false);
        Database::connect(options).await.unwrap()
    }

    pub(super) async fn exists(&self, name: &str) -> bool {
        match self {
            Self::Sqlite { .. } => self.file_of(name).exists(),
            Self::Postgres { .. } => {
                let admin = self.admin().await;
                let sql = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
                let statement = Statement::from_string(admin.get_database_backend(), sql);
                admin.query_one_raw(statement).await.unwrap().is_some()
            }
        }
    }

    /// How many copies of databases are left over.
    pub(super) async fn left_by_rehearsals(&self) -> usize {
        match self {
            Self::Sqlite { folder } => {
                std::fs::read_dir(folder.path().join("organizations/.rehearsals")).map_or(0, Iterator::count)
            }
            Self::Postgres { prefix, .. } => {
                let admin = self.admin().await;
                let sql = format!("SELECT 1 FROM pg_database WHERE datname LIKE 'vigie_try_%{prefix}%'");
                let statement = Statement::from_string(admin.get_database_backend(), sql);
                admin.query_all_raw(statement).await.unwrap().len()
            }
        }
    }

    fn file_of(&self, name: &str) -> PathBuf {
        match self {
            Self::Sqlite { folder } => folder.path().join("organizations").join(name).join("tenant.sqlite3"),
            Self::Postgres { .. } => panic!("PostgreSQL has no files"),
        }
    }

    fn control_name(&self) -> String {
        match self {
            Self::Sqlite { .. } => panic!("a SQLite file has no database name"),
            Self::Postgres { prefix, .. } => format!("{prefix}control"),
        }
    }

    fn url_of(&self, name: &str) -> String {
        match self {
            Self::Sqlite { .. } => panic!("a SQLite file has no URL"),
            Self::Postgres { admin, .. } => {
                let mut url = admin.clone();
                url.set_path(name);
                url.to_string()
            }
        }
    }

    async fn admin(&self) -> DatabaseConnection {
        match self {
            Self::Sqlite { .. } => panic!("SQLite has no administrator"),
            Self::Postgres { admin, .. } => administrator(admin.as_str()).await,
        }
    }
}

/// `vigie_test_<16 digits>_`: short enough to leave room for a slug.
#[expect(clippy::disallowed_methods, reason = "the servers' databases outlive a test's counted ids")]
fn unique_prefix() -> String {
    let unique = Uuid::now_v7().simple().to_string();
    format!("vigie_test_{}_", &unique[unique.len() - 16..])
}

async fn administrator(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

async fn drop_databases(admin: &str, prefix: &str) {
    #[derive(FromQueryResult)]
    struct Row {
        datname: String,
    }
    let admin = administrator(admin).await;
    let sql = format!("SELECT datname FROM pg_database WHERE starts_with(datname, '{prefix}')");
    let statement = Statement::from_string(admin.get_database_backend(), sql);
    for row in Row::find_by_statement(statement).all(&admin).await.unwrap() {
        admin.execute_unprepared(&format!("DROP DATABASE {} WITH (FORCE)", row.datname)).await.unwrap();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self::Postgres { admin, prefix } = self else { return };
        let (admin, prefix) = (admin.to_string(), prefix.clone());
        // On a thread of its own: this may be the end of a test that failed, inside its runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(drop_databases(&admin, &prefix));
        })
        .join();
        assert!(dropped.is_ok() || std::thread::panicking(), "the test's databases could not be dropped");
    }
}
