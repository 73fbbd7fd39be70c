//! Where the product under test keeps its data.

use std::path::{Path, PathBuf};
use tempfile::TempDir;
use vigie_test_support::{TestDatabases, sqlite_execute, sqlite_texts};

/// A folder of its own and, on PostgreSQL, databases of its own. Dropped, it leaves nothing behind.
pub(crate) struct Place {
    folder: TempDir,
    databases: Option<TestDatabases>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), databases: None }
    }

    /// Fails when no PostgreSQL server is named: a test that is left out in silence proves nothing.
    pub(crate) async fn postgres() -> Self {
        let databases = match TestDatabases::create().await {
            Ok(databases) => databases,
            Err(error) => panic!("no databases for this test: {error}"),
        };
        Self { databases: Some(databases), ..Self::sqlite() }
    }

    /// The folder in which the binary is started; it holds nothing but the data folder and logs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data_folder(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// Whether several processes may serve at once.
    pub(crate) const fn is_for_many(&self) -> bool {
        self.databases.is_some()
    }

    /// Changes the control database behind the product's back, as time would.
    pub(crate) async fn control_execute(&self, sql: &str) {
        match &self.databases {
            Some(databases) => databases.control_execute(sql).await.unwrap(),
            None => sqlite_execute(&self.data_folder().join("control.sqlite3"), sql).await.unwrap(),
        }
    }

    /// The column `text` of what a query finds in the control database.
    pub(crate) async fn control_texts(&self, sql: &str) -> Vec<String> {
        match &self.databases {
            Some(databases) => databases.control_texts(sql).await.unwrap(),
            None => sqlite_texts(&self.data_folder().join("control.sqlite3"), sql).await.unwrap(),
        }
    }

    /// The names of the organizations' databases that are there, in order.
    pub(crate) async fn tenant_databases(&self) -> Vec<String> {
        if let Some(databases) = &self.databases {
            return databases.tenant_databases().await.unwrap();
        }
        let folder = std::fs::read_dir(self.data_folder().join("tenants")).unwrap();
        let mut names: Vec<String> =
            folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    }

    /// Runs plain SQL on the database of an organization, behind the product's back.
    pub(crate) async fn tenant_sql(&self, slug: &str, sql: &str) {
        if let Some(databases) = &self.databases {
            return databases.tenant_execute(slug, sql).await.unwrap();
        }
        let folder = format!("vigie_org_{}", slug.replace('-', "_"));
        let file = self.data_folder().join("tenants").join(folder).join("tenant.sqlite3");
        sqlite_execute(&file, sql).await.unwrap();
    }

    /// The settings that make the binary keep its data here.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let mut settings = vec![("VIGIE__DATA_DIR", self.data_folder().display().to_string())];
        if let Some(databases) = &self.databases {
            settings.push(("VIGIE__DATABASE__URL", databases.control_url()));
            settings.push(("VIGIE__DATABASE__TENANT_PREFIX", databases.tenant_prefix()));
            settings.push(("VIGIE__WORKER__EMBEDDED", "true".to_owned()));
        }
        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Runs tests, `async fn(Place)`, on both engines.
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test($crate::place::Place::sqlite()).await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test($crate::place::Place::postgres().await).await;
                }
            )+
        }
    };
}
