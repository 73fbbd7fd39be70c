//! What imports need from the outside.
//!
//! Tables behind [`ImportRunRepository`]: one row per run, with the JSON of `options`, `progress`, `counts`, `checkpoint`
//! and `report`. No rule of the database is known by name to this crate.

use crate::catalogue::KpiEntry;
use crate::code::IssueCode;
use crate::events::RedKpi;
use crate::options::OnConflict;
use crate::run::ImportRun;
use crate::source::Source;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use vigie_jobs::Outbox;
use vigie_kernel::{
    AuditLog, Dec, ImportRunId, KpiId, OrganizationId, Page, PageRequest, Period, StoreError, TenantContext,
    UnitOfWork, UsageCounters, UserId,
};

/// Opens the organization's database for imports.
#[async_trait]
pub trait ImportStore: Send + Sync {
    /// Begins a transaction.
    async fn begin(&self, tenant: &TenantContext) -> Result<Box<dyn ImportWork>, StoreError>;
    /// Reads without a transaction.
    async fn read(&self, tenant: &TenantContext) -> Result<Box<dyn ImportReads>, StoreError>;
}

/// The slice of a unit of work that imports use.
pub trait ImportWork: UnitOfWork {
    /// The runs.
    fn runs(&mut self) -> Box<dyn ImportRunRepository + '_>;
    /// The values.
    fn values(&mut self) -> Box<dyn ValueWriter + '_>;
    /// Which files are stored.
    fn stored_files(&mut self) -> Box<dyn StoredFiles + '_>;
    /// Counts the bytes of stored files.
    fn usage(&mut self) -> Box<dyn UsageCounters + '_>;
    /// The outbox.
    fn outbox(&mut self) -> Box<dyn Outbox + '_>;
    /// The audit trail.
    fn audit(&mut self) -> Box<dyn AuditLog + '_>;
}

/// The runs of the organization, for change.
#[async_trait]
pub trait ImportRunRepository: Send {
    /// `None` when absent.
    async fn find(&mut self, id: ImportRunId) -> Result<Option<ImportRun>, StoreError>;
    /// Adds a run.
    async fn insert(&mut self, run: &ImportRun) -> Result<(), StoreError>;
    /// Writes a changed run over its stored version `snapshot().version - 1`, however many changes were made;
    /// [`StoreError::Stale`] when the stored version is another.
    async fn update(&mut self, run: &ImportRun) -> Result<(), StoreError>;
}

/// The list of uploaded files that are stored, each content once.
#[async_trait]
pub trait StoredFiles: Send {
    /// Adds a file; `false` when one of that hash is in the list already.
    async fn add(&mut self, sha256: &str, bytes: u64, at: DateTime<Utc>) -> Result<bool, StoreError>;
    /// Takes a file off the list; `false` when it is not there.
    async fn remove(&mut self, sha256: &str) -> Result<bool, StoreError>;
}

/// Which runs a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportRunFilter {
    /// Only those that this member started.
    pub created_by: Option<UserId>,
}

/// Whether a run has changed, and whose it is, without its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunMark {
    /// The stored version.
    pub version: i64,
    /// Who started the run.
    pub created_by: UserId,
}

/// Reads that need no transaction.
#[async_trait]
pub trait ImportReads: Send {
    /// Every KPI that the caller may see, in one statement, each with whether the caller may write to it.
    async fn catalogue(&mut self) -> Result<Vec<KpiEntry>, StoreError>;
    /// `None` when absent.
    async fn find(&mut self, id: ImportRunId) -> Result<Option<ImportRun>, StoreError>;
    /// The run's version and owner, by its key and without the JSON of its report; `None` when absent.
    async fn mark(&mut self, id: ImportRunId) -> Result<Option<RunMark>, StoreError>;
    /// Runs, the newest first.
    async fn list(
        &mut self,
        filter: ImportRunFilter,
        page: &PageRequest,
    ) -> Result<Page<ImportRun>, StoreError>;
}

/// One value to write.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueRow {
    /// The KPI.
    pub kpi: KpiId,
    /// The period, of the KPI's frequency.
    pub period: Period,
    /// The value; `None` clears it.
    pub entry: Option<Dec>,
    /// The comment; `None` keeps what is there.
    pub comment: Option<String>,
    /// The record or spreadsheet row it comes from, counted from 1.
    pub row: u32,
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApplyRules {
    /// What happens to a period that has a value.
    pub on_conflict: OnConflict,
    /// The run that the revisions name.
    pub run: ImportRunId,
    /// Who imports.
    pub actor: UserId,
    /// The instant of the revisions.
    pub now: DateTime<Utc>,
    /// Answer the same outcomes and write nothing.
    pub dry_run: bool,
}

/// What became of one [`ValueRow`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOutcome {
    /// A new value.
    Inserted,
    /// Another value, or another comment, than before.
    Updated,
    /// The same as before: no revision.
    Unchanged,
    /// There is a value, and [`OnConflict::Skip`] keeps it.
    Skipped,
    /// The value was there and is not any more.
    Cleared,
    /// Refused, and why: `PERIOD_LOCKED`, `PERIOD_IN_FUTURE`, `CONFLICT_EXISTS` ...
    Rejected {
        /// Why.
        code: IssueCode,
        /// Figures and names of the message, such as `max`.
        params: BTreeMap<String, String>,
    },
}

/// Writes values, with the rules of the KPI domain, in the unit of work it belongs to.
#[async_trait]
pub trait ValueWriter: Send {
    /// Writes up to some thousand values of different (KPI, period) keys; answers one outcome for each, in their order.
    ///
    /// Clearing a value that is not there is [`RowOutcome::Unchanged`]. A row that is refused does not keep the others
    /// out: all-or-nothing is the caller's, by dropping the unit of work.
    async fn apply(&mut self, rows: &[ValueRow], rules: &ApplyRules) -> Result<Vec<RowOutcome>, StoreError>;
    /// The KPIs that a run turned red, those of this unit of work included: whose newest period with a colour is red, and was not
    /// before the run wrote. By id, at most `most`. Counts from the revisions, so a run that was interrupted tells the same.
    async fn turned_red(&mut self, run: ImportRunId, most: u32) -> Result<Vec<RedKpi>, StoreError>;
}

/// The organization's file storage, by content hash.
#[async_trait]
pub trait ImportFiles: Send + Sync {
    /// Stores bytes under their SHA-256 (lower-case hexadecimal); storing the same again changes nothing.
    async fn put(
        &self,
        organization: OrganizationId,
        sha256: &str,
        content: &Source,
    ) -> Result<(), StoreError>;
    /// A readable copy; `None` when absent. Valid as long as the returned value lives.
    async fn open(&self, organization: OrganizationId, sha256: &str) -> Result<Option<Source>, StoreError>;
    /// Removes it; removing what is absent changes nothing.
    async fn delete(&self, organization: OrganizationId, sha256: &str) -> Result<(), StoreError>;
}

/// Threads for work that keeps a processor busy, so that reading files never blocks the asynchronous runtime.
pub trait ParsePool: Send + Sync {
    /// Runs the job soon, on a thread where it may block. A job that panics must not take the process down.
    fn spawn(&self, job: Box<dyn FnOnce() + Send>);
}

/// Gives the worker the context of the member who started a run.
#[async_trait]
pub trait RunContexts: Send + Sync {
    /// The member's context as of now, with the permissions that the membership still gives.
    async fn context_for(
        &self,
        organization: OrganizationId,
        actor: UserId,
    ) -> Result<TenantContext, StoreError>;
}
