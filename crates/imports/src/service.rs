//! What callers can do with imports.

use crate::catalogue::KpiCatalogue;
use crate::channel::channel;
use crate::commands::{CancelImport, ListImports, StartImport};
use crate::error::{FileProblem, ImportError};
use crate::events::announce_end;
use crate::export::{rejected_csv_header, rejected_csv_lines};
use crate::extract::Batch;
use crate::issue::Issue;
use crate::limits::Limits;
use crate::options::{Atomicity, ImportOptions};
use crate::ports::{ApplyRules, ImportFiles, ImportRunFilter, ImportStore, ParsePool};
use crate::prepare::Prepared;
use crate::report::Report;
use crate::room;
use crate::run::{Checkpoint, ImportRun, ImportRunSnapshot, RunKind, RunPhase, RunProgress, RunStatus};
use crate::runner::{ApplyImportRun, audit_entry, blocking, settle, store_issues, write_values};
use crate::source::{FileKind, Source};
use async_trait::async_trait;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use vigie_jobs::OutboxMessage;
use vigie_kernel::{
    Clock, IdSource, ImportRunId, Locale, OrganizationId, Page, Permission, PlanLimit, StoreError,
    TenantContext, UserId,
};

/// Files with fewer cells than this are applied before the answer.
const AT_ONCE: u64 = 2_000;
/// How often a small file is tried before a job has to do it.
const ATTEMPTS: u32 = 4;
/// Longest file name that is kept, in characters.
const FILE_NAME: usize = 255;

/// The imports of an organization.
#[async_trait]
pub trait ImportService: Send + Sync {
    /// Reads a file and applies it: at once when it is small, else by a job, the run being `PENDING`.
    async fn start(&self, tenant: &TenantContext, command: StartImport) -> Result<ImportRun, ImportError>;
    /// A run of one's own, or any run for who manages imports.
    async fn get(&self, tenant: &TenantContext, run: ImportRunId) -> Result<ImportRun, ImportError>;
    /// The run as [`Self::get`] gives it when its version is not `known`; `None` while it is. What nothing has happened to
    /// costs one light statement, so that it can be asked often.
    async fn get_if_changed(
        &self,
        tenant: &TenantContext,
        run: ImportRunId,
        known: i64,
    ) -> Result<Option<ImportRun>, ImportError>;
    /// One's own runs, or all of them for who manages imports; the newest first.
    async fn list(
        &self,
        tenant: &TenantContext,
        command: ListImports,
    ) -> Result<Page<ImportRun>, ImportError>;
    /// Stops a run. What was applied stays.
    async fn cancel(&self, tenant: &TenantContext, command: CancelImport) -> Result<ImportRun, ImportError>;
    /// Every issue of a run as CSV, piece by piece.
    async fn rejected_csv(
        &self,
        tenant: &TenantContext,
        run: ImportRunId,
        locale: Locale,
    ) -> Result<Box<dyn RejectedRows>, ImportError>;
}

/// A rejected file on its way out.
#[async_trait]
pub trait RejectedRows: Send {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ImportError>;
}

/// The one implementation of [`ImportService`].
pub struct ImportServiceImpl {
    store: Arc<dyn ImportStore>,
    files: Arc<dyn ImportFiles>,
    pool: Arc<dyn ParsePool>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    limits: Limits,
}

/// A file that was read for the first time.
struct Parsed {
    sha256: String,
    size: u64,
    kind: FileKind,
    report: Report,
    total: u64,
    /// Values that would be written.
    cells: u64,
    /// Everything in it, when it is small.
    batch: Option<Batch>,
}

impl ImportServiceImpl {
    /// A service on these ports.
    #[must_use]
    pub fn new(
        store: Arc<dyn ImportStore>,
        files: Arc<dyn ImportFiles>,
        pool: Arc<dyn ParsePool>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        limits: Limits,
    ) -> Self {
        Self { store, files, pool, clock, ids, limits }
    }

