//! What fleet migrations need from the control database and from the databases of the organizations.

use super::{Migrated, MigrationFailure, MigrationOutcome, MigrationResult, MigrationRun};
use crate::Organization;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vigie_kernel::{AuditEntry, MigrationRunId, OrganizationId, Page, PageRequest, Slug, StoreError};

/// An organization whose recorded schema version is older than the current one, or that a run has left closed to writes.
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
    /// schema version is an older one or that are closed to writes for a run, by slug. One whose database is newer than
    /// `schema_version` is none of them. Opens no database.
    async fn behind(&self, schema_version: i32) -> Result<Vec<BehindOrganization>, StoreError>;

    /// Whether a database of that slug is in service, at whatever version.
    async fn in_service(&self, slug: &Slug) -> Result<bool, StoreError>;

    /// The slugs of the organizations that a run did not bring to the current schema, and of those that it has left closed to writes;
    /// `None` when there is no such run.
    async fn unfinished_of(&self, run: MigrationRunId) -> Result<Option<Vec<Slug>>, StoreError>;

    /// Stores a new run, with its audit line.
    async fn begin_run(&self, run: &MigrationRun, entry: &AuditEntry) -> Result<(), StoreError>;

    /// Closes an organization in service to writes for a run: status [`Migrating`](crate::OrganizationStatus::Migrating), and what it
    /// was before is kept. Whether it is closed now; one that is closed for another run that is under way stays that run's. One that
    /// is suspended is closed anyway and left alone.
    async fn close_for(
        &self,
        run: &MigrationRun,
        organization: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Gives an organization that was closed for this run the status back that it had before.
    async fn reopen_after(
        &self,
        run: MigrationRunId,
        organization: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Stores the outcome of one organization, the run's counts with it, and, unless the run only tried, the organization's
    /// schema version and how often it has failed in a row: all at once. An organization that was closed to writes is opened again:
    /// when its database is current, for whichever run that was; otherwise only after this one.
    async fn record(&self, run: &MigrationRun, result: &MigrationResult) -> Result<(), StoreError>;

    /// Stores the end of a run, with its audit line.
    async fn end_run(&self, run: &MigrationRun, entry: &AuditEntry) -> Result<(), StoreError>;

    /// One run, or `None`.
    async fn run(&self, id: MigrationRunId) -> Result<Option<MigrationRun>, StoreError>;

    /// The runs, newest first.
    async fn runs(&self, page: &PageRequest) -> Result<Page<MigrationRun>, StoreError>;

    /// The results of a run, by slug; of one outcome when one is given. One statement.
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

    /// Whether a migration after version `from` (`None`: any) must not run beside writes.
    fn is_exclusive(&self, from: Option<i32>) -> bool;

    /// Brings the database to the current schema in one transaction, under a lock of its own that no other migrator shares.
    /// A database that another migrator brought there meanwhile is left as it is.
    async fn bring_up(&self, organization: &Organization) -> Result<Migrated, MigrationFailure>;

    /// Does the same to a copy of the database's structure (on SQLite: of the database) and throws the copy away.
    async fn rehearse(&self, organization: &Organization) -> Result<Migrated, MigrationFailure>;
}
