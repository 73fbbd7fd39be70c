//! An in-memory store with the outside's ports, for tests of this crate and of the crates above (feature `testing`).

use crate::catalogue::KpiEntry;
use crate::code::IssueCode;
use crate::events::RedKpi;
use crate::options::OnConflict;
use crate::ports::{
    ApplyRules, ImportFiles, ImportReads, ImportRunFilter, ImportRunRepository, ImportStore, ImportWork,
    ParsePool, RowOutcome, RunContexts, RunMark, StoredFiles, ValueRow, ValueWriter,
};
use crate::run::ImportRun;
use crate::source::Source;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vigie_jobs::{Outbox, OutboxMessage};
use vigie_kernel::{
    AuditEntry, AuditLog, Cursor, Dec, ImportRunId, KpiId, OrganizationId, Page, PageRequest, Period,
    PlanLimit, Rule, StoreError, Taken, TenantContext, UnitOfWork, UsageCounters, UserId,
};

/// One value of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredValue {
    /// The value.
    pub value: Dec,
    /// Its comment.
    pub comment: Option<String>,
}

#[derive(Clone, Default)]
struct State {
    /// Writings of values that lose against another writer from now on; shared by all units of work.
    losses: Arc<Mutex<u32>>,
    kpis: Vec<KpiEntry>,
    values: BTreeMap<(KpiId, NaiveDate), StoredValue>,
    revisions: u64,
    closed_through: Option<NaiveDate>,
    runs: BTreeMap<ImportRunId, ImportRun>,
    turning_red: Vec<RedKpi>,
    outbox: Vec<OutboxMessage>,
    audit: Vec<AuditEntry>,
    files: BTreeMap<String, u64>,
    used: BTreeMap<PlanLimit, u64>,
    commits: u64,
}

/// The imports of one organization, in memory.
#[derive(Clone, Default)]
pub struct MemoryImports {
    state: Arc<Mutex<State>>,
    /// Commits after which the store answers no more.
    dies_after: Arc<Mutex<Option<u64>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryImports {
    /// A store with those KPIs.
    #[must_use]
    pub fn with(kpis: Vec<KpiEntry>) -> Self {
        let store = Self::default();
        lock(&store.state).kpis = kpis;
        store
    }

    /// Refuses values of periods that end on or before that date.
    pub fn close_through(&self, date: NaiveDate) {
        lock(&self.state).closed_through = Some(date);
    }

    /// Makes the store fail at every commit after so many more; `None` heals it.
    pub fn die_after(&self, commits: Option<u64>) {
        let so_far = lock(&self.state).commits;
        *lock(&self.dies_after) = commits.map(|commits| so_far + commits);
    }

    /// Lets the next writings of values lose against another writer.
    pub fn lose(&self, times: u32) {
        *lock(&lock(&self.state).losses) = times;
    }

    /// The value of a KPI for the period that begins on that date.
    #[must_use]
    pub fn value(&self, kpi: KpiId, start: NaiveDate) -> Option<StoredValue> {
        lock(&self.state).values.get(&(kpi, start)).cloned()
    }

    /// Every value.
    #[must_use]
    pub fn values(&self) -> BTreeMap<(KpiId, NaiveDate), StoredValue> {
        lock(&self.state).values.clone()
    }

    /// Changes of values so far.
    #[must_use]
    pub fn revisions(&self) -> u64 {
        lock(&self.state).revisions
    }

    /// Transactions so far.
    #[must_use]
    pub fn commits(&self) -> u64 {
        lock(&self.state).commits
    }

    /// Makes every run from now on turn that KPI red, for values have no colour here.
    pub fn turn_red(&self, kpi: KpiId, period_start: NaiveDate) {
        lock(&self.state).turning_red.push(RedKpi { kpi, period_start });
    }

    /// What is counted under a limit.
    #[must_use]
    pub fn used(&self, limit: PlanLimit) -> u64 {
        lock(&self.state).used.get(&limit).copied().unwrap_or_default()
    }

    /// Messages on their way to the queue.
    #[must_use]
    pub fn outbox(&self) -> Vec<OutboxMessage> {
        lock(&self.state).outbox.clone()
    }

    /// The audit trail.
    #[must_use]
    pub fn audit(&self) -> Vec<AuditEntry> {
        lock(&self.state).audit.clone()
    }
}

struct Work {
    store: MemoryImports,
    state: State,
}

struct Reads(State);

#[async_trait]
impl ImportStore for MemoryImports {
    async fn begin(&self, _: &TenantContext) -> Result<Box<dyn ImportWork>, StoreError> {
        let state = lock(&self.state).clone();
        Ok(Box::new(Work { store: self.clone(), state }))
    }

