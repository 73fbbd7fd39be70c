//! The job that applies a large file, chunk by chunk.

use crate::catalogue::KpiCatalogue;
use crate::channel::{Receiver, channel};
use crate::error::{FileProblem, ImportError};
use crate::events::announce_end;
use crate::extract::Batch;
use crate::issue::{Issue, Severity};
use crate::limits::Limits;
use crate::options::{Atomicity, ImportOptions, SheetChoice};
use crate::ports::{
    ApplyRules, ImportFiles, ImportStore, ImportWork, ParsePool, RowOutcome, RunContexts, ValueRow,
    ValueWriter,
};
use crate::prepare::Prepared;
use crate::run::{ChunkDone, ImportRun, RunStatus};
use crate::service::hex;
use crate::source::Source;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use vigie_jobs::{Abandoned, Handle, Job, JobError, JobRun, Lane, Retry};
use vigie_kernel::{
    AuditEntry, AuditEntryId, Clock, IdSource, ImportRunId, OrganizationId, Permission, StoreError,
    TenantContext, UserId,
};

/// Cells of one chunk, which is one transaction.
pub(crate) const CHUNK: usize = 5_000;
/// Chunks that are read ahead of the one being written.
const READ_AHEAD: usize = 2;

/// Applies an import run. Safe to run any number of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyImportRun {
    /// The run.
    pub run: ImportRunId,
    /// Who started it, in whose name it writes.
    pub actor: UserId,
}

impl Job for ApplyImportRun {
    const NAME: &'static str = "imports.apply-run";
    const LANE: Lane = Lane::Bulk;
    const RETRY: Retry = Retry::doubling(Duration::from_secs(2)).up_to(10);

    fn once(&self) -> Option<String> {
        Some(self.run.to_string())
    }

    /// Imports of one organization write one after the other: they may be about the same values.
    fn exclusive(&self) -> Option<String> {
        Some(Self::NAME.to_owned())
    }
}

/// Handles [`ApplyImportRun`].
pub struct ImportRunner {
    store: Arc<dyn ImportStore>,
    files: Arc<dyn ImportFiles>,
    pool: Arc<dyn ParsePool>,
    contexts: Arc<dyn RunContexts>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    limits: Limits,
}

/// What the reading thread tells.
enum Message {
    Batch(Batch),
    Problem(FileProblem),
    End,
}

/// Why a run stops.
#[derive(Debug)]
enum Stop {
    /// The run has ended meanwhile, by cancelling for instance.
    Ended,
    File(FileProblem),
    Store(StoreError),
    Job(JobError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a run needs while it is applied.
struct Applying<'a> {
    tenant: &'a TenantContext,
    job: &'a JobRun,
    run: ImportRunId,
    options: ImportOptions,
    dry_run: bool,
    total: u64,
}

impl ImportRunner {
    /// A runner on these ports.
    #[must_use]
    pub fn new(
        store: Arc<dyn ImportStore>,
        files: Arc<dyn ImportFiles>,
        pool: Arc<dyn ParsePool>,
        contexts: Arc<dyn RunContexts>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        limits: Limits,
    ) -> Self {
        Self { store, files, pool, contexts, clock, ids, limits }
    }

    async fn apply(&self, tenant: &TenantContext, job: &JobRun, id: ImportRunId) -> Result<(), Stop> {
        let mut reads = self.store.read(tenant).await?;
        let run = reads.find(id).await?.ok_or_else(|| Stop::Job(JobError::fail("the import run is gone")))?;
        if run.has_ended() {
            return Ok(());
        }
        if !tenant.may(Permission::ImportRun) {
            return self.end(tenant, id, |run, now| run.fail("PERMISSION_MISSING", now)).await;
        }
        let catalogue = Arc::new(KpiCatalogue::new(reads.catalogue().await?));
        drop(reads);
        let snapshot = run.snapshot();
        let source = self.files.open(tenant.organization(), &snapshot.file_sha256).await?;
        let source = source.ok_or_else(|| Stop::File(FileProblem::damaged("the stored file is gone")))?;
        let options = settled_options(&run)?;
        let applying = Applying {
            tenant,
            job,
            run: id,
            options: options.clone(),
            dry_run: snapshot.dry_run,
            total: snapshot.progress.total,
        };
        let after_row = snapshot.checkpoint.through_row;
        let receiver = self.read(source, snapshot.file_name.clone(), options, catalogue, tenant, after_row);
        match applying.options.atomicity {
            Atomicity::Partial => self.apply_partly(&applying, receiver).await,
            Atomicity::All => self.apply_wholly(&applying, receiver).await,
        }
    }

