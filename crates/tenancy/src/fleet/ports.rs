//! What fleet migrations need from the control database and from the databases of the organizations.

use super::{Migrated, MigrationFailure, MigrationOutcome, MigrationResult, MigrationRun};
use crate::Organization;
use async_trait::async_trait;
use vigie_kernel::{AuditEntry, MigrationRunId, Page, PageRequest, Slug, StoreError};

/// An organization whose recorded schema version is not the current one.
#[derive(Clone, Debug)]
pub struct BehindOrganization {
    /// The organization.
    pub organization: Organization,
    /// How often in a row it failed to be migrated.
    pub failures_in_a_row: u32,
}

/// Runs and their results, in the control database.
#[async_trait]
pub trait FleetStore: Send + Sync {
    /// The organizations with a database in service, or that may come back into service at once (suspended), whose recorded
    /// schema version is another one, by slug. Opens no database.
    async fn behind(&self, schema_version: i32) -> Result<Vec<BehindOrganization>, StoreError>;

    /// Whether a database of that slug is in service, at whatever version.
    async fn in_service(&self, slug: &Slug) -> Result<bool, StoreError>;

    /// The slugs of the organizations that a run did not bring to the current schema; `None` when there is no such run.
    async fn unfinished_of(&self, run: MigrationRunId) -> Result<Option<Vec<Slug>>, StoreError>;

    /// Stores a new run, with its audit line.
    async fn begin_run(&self, run: &MigrationRun, entry: &AuditEntry) -> Result<(), StoreError>;

    /// Stores the outcome of one organization, the run's counts with it, and, unless the run only tried, the organization's
    /// schema version and how often it has failed in a row: all at once.
    async fn record(&self, run: &MigrationRun, result: &MigrationResult) -> Result<(), StoreError>;

    /// Stores the end of a run, with its audit line.
    async fn end_run(&self, run: &MigrationRun, entry: &AuditEntry) -> Result<(), StoreError>;

    /// One run, or `None`.
    async fn run(&self, id: MigrationRunId) -> Result<Option<MigrationRun>, StoreError>;

    /// The runs, newest first.
    async fn runs(&self, page: &PageRequest) -> Result<Page<MigrationRun>, StoreError>;

    /// The results of a run, by slug; of one outcome when one is given.
    async fn results(
        &self,
        run: MigrationRunId,
        outcome: Option<MigrationOutcome>,
        page: &PageRequest,
    ) -> Result<Page<MigrationResult>, StoreError>;
}

/// Changes the schema of organizations' databases.
#[async_trait]
pub trait FleetDatabases: Send + Sync {
    /// The schema version that this binary brings databases to.
    fn current_version(&self) -> i32;

    /// Brings the database to the current schema in one transaction, under a lock of its own that no other migrator shares.
    /// A database that another migrator brought there meanwhile is left as it is.
    async fn bring_up(&self, organization: &Organization) -> Result<Migrated, MigrationFailure>;

    /// Does the same to a copy of the database's structure (on SQLite: of the database) and throws the copy away.
    async fn rehearse(&self, organization: &Organization) -> Result<Migrated, MigrationFailure>;
}