    async fn read(&self, _: &TenantContext) -> Result<Box<dyn ImportReads>, StoreError> {
        Ok(Box::new(Reads(lock(&self.state).clone())))
    }
}

#[async_trait]
impl UnitOfWork for Work {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { store, mut state } = *self;
        if lock(&store.dies_after).is_some_and(|after| state.commits >= after) {
            return Err(StoreError::Unavailable("the store is gone".into()));
        }
        state.commits += 1;
        *lock(&store.state) = state;
        Ok(())
    }
}

impl ImportWork for Work {
    fn runs(&mut self) -> Box<dyn ImportRunRepository + '_> {
        Box::new(Slice(&mut self.state))
    }

    fn values(&mut self) -> Box<dyn ValueWriter + '_> {
        Box::new(Slice(&mut self.state))
    }

    fn stored_files(&mut self) -> Box<dyn StoredFiles + '_> {
        Box::new(Slice(&mut self.state))
    }

    fn usage(&mut self) -> Box<dyn UsageCounters + '_> {
        Box::new(Slice(&mut self.state))
    }

    fn outbox(&mut self) -> Box<dyn Outbox + '_> {
        Box::new(Slice(&mut self.state))
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        Box::new(Slice(&mut self.state))
    }
}

struct Slice<'s>(&'s mut State);

#[async_trait]
impl ImportRunRepository for Slice<'_> {
    async fn find(&mut self, id: ImportRunId) -> Result<Option<ImportRun>, StoreError> {
        Ok(self.0.runs.get(&id).cloned())
    }

    async fn insert(&mut self, run: &ImportRun) -> Result<(), StoreError> {
        match self.0.runs.insert(run.id(), ImportRun::restore(run.snapshot().clone())) {
            None => Ok(()),
            Some(_) => Err(StoreError::Conflict(Rule("import_run_id"))),
        }
    }

    async fn update(&mut self, run: &ImportRun) -> Result<(), StoreError> {
        let stored = self.0.runs.get_mut(&run.id()).ok_or(StoreError::Stale)?;
        if stored.snapshot().version != run.snapshot().version - 1 {
            return Err(StoreError::Stale);
        }
        *stored = ImportRun::restore(run.snapshot().clone());
        Ok(())
    }
}

#[async_trait]
impl ImportReads for Reads {
    async fn catalogue(&mut self) -> Result<Vec<KpiEntry>, StoreError> {
        Ok(self.0.kpis.clone())
    }

    async fn find(&mut self, id: ImportRunId) -> Result<Option<ImportRun>, StoreError> {
        Ok(self.0.runs.get(&id).cloned())
    }

    async fn mark(&mut self, id: ImportRunId) -> Result<Option<RunMark>, StoreError> {
        let mark = |run: &ImportRun| RunMark {
            version: run.snapshot().version,
            created_by: run.snapshot().created_by,
        };
        Ok(self.0.runs.get(&id).map(mark))
    }

    async fn list(
        &mut self,
        filter: ImportRunFilter,
        page: &PageRequest,
    ) -> Result<Page<ImportRun>, StoreError> {
        let key = |run: &ImportRun| (run.snapshot().created_at.to_rfc3339(), run.id().as_uuid());
        let wanted = |run: &&ImportRun| {
            let own = filter.created_by.is_none_or(|member| run.snapshot().created_by == member);
            let further = page.after.as_ref().is_none_or(|after| key(run) < (after.key.clone(), after.id));
            own && further
        };
        let mut runs: Vec<ImportRun> = self.0.runs.values().filter(wanted).cloned().collect();
        runs.sort_by_key(|run| std::cmp::Reverse(key(run)));
        let cursor = |run: &ImportRun| Cursor { key: key(run).0, id: key(run).1 };
        Ok(Page::from_overfull(runs, page.limit, cursor))
    }
}

impl State {
    fn refusal(&self, row: &ValueRow, rules: &ApplyRules) -> Option<IssueCode> {
        if row.period.start() > rules.now.date_naive() {
            return Some(IssueCode::PeriodInFuture);
        }
        if self.closed_through.is_some_and(|closed| row.period.end() <= closed) {
            return Some(IssueCode::PeriodLocked);
        }
        let exists = self.values.contains_key(&key(row.kpi, row.period));
        (exists && rules.on_conflict == OnConflict::Reject).then_some(IssueCode::ConflictExists)
    }

