//! The whole application on a temporary folder.

use std::sync::Arc;
use tempfile::TempDir;
use vigie_composition::{App, Config};

/// An application whose data go away with it. Throttles are off.
pub struct TestApp {
    /// The application.
    pub app: App,
    _folder: Arc<TempDir>,
}

impl TestApp {
    /// An application on SQLite.
    pub async fn sqlite() -> Self {
        Self::with(|_| {}).await
    }

    /// An application on SQLite with a changed configuration.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: folder.path().join("data"), ..Config::default() };
        config.limits.enabled = false;
        change(&mut config);
        Self { app: App::build(config).await.unwrap(), _folder: Arc::new(folder) }
    }

    /// Runs every job that is due.
    pub async fn run_jobs(&self) {
        Box::pin(self.app.background().drain()).await.unwrap();
    }
}