    /// Reads the file on a thread of its own, a few chunks ahead.
    fn read(
        &self,
        source: Source,
        name: String,
        options: ImportOptions,
        catalogue: Arc<KpiCatalogue>,
        tenant: &TenantContext,
        after_row: u32,
    ) -> Receiver<Message> {
        let (sender, receiver) = channel(READ_AHEAD);
        let (locale, limits) = (tenant.settings().locale, self.limits);
        self.pool.spawn(Box::new(move || {
            let read = Prepared::open(&source, &name, options, catalogue, locale, &limits).and_then(
                |mut prepared| {
                    prepared.read(after_row, CHUNK, &mut |batch| sender.send(Message::Batch(batch)))
                },
            );
            sender.send(match read {
                Ok(()) => Message::End,
                Err(problem) => Message::Problem(problem),
            });
        }));
        receiver
    }

    /// One transaction for each chunk, with the run's checkpoint inside.
    async fn apply_partly(
        &self,
        applying: &Applying<'_>,
        mut receiver: Receiver<Message>,
    ) -> Result<(), Stop> {
        while let Some(batch) = next_batch(&mut receiver).await? {
            let now = self.clock.now();
            let mut work = self.store.begin(applying.tenant).await?;
            let mut run = self.running(&mut *work, applying.run).await?;
            let rules = applying.rules(now);
            let outcomes = write_values(&mut *work.values(), &batch.rows, &rules).await?;
            let mut chunk = settle(&batch, &outcomes)?;
            chunk.issue_file =
                store_issues(&*self.files, applying.tenant.organization(), &chunk.issues).await?;
            run.begin(now);
            run.advance(&chunk, now);
            work.runs().update(&run).await?;
            work.commit().await?;
            let done = run.snapshot().progress.read;
            applying.job.progress.report(done, Some(applying.total)).await.map_err(Stop::Job)?;
        }
        self.end(applying.tenant, applying.run, ImportRun::finish).await
    }

    /// One transaction for everything, given up when anything is refused.
    async fn apply_wholly(
        &self,
        applying: &Applying<'_>,
        mut receiver: Receiver<Message>,
    ) -> Result<(), Stop> {
        let now = self.clock.now();
        let rules = applying.rules(now);
        let mut work = self.store.begin(applying.tenant).await?;
        let mut run = self.running(&mut *work, applying.run).await?;
        run.begin(now);
        while let Some(batch) = next_batch(&mut receiver).await? {
            let outcomes = write_values(&mut *work.values(), &batch.rows, &rules).await?;
            let mut chunk = settle(&batch, &outcomes)?;
            chunk.issue_file =
                store_issues(&*self.files, applying.tenant.organization(), &chunk.issues).await?;
            run.advance(&chunk, now);
            let done = run.snapshot().progress.read;
            applying.job.progress.report(done, Some(applying.total)).await.map_err(Stop::Job)?;
            let stored = self.store.read(applying.tenant).await?.find(applying.run).await?;
            if stored.is_none_or(|stored| stored.has_ended()) {
                return Err(Stop::Ended);
            }
        }
        let ended = self.clock.now();
        if run.snapshot().report.issues_total > 0 {
            drop(work);
            work = self.store.begin(applying.tenant).await?;
            self.running(&mut *work, applying.run).await?;
            run.refuse_all(ended);
        } else {
            run.finish(ended);
        }
        self.close(applying.tenant, work, &run, ended).await
    }

    /// The run as it is now, unless somebody ended it.
    async fn running(&self, work: &mut dyn ImportWork, id: ImportRunId) -> Result<ImportRun, Stop> {
        let run = work.runs().find(id).await?;
        run.filter(|run| !run.has_ended()).ok_or(Stop::Ended)
    }

    async fn end(
        &self,
        tenant: &TenantContext,
        id: ImportRunId,
        change: impl FnOnce(&mut ImportRun, DateTime<Utc>) + Send,
    ) -> Result<(), Stop> {
        let now = self.clock.now();
        let mut work = self.store.begin(tenant).await?;
        let mut run = self.running(&mut *work, id).await?;
        change(&mut run, now);
        self.close(tenant, work, &run, now).await
    }