    fn write(&mut self, row: &ValueRow, rules: &ApplyRules) -> RowOutcome {
        if let Some(code) = self.refusal(row, rules) {
            return RowOutcome::Rejected { code, params: BTreeMap::new() };
        }
        let key = key(row.kpi, row.period);
        let before = self.values.get(&key).cloned();
        let after = row.entry.map(|value| {
            let comment =
                row.comment.clone().or_else(|| before.as_ref().and_then(|before| before.comment.clone()));
            StoredValue { value, comment }
        });
        let outcome = match (&before, &after) {
            (Some(_), _) if rules.on_conflict == OnConflict::Skip => return RowOutcome::Skipped,
            (None, None) => return RowOutcome::Unchanged,
            (Some(before), Some(after)) if before == after => return RowOutcome::Unchanged,
            (None, Some(_)) => RowOutcome::Inserted,
            (Some(_), Some(_)) => RowOutcome::Updated,
            (Some(_), None) => RowOutcome::Cleared,
        };
        if !rules.dry_run {
            self.revisions += 1;
            match after {
                Some(after) => self.values.insert(key, after),
                None => self.values.remove(&key),
            };
        }
        outcome
    }
}

fn key(kpi: KpiId, period: Period) -> (KpiId, NaiveDate) {
    (kpi, period.start())
}

#[async_trait]
impl ValueWriter for Slice<'_> {
    async fn apply(&mut self, rows: &[ValueRow], rules: &ApplyRules) -> Result<Vec<RowOutcome>, StoreError> {
        {
            let mut losses = lock(&self.0.losses);
            if *losses > 0 {
                *losses -= 1;
                return Err(StoreError::Stale);
            }
        }
        Ok(rows.iter().map(|row| self.0.write(row, rules)).collect())
    }

    async fn turned_red(&mut self, _: ImportRunId, most: u32) -> Result<Vec<RedKpi>, StoreError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(self.0.turning_red.iter().copied().take(most).collect())
    }
}

#[async_trait]
impl StoredFiles for Slice<'_> {
    async fn add(&mut self, sha256: &str, bytes: u64, _at: DateTime<Utc>) -> Result<bool, StoreError> {
        Ok(self.0.files.insert(sha256.to_owned(), bytes).is_none())
    }

    async fn remove(&mut self, sha256: &str) -> Result<bool, StoreError> {
        Ok(self.0.files.remove(sha256).is_some())
    }
}

#[async_trait]
impl UsageCounters for Slice<'_> {
    async fn take(&mut self, limit: PlanLimit, more: u64, max: Option<u64>) -> Result<Taken, StoreError> {
        let used = self.0.used.entry(limit).or_default();
        if max.is_some_and(|max| *used + more > max) {
            return Ok(Taken::No { used: *used });
        }
        *used += more;
        Ok(Taken::Yes)
    }

    async fn give_back(&mut self, limit: PlanLimit, less: u64) -> Result<(), StoreError> {
        let used = self.0.used.entry(limit).or_default();
        *used = used.saturating_sub(less);
        Ok(())
    }
}

#[async_trait]
impl Outbox for Slice<'_> {
    async fn add(&mut self, message: &OutboxMessage) -> Result<(), StoreError> {
        self.0.outbox.push(message.clone());
        Ok(())
    }
}

#[async_trait]
impl AuditLog for Slice<'_> {
    async fn record(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.0.audit.push(entry.clone());
        Ok(())
    }
}

/// Files in memory.
#[derive(Clone, Default)]
pub struct MemoryFiles(Arc<Mutex<Contents>>);

type Contents = HashMap<(OrganizationId, String), Arc<[u8]>>;

impl MemoryFiles {
    /// How many files there are.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.0).len()
    }
}

#[async_trait]
impl ImportFiles for MemoryFiles {
    async fn put(
        &self,
        organization: OrganizationId,
        sha256: &str,
        content: &Source,
    ) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        let read = content.open().and_then(|mut reader| reader.read_to_end(&mut bytes));
        read.map_err(|error| StoreError::Broken(Box::new(error)))?;
        lock(&self.0).insert((organization, sha256.to_owned()), bytes.into());
        Ok(())
    }

    async fn open(&self, organization: OrganizationId, sha256: &str) -> Result<Option<Source>, StoreError> {
        Ok(lock(&self.0).get(&(organization, sha256.to_owned())).cloned().map(Source::Bytes))
    }

    async fn delete(&self, organization: OrganizationId, sha256: &str) -> Result<(), StoreError> {
        lock(&self.0).remove(&(organization, sha256.to_owned()));
        Ok(())
    }
}

/// A thread for each job.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadPerJob;

impl ParsePool for ThreadPerJob {
    fn spawn(&self, job: Box<dyn FnOnce() + Send>) {
        std::thread::spawn(job);
    }
}

/// Always the context of the same member.
#[derive(Clone)]
pub struct OneMember(pub TenantContext);

#[async_trait]
impl RunContexts for OneMember {
    async fn context_for(&self, _: OrganizationId, _: UserId) -> Result<TenantContext, StoreError> {
        Ok(self.0.clone())
    }
}