    async fn parse(
        &self,
        tenant: &TenantContext,
        command: &StartImport,
        options: ImportOptions,
    ) -> Result<Parsed, ImportError> {
        let entries = self.store.read(tenant).await?.catalogue().await?;
        let catalogue = Arc::new(KpiCatalogue::new(entries));
        let (source, name, limits) = (command.upload.clone(), command.file_name.clone(), self.limits);
        let locale = tenant.settings().locale;
        blocking(&*self.pool, move || parse(&source, &name, options, catalogue, locale, &limits)).await
    }

    /// A small file is applied before the answer. Who loses against other writers of the same values tries again, and after some times
    /// leaves it to a job, which has more patience: whoever sent the file has done nothing wrong.
    async fn apply_small(
        &self,
        tenant: &TenantContext,
        run: ImportRun,
        batch: &Batch,
        atomicity: Atomicity,
    ) -> Result<ImportRun, ImportError> {
        for _ in 0..ATTEMPTS {
            match self.apply_at_once(tenant, run.clone(), batch, atomicity).await {
                Err(ImportError::ChangedMeanwhile) => {}
                done => return done,
            }
        }
        self.enqueue(tenant, run).await
    }

    /// The run, its values and its audit line are written together.
    async fn apply_at_once(
        &self,
        tenant: &TenantContext,
        mut run: ImportRun,
        batch: &Batch,
        atomicity: Atomicity,
    ) -> Result<ImportRun, ImportError> {
        let now = self.clock.now();
        let mut work = self.store.begin(tenant).await?;
        work.runs().insert(&run).await?;
        let rules = rules_of(&run, tenant, atomicity_rules(&run), now);
        let outcomes = write_values(&mut *work.values(), &batch.rows, &rules).await?;
        let mut chunk = settle(batch, &outcomes)?;
        chunk.issue_file = store_issues(&*self.files, tenant.organization(), &chunk.issues).await?;
        run.begin(now);
        run.advance(&chunk, now);
        let refused = atomicity == Atomicity::All && run.snapshot().report.issues_total > 0;
        if refused {
            run.refuse_all(now);
            drop(work);
            work = self.store.begin(tenant).await?;
            let fresh = ImportRun::restore(ImportRunSnapshot { version: 1, ..run.snapshot().clone() });
            work.runs().insert(&fresh).await?;
            run = fresh;
        } else {
            run.finish(now);
            work.runs().update(&run).await?;
        }
        work.audit().record(&audit_entry(&run, tenant, self.ids.next(), "import.applied", now)).await?;
        announce_end(&mut *work, tenant, &run, false, &*self.ids, now).await?;
        work.commit().await?;
        Ok(run)
    }

    /// A large file: the run and the job that applies it are written together.
    async fn enqueue(&self, tenant: &TenantContext, run: ImportRun) -> Result<ImportRun, ImportError> {
        let now = self.clock.now();
        let job = ApplyImportRun { run: run.id(), actor: tenant.actor() };
        let message = OutboxMessage::announce(self.ids.next(), &job, now, tenant.request_id())?;
        let mut work = self.store.begin(tenant).await?;
        work.runs().insert(&run).await?;
        work.outbox().add(&message).await?;
        work.audit().record(&audit_entry(&run, tenant, self.ids.next(), "import.started", now)).await?;
        work.commit().await?;
        Ok(run)
    }
}

fn atomicity_rules(run: &ImportRun) -> crate::OnConflict {
    ImportOptions::parse(&run.snapshot().options).map(|options| options.on_conflict).unwrap_or_default()
}

fn rules_of(
    run: &ImportRun,
    tenant: &TenantContext,
    on_conflict: crate::OnConflict,
    now: chrono::DateTime<chrono::Utc>,
) -> ApplyRules {
    ApplyRules { on_conflict, run: run.id(), actor: tenant.actor(), now, dry_run: run.snapshot().dry_run }
}