    async fn close(
        &self,
        tenant: &TenantContext,
        mut work: Box<dyn ImportWork>,
        run: &ImportRun,
        now: DateTime<Utc>,
    ) -> Result<(), Stop> {
        work.runs().update(run).await?;
        let action = match run.snapshot().status {
            RunStatus::Failed => "import.failed",
            RunStatus::Cancelled => "import.cancelled",
            RunStatus::Pending | RunStatus::Running | RunStatus::Success | RunStatus::Partial => {
                "import.applied"
            }
        };
        work.audit().record(&audit_entry(run, tenant, self.ids.next(), action, now)).await?;
        announce_end(&mut *work, tenant, run, true, &*self.ids, now).await?;
        work.commit().await?;
        Ok(())
    }

    /// What becomes of a run that stopped: it is marked where no further attempt can help.
    async fn stopped(
        &self,
        tenant: &TenantContext,
        job: &JobRun,
        id: ImportRunId,
        stop: Stop,
    ) -> Result<(), JobError> {
        match stop {
            Stop::Ended => Ok(()),
            Stop::Job(error) => {
                if matches!(error, JobError::Cancelled) {
                    self.mark(tenant, id, cancel).await;
                }
                Err(error)
            }
            Stop::File(problem) => {
                self.mark(tenant, id, |run, now| run.fail_on_file(&problem, now)).await;
                Ok(())
            }
            Stop::Store(error) => {
                let worth_a_retry = match error {
                    StoreError::Stale | StoreError::TenantUnavailable(_) | StoreError::Unavailable(_) => true,
                    StoreError::Conflict(_) | StoreError::Broken(_) => false,
                };
                if worth_a_retry && job.attempt < ApplyImportRun::RETRY.attempts() {
                    return Err(JobError::retry(error));
                }
                self.mark(tenant, id, |run, now| run.fail("INTERNAL", now)).await;
                Err(JobError::fail(error))
            }
        }
    }

    async fn mark(
        &self,
        tenant: &TenantContext,
        id: ImportRunId,
        change: impl FnOnce(&mut ImportRun, DateTime<Utc>) + Send,
    ) {
        if let Err(error) = self.end(tenant, id, change).await {
            tracing::error!(import.run = %id, ?error, "an import run that failed could not be marked as failed");
        }
    }
}

impl Applying<'_> {
    fn rules(&self, now: DateTime<Utc>) -> ApplyRules {
        ApplyRules {
            on_conflict: self.options.on_conflict,
            run: self.run,
            actor: self.tenant.actor(),
            now,
            dry_run: self.dry_run,
        }
    }
}

#[async_trait]
impl Handle<ApplyImportRun> for ImportRunner {
    async fn handle(&self, run: &JobRun, job: ApplyImportRun) -> Result<(), JobError> {
        let organization = run.organization.ok_or_else(|| JobError::fail("the job names no organization"))?;
        let tenant = self.contexts.context_for(organization, job.actor).await.map_err(JobError::retry)?;
        match self.apply(&tenant, run, job.run).await {
            Ok(()) => Ok(()),
            Err(stop) => self.stopped(&tenant, run, job.run, stop).await,
        }
    }

    /// A run whose job is gone must not look as if it went on.
    async fn abandoned(&self, run: &JobRun, job: ApplyImportRun, how: Abandoned) -> Result<(), JobError> {
        let organization = run.organization.ok_or_else(|| JobError::fail("the job names no organization"))?;
        let tenant = self.contexts.context_for(organization, job.actor).await.map_err(JobError::retry)?;
        let ended = match how {
            Abandoned::Cancelled => self.end(&tenant, job.run, cancel).await,
            Abandoned::Dead => self.end(&tenant, job.run, |run, now| run.fail("INTERNAL", now)).await,
        };
        match ended {
            Ok(()) | Err(Stop::Ended) => Ok(()),
            Err(Stop::Store(error)) => Err(JobError::retry(error)),
            Err(Stop::Job(error)) => Err(error),
            Err(Stop::File(problem)) => Err(JobError::fail(problem)),
        }
    }
}

/// What was applied stays. A run that had ended stays as it ended.
fn cancel(run: &mut ImportRun, now: DateTime<Utc>) {
    if let Err(error) = run.cancel(now) {
        tracing::debug!(%error, "nothing to cancel");
    }
}

/// The options with the decisions of the first reading, so that KPIs made meanwhile do not change them.
fn settled_options(run: &ImportRun) -> Result<ImportOptions, Stop> {
    let file = &run.snapshot().report.file;
    let options = ImportOptions::parse(&run.snapshot().options)
        .map_err(|error| Stop::Store(StoreError::Broken(Box::new(error))))?;
    Ok(ImportOptions {
        layout: file.layout,
        header_row: file.header_row,
        sheet: file.sheet.clone().map(SheetChoice::Name),
        ..options
    })
}

