//! Where a test's databases are, and how they go away.

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, FromQueryResult, Statement};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;
use vigie_repository::{ControlStore, TenantServer};

/// Names the superuser's URL; `scripts/services` sets it.
const POSTGRES_URL: &str = "VIGIE_TEST_POSTGRES_URL";

/// Names the superuser's URL on a second server.
const POSTGRES_URL_2: &str = "VIGIE_TEST_POSTGRES_URL_2";

pub(super) struct Place {
    kind: Kind,
    /// Every database of the test on a server starts with it.
    prefix: String,
    second: AtomicBool,
}

enum Kind {
    Sqlite { folder: TempDir },
    Postgres { admin: Url },
}

impl Place {
    pub(super) fn sqlite() -> Self {
        Self::on(Kind::Sqlite { folder: tempfile::tempdir().unwrap() })
    }

    pub(super) async fn postgres() -> Self {
        let place = Self::on(Kind::Postgres { admin: server(POSTGRES_URL) });
        let admin = place.admin().await;
        let create = format!("CREATE DATABASE {} TEMPLATE template0 STRATEGY WAL_LOG", place.control_name());
        admin.execute_unprepared(&create).await.unwrap();
        place
    }

    fn on(kind: Kind) -> Self {
        Self { kind, prefix: unique_prefix(), second: AtomicBool::new(false) }
    }

    /// How the names of the organizations' databases begin.
    pub(super) fn tenant_prefix(&self) -> String {
        format!("{}org_", self.prefix)
    }

    /// The address of a further server: a folder beside the first one's, or the second PostgreSQL server.
    pub(super) fn second(&self) -> String {
        match &self.kind {
            Kind::Sqlite { folder } => format!("sqlite://{}", folder.path().join("second").display()),
            Kind::Postgres { .. } => self.second_postgres().into(),
        }
    }

    /// The second PostgreSQL server, whatever the first one is.
    pub(super) fn second_postgres(&self) -> Url {
        self.second.store(true, Ordering::Relaxed);
        server(POSTGRES_URL_2)
    }

    pub(super) async fn control(&self) -> ControlStore {
        match &self.kind {
            Kind::Sqlite { folder } => {
                ControlStore::connect_sqlite(&folder.path().join("control.sqlite3")).await.unwrap()
            }
            Kind::Postgres { .. } => {
                let url = self.url_of(&self.control_name());
                ControlStore::connect_postgres(&url).await.unwrap()
            }
        }
    }

    pub(super) fn server(&self) -> TenantServer {
        match &self.kind {
            Kind::Sqlite { folder } => TenantServer::sqlite(folder.path().join("organizations")),
            Kind::Postgres { admin, .. } => TenantServer::postgres(admin.clone()),
        }
    }

    pub(super) async fn open(&self, name: &str) -> DatabaseConnection {
        let mut options = ConnectOptions::new(match &self.kind {
            Kind::Sqlite { .. } => format!("sqlite://{}?mode=rw", self.file_of(name).display()),
            Kind::Postgres { .. } => self.url_of(name),
        });
        options.max_connections(1).sqlx_logging(false);
        Database::connect(options).await.unwrap()
    }

    pub(super) async fn exists(&self, name: &str) -> bool {
        match &self.kind {
            Kind::Sqlite { .. } => self.file_of(name).exists(),
            Kind::Postgres { .. } => {
                let admin = self.admin().await;
                let sql = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
                let statement = Statement::from_string(admin.get_database_backend(), sql);
                admin.query_one_raw(statement).await.unwrap().is_some()
            }
        }
    }

    /// How many copies of databases are left over.
    pub(super) async fn left_by_rehearsals(&self) -> usize {
        match &self.kind {
            Kind::Sqlite { folder } => {
                std::fs::read_dir(folder.path().join("organizations/.rehearsals")).map_or(0, Iterator::count)
            }
            Kind::Postgres { .. } => {
                let admin = self.admin().await;
                let sql =
                    format!("SELECT 1 FROM pg_database WHERE datname LIKE 'vigie_try_%{}%'", self.prefix);
                let statement = Statement::from_string(admin.get_database_backend(), sql);
                admin.query_all_raw(statement).await.unwrap().len()
            }
        }
    }

    fn file_of(&self, name: &str) -> PathBuf {
        match &self.kind {
            Kind::Sqlite { folder } => folder.path().join("organizations").join(name).join("tenant.sqlite3"),
            Kind::Postgres { .. } => panic!("PostgreSQL has no files"),
        }
    }

    fn control_name(&self) -> String {
        match &self.kind {
            Kind::Sqlite { .. } => panic!("a SQLite file has no database name"),
            Kind::Postgres { .. } => format!("{}control", self.prefix),
        }
    }

    fn url_of(&self, name: &str) -> String {
        match &self.kind {
            Kind::Sqlite { .. } => panic!("a SQLite file has no URL"),
            Kind::Postgres { admin, .. } => {
                let mut url = admin.clone();
                url.set_path(name);
                url.to_string()
            }
        }
    }

    async fn admin(&self) -> DatabaseConnection {
        match &self.kind {
            Kind::Sqlite { .. } => panic!("SQLite has no administrator"),
            Kind::Postgres { admin, .. } => administrator(admin.as_str()).await,
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

fn server(variable: &str) -> Url {
    let Ok(url) = std::env::var(variable) else {
        panic!(
            "{variable} is not set: this test needs PostgreSQL servers. Run scripts/test, or scripts/services run -- \
             cargo test"
        );
    };
    Url::parse(&url).unwrap()
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut servers = Vec::new();
        if let Kind::Postgres { admin } = &self.kind {
            servers.push(admin.to_string());
        }
        if self.second.load(Ordering::Relaxed) {
            servers.push(server(POSTGRES_URL_2).to_string());
        }
        let prefix = self.prefix.clone();
        // On a thread of its own: this may be the end of a test that failed, inside its runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            for admin in servers {
                runtime.block_on(drop_databases(&admin, &prefix));
            }
        })
        .join();
        assert!(dropped.is_ok() || std::thread::panicking(), "the test's databases could not be dropped");
    }
}