/// Hashes the file, looks at all of it, and reads it whole when it is small.
fn parse(
    source: &Source,
    name: &str,
    options: ImportOptions,
    catalogue: Arc<KpiCatalogue>,
    locale: Locale,
    limits: &Limits,
) -> Result<Parsed, ImportError> {
    let mut prepared = Prepared::open(source, name, options, catalogue, locale, limits)?;
    let sha256 = source.sha256().map_err(FileProblem::from)?;
    let size = source.size().map_err(FileProblem::from)?;
    let mut report = prepared.report().clone();
    report.file.sha256.clone_from(&sha256);
    let batch = if prepared.cells() < AT_ONCE {
        let mut whole = None;
        prepared.read(0, usize::MAX, &mut |batch| {
            whole = Some(batch);
            true
        })?;
        Some(whole.unwrap_or_default())
    } else {
        None
    };
    Ok(Parsed {
        sha256,
        size,
        kind: prepared.kind(),
        report,
        total: prepared.total(),
        cells: prepared.cells(),
        batch,
    })
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The last part of a name, without control characters, cut to what is kept.
fn tidy_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let tidy: String = last.chars().filter(|c| !c.is_control()).take(FILE_NAME).collect();
    if tidy.trim().is_empty() { "file".to_owned() } else { tidy }
}

#[async_trait]
impl ImportService for ImportServiceImpl {
    async fn start(
        &self,
        tenant: &TenantContext,
        mut command: StartImport,
    ) -> Result<ImportRun, ImportError> {
        tenant.require(Permission::ImportRun)?;
        command.file_name = tidy_name(&command.file_name);
        let options = ImportOptions::parse(&command.options)?;
        let atomicity = options.atomicity;
        let parsed = self.parse(tenant, &command, options).await?;
        tenant.entitlements().allow(PlanLimit::ImportValues, parsed.cells)?;
        let now = self.clock.now();
        let file = room::File { sha256: &parsed.sha256, bytes: parsed.size, content: &command.upload };
        room::store(&*self.store, &*self.files, tenant, &file, now).await?;
        let run = ImportRun::parsed(ImportRunSnapshot {
            id: self.ids.next(),
            kind: match parsed.kind {
                FileKind::Csv => RunKind::Csv,
                FileKind::Xlsx | FileKind::Xls => RunKind::Excel,
            },
            status: RunStatus::Pending,
            phase: RunPhase::Parsed,
            file_name: command.file_name,
            file_sha256: parsed.sha256,
            file_size: parsed.size,
            options: command.options,
            dry_run: command.dry_run,
            created_by: tenant.actor(),
            created_at: now,
            updated_at: now,
            error_message: None,
            progress: RunProgress { total: parsed.total, ..RunProgress::default() },
            counts: crate::Counts::default(),
            checkpoint: Checkpoint::default(),
            report: parsed.report,
            version: 1,
        });
        tracing::info!(import.run = %run.id(), import.cells = parsed.total, "import file read");
        match parsed.batch {
            Some(batch) => self.apply_small(tenant, run, &batch, atomicity).await,
            None => self.enqueue(tenant, run).await,
        }
    }

    async fn get(&self, tenant: &TenantContext, run: ImportRunId) -> Result<ImportRun, ImportError> {
        require_any(tenant)?;
        let found = self.store.read(tenant).await?.find(run).await?;
        found.filter(|found| may_see(tenant, found.snapshot().created_by)).ok_or(ImportError::NotFound(run))
    }

    async fn get_if_changed(
        &self,
        tenant: &TenantContext,
        run: ImportRunId,
        known: i64,
    ) -> Result<Option<ImportRun>, ImportError> {
        require_any(tenant)?;
        let mut reads = self.store.read(tenant).await?;
        let mark = reads.mark(run).await?.filter(|mark| may_see(tenant, mark.created_by));
        if mark.ok_or(ImportError::NotFound(run))?.version == known {
            return Ok(None);
        }
        reads.find(run).await?.map(Some).ok_or(ImportError::NotFound(run))
    }