async fn next_batch(receiver: &mut Receiver<Message>) -> Result<Option<Batch>, Stop> {
    match receiver.recv().await {
        Some(Message::Batch(batch)) => Ok(Some(batch)),
        Some(Message::End) => Ok(None),
        Some(Message::Problem(problem)) => Err(Stop::File(problem)),
        None => Err(Stop::File(FileProblem::damaged("reading it was interrupted"))),
    }
}

/// Runs a job of the pool and waits for its answer.
pub(crate) async fn blocking<T: Send + 'static>(
    pool: &dyn ParsePool,
    job: impl FnOnce() -> Result<T, ImportError> + Send + 'static,
) -> Result<T, ImportError> {
    let (sender, mut receiver) = channel(1);
    pool.spawn(Box::new(move || {
        sender.send(job());
    }));
    match receiver.recv().await {
        Some(result) => result,
        None => Err(FileProblem::damaged("reading it was interrupted").into()),
    }
}

/// Writes values in pieces of one chunk.
pub(crate) async fn write_values(
    values: &mut dyn ValueWriter,
    rows: &[ValueRow],
    rules: &ApplyRules,
) -> Result<Vec<RowOutcome>, StoreError> {
    let mut outcomes = Vec::with_capacity(rows.len());
    for piece in rows.chunks(CHUNK) {
        let some = values.apply(piece, rules).await?;
        if some.len() != piece.len() {
            return Err(StoreError::broken("the writer answered for another number of rows"));
        }
        outcomes.extend(some);
    }
    Ok(outcomes)
}

/// The counts and issues of a chunk, once the writer has answered.
pub(crate) fn settle(batch: &Batch, outcomes: &[RowOutcome]) -> Result<ChunkDone, StoreError> {
    let mut counts = batch.counts;
    let mut issues = batch.issues.clone();
    for ((row, origin), outcome) in batch.rows.iter().zip(&batch.origins).zip(outcomes) {
        match outcome {
            RowOutcome::Inserted => counts.inserted += 1,
            RowOutcome::Updated | RowOutcome::Cleared => counts.updated += 1,
            RowOutcome::Unchanged => counts.unchanged += 1,
            RowOutcome::Skipped => counts.skipped += 1,
            RowOutcome::Rejected { code, params } => {
                counts.rejected += 1;
                issues.push(origin.issue(*code, params.clone(), &row.period));
            }
        }
    }
    if !counts.is_balanced() {
        return Err(StoreError::broken("the counts of an import do not make their total"));
    }
    issues.sort_by_key(|issue| issue.row.unwrap_or(0));
    Ok(ChunkDone {
        counts,
        issues,
        assumptions: batch.assumptions.clone(),
        through_row: batch.through_row,
        issue_file: None,
    })
}

/// Stores the issues of a chunk under their own hash: doing it again after an interruption changes nothing.
pub(crate) async fn store_issues(
    files: &dyn ImportFiles,
    organization: OrganizationId,
    issues: &[Issue],
) -> Result<Option<String>, StoreError> {
    let mut lines = Vec::new();
    for issue in issues.iter().filter(|issue| issue.severity == Severity::Error) {
        serde_json::to_writer(&mut lines, issue).map_err(|error| StoreError::Broken(Box::new(error)))?;
        lines.push(b'\n');
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let sha256 = hex(&Sha256::digest(&lines));
    files.put(organization, &sha256, &Source::Bytes(lines.into())).await?;
    Ok(Some(sha256))
}

/// The audit line of a run: ids and figures, no content.
pub(crate) fn audit_entry(
    run: &ImportRun,
    tenant: &TenantContext,
    id: AuditEntryId,
    action: &'static str,
    now: DateTime<Utc>,
) -> AuditEntry {
    let snapshot = run.snapshot();
    AuditEntry {
        id,
        at: now,
        actor: Some(tenant.actor()),
        action,
        subject_kind: "import_run",
        subject_id: run.id().as_uuid(),
        request_id: tenant.request_id().to_owned(),
        details: serde_json::json!({
            "sha256": snapshot.file_sha256,
            "dry_run": snapshot.dry_run,
            "status": snapshot.status.name(),
            "counts": snapshot.counts,
            "error": snapshot.error_message,
        }),
    }
}
