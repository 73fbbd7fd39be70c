//! The whole application on a temporary folder.

use crate::ReceivedMail;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use vigie_composition::{App, Config};
use vigie_kernel::{OrganizationStatus, Slug};
use vigie_repository::ControlStore;
use vigie_tenancy::{Organization, OrganizationSnapshot, OrganizationStore};

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

    /// Puts an organization into a status, past every rule.
    pub async fn set_status(&self, slug: &str, status: OrganizationStatus, reason: &str) {
        self.set(slug, |snapshot| {
            snapshot.status = status;
            snapshot.status_reason = Some(reason.to_owned());
        })
        .await;
    }

    /// Puts a schema version down as the one that an organization's database has.
    pub async fn set_schema_version(&self, slug: &str, version: i32) {
        self.set(slug, |snapshot| snapshot.schema_version = Some(version)).await;
    }

    async fn set(&self, slug: &str, change: impl FnOnce(&mut OrganizationSnapshot)) {
        let file = self.app.config.data_dir.join("control.sqlite3");
        let control = ControlStore::connect_sqlite(&file).await.unwrap();
        let slug = Slug::parse(slug).unwrap();
        let known =
            OrganizationStore::read(&control).await.unwrap().find_by_slug(&slug).await.unwrap().unwrap();
        let mut snapshot = known.snapshot().clone();
        change(&mut snapshot);
        snapshot.version += 1;
        let mut work = OrganizationStore::begin(&control).await.unwrap();
        work.organizations().update(&Organization::restore(snapshot)).await.unwrap();
        work.commit().await.unwrap();
        self.app.tenancy.invalidate(known.id());
    }

    /// Runs plain SQL on an organization's database.
    pub async fn tenant_sql(&self, slug: &str, sql: &str) {
        vigie_repository::testing::sqlite_execute(&self.tenant_folder(slug).join("tenant.sqlite3"), sql)
            .await
            .unwrap();
    }

    /// Makes an organization's database unreachable.
    pub fn hide_database(&self, slug: &str) {
        let folder = self.tenant_folder(slug);
        std::fs::rename(&folder, folder.with_extension("hidden")).unwrap();
    }

    fn tenant_folder(&self, slug: &str) -> PathBuf {
        let name = format!("vigie_org_{}", slug.replace('-', "_"));
        self.app.config.data_dir.join("tenants").join(name)
    }

    /// The mails that were sent without a mail server, the oldest first.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        ReceivedMail::in_folder(&self.app.config.data_dir.join("mail"))
    }

    /// Runs every job that is due.
    pub async fn run_jobs(&self) {
        Box::pin(self.app.background().drain()).await.unwrap();
    }
}