    async fn list(
        &self,
        tenant: &TenantContext,
        command: ListImports,
    ) -> Result<Page<ImportRun>, ImportError> {
        require_any(tenant)?;
        let created_by = (!tenant.may(Permission::ImportManage)).then(|| tenant.actor());
        let mut reads = self.store.read(tenant).await?;
        Ok(reads.list(ImportRunFilter { created_by }, &command.page).await?)
    }

    async fn cancel(&self, tenant: &TenantContext, command: CancelImport) -> Result<ImportRun, ImportError> {
        require_any(tenant)?;
        let now = self.clock.now();
        let mut work = self.store.begin(tenant).await?;
        let found =
            work.runs().find(command.run).await?.filter(|found| may_see(tenant, found.snapshot().created_by));
        let mut run = found.ok_or(ImportError::NotFound(command.run))?;
        run.cancel(now)?;
        work.runs().update(&run).await?;
        work.audit().record(&audit_entry(&run, tenant, self.ids.next(), "import.cancelled", now)).await?;
        announce_end(&mut *work, tenant, &run, true, &*self.ids, now).await?;
        work.commit().await?;
        Ok(run)
    }

    async fn rejected_csv(
        &self,
        tenant: &TenantContext,
        run: ImportRunId,
        locale: Locale,
    ) -> Result<Box<dyn RejectedRows>, ImportError> {
        let run = self.get(tenant, run).await?;
        Ok(Box::new(StoredIssues {
            files: Arc::clone(&self.files),
            pool: Arc::clone(&self.pool),
            organization: tenant.organization(),
            parts: run.snapshot().checkpoint.issue_files.clone().into_iter(),
            locale,
            header_sent: false,
        }))
    }
}

fn require_any(tenant: &TenantContext) -> Result<(), ImportError> {
    if tenant.may(Permission::ImportManage) {
        return Ok(());
    }
    Ok(tenant.require(Permission::ImportRun)?)
}

fn may_see(tenant: &TenantContext, created_by: UserId) -> bool {
    tenant.may(Permission::ImportManage) || created_by == tenant.actor()
}

/// Reads the stored issues of a run, one file after the other.
struct StoredIssues {
    files: Arc<dyn ImportFiles>,
    pool: Arc<dyn ParsePool>,
    organization: OrganizationId,
    parts: std::vec::IntoIter<String>,
    locale: Locale,
    header_sent: bool,
}

#[async_trait]
impl RejectedRows for StoredIssues {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ImportError> {
        if !self.header_sent {
            self.header_sent = true;
            return Ok(Some(rejected_csv_header(self.locale)));
        }
        let Some(part) = self.parts.next() else { return Ok(None) };
        let source = self.files.open(self.organization, &part).await?;
        let source = source.ok_or_else(|| StoreError::broken("a stored list of issues is missing"))?;
        let locale = self.locale;
        let (sender, mut receiver) = channel(1);
        self.pool.spawn(Box::new(move || {
            sender.send(read_issues(&source).map(|issues| rejected_csv_lines(&issues, locale)));
        }));
        let lines = receiver
            .recv()
            .await
            .ok_or_else(|| StoreError::broken("reading stored issues was interrupted"))?;
        Ok(Some(lines?))
    }
}

/// Reads stored issues, one JSON object on each line.
fn read_issues(source: &Source) -> Result<Vec<Issue>, StoreError> {
    let broken =
        |error: &dyn std::fmt::Display| StoreError::broken(format!("a stored list of issues: {error}"));
    let mut issues = Vec::new();
    for line in BufReader::new(source.open().map_err(|error| broken(&error))?).lines() {
        let line = line.map_err(|error| broken(&error))?;
        issues.push(serde_json::from_str(&line).map_err(|error| broken(&error))?);
    }
    Ok(issues)
}
