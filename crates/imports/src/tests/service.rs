use super::support::{kpi, latin};
use crate::*;
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;
use vigie_jobs::{Handle, Job, JobError, JobRun, Progress};
use vigie_kernel::testing::{CountedIds, FixedClock, member};
use vigie_kernel::{
    Clock, IdSource, JobId, Locale, OrganizationId, PageRequest, Permission, PermissionSet, Role,
    TenantContext, UserId,
};

pub(crate) struct World {
    pub(crate) store: MemoryImports,
    pub(crate) files: MemoryFiles,
    pub(crate) service: ImportServiceImpl,
    pub(crate) runner: ImportRunner,
    pub(crate) tenant: TenantContext,
}

pub(crate) fn actor(number: u128, permissions: &[Permission]) -> TenantContext {
    let organization = OrganizationId::from(uuid::Uuid::from_u128(7));
    let user = UserId::from(uuid::Uuid::from_u128(number));
    member(organization, user, Role::Manager, PermissionSet::of(permissions))
}

impl World {
    pub(crate) fn new(kpis: Vec<KpiEntry>) -> Self {
        let store = MemoryImports::with(kpis);
        let files = MemoryFiles::default();
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::at_text("2026-11-20T09:00:00Z"));
        let ids: Arc<dyn IdSource> = Arc::new(CountedIds::default());
        let tenant = actor(1, &[Permission::ImportRun]);
        let (any_store, any_files) = (Arc::new(store.clone()), Arc::new(files.clone()));
        let pool = Arc::new(ThreadPerJob);
        let limits = Limits::default();
        Self {
            service: ImportServiceImpl::new(
                any_store.clone(),
                any_files.clone(),
                pool.clone(),
                clock.clone(),
                ids.clone(),
                limits,
            ),
            runner: ImportRunner::new(
                any_store,
                any_files,
                pool,
                Arc::new(OneMember(tenant.clone())),
                clock,
                ids,
                limits,
            ),
            store,
            files,
            tenant,
        }
    }

    pub(crate) async fn start(&self, file: &str, options: serde_json::Value) -> ImportRunSnapshot {
        self.start_as(file.as_bytes().to_vec(), options, false).await
    }

    pub(crate) async fn start_as(
        &self,
        bytes: Vec<u8>,
        options: serde_json::Value,
        dry_run: bool,
    ) -> ImportRunSnapshot {
        let upload = Source::Bytes(bytes.into());
        let command = StartImport { file_name: "dossier/fichier.csv".to_owned(), upload, options, dry_run };
        self.service.start(&self.tenant, command).await.unwrap().snapshot().clone()
    }

    /// Runs the jobs of the outbox as the worker would, once each.
    pub(crate) async fn work(&self) -> Vec<Result<(), JobError>> {
        let mut results = Vec::new();
        let jobs = self.store.outbox().into_iter();
        for message in jobs.filter(|message| message.name == ApplyImportRun::NAME) {
            let job: ApplyImportRun = serde_json::from_value(message.payload).unwrap();
            results.push(self.runner.handle(&attempt(&self.tenant, 1), job).await);
        }
        results
    }

    pub(crate) async fn get(&self, run: vigie_kernel::ImportRunId) -> ImportRunSnapshot {
        self.service.get(&self.tenant, run).await.unwrap().snapshot().clone()
    }
}

pub(crate) fn attempt(tenant: &TenantContext, attempt: u16) -> JobRun {
    struct Silent;
    #[async_trait::async_trait]
    impl Progress for Silent {
        async fn report(&self, _: u64, _: Option<u64>) -> Result<(), JobError> {
            Ok(())
        }
    }
    JobRun {
        job: JobId::from(uuid::Uuid::from_u128(9)),
        organization: Some(tenant.organization()),
        attempt,
        request_id: "job".to_owned(),
        progress: Arc::new(Silent),
    }
}

pub(crate) fn numbers(counts: &Counts) -> [u64; 7] {
    [
        counts.rows_total,
        counts.inserted,
        counts.updated,
        counts.unchanged,
        counts.skipped,
        counts.blank,
        counts.rejected,
    ]
}

const FILE: &str = "kpi;date;value\nA;2026-01;1\nA;2026-02;2\nA;2026-03;x\n";

#[tokio::test]
async fn a_small_file_is_applied_before_the_answer_and_again_changes_nothing() {
    let world = World::new(vec![kpi("A")]);
    let run = world.start(FILE, json!({})).await;
    assert_eq!((run.status, run.phase, run.kind), (RunStatus::Partial, RunPhase::Done, RunKind::Csv));
    assert_eq!(numbers(&run.counts), [3, 2, 0, 0, 0, 0, 1]);
    assert_eq!((run.file_name.as_str(), run.progress.percent()), ("fichier.csv", 100));
    assert_eq!(run.report.file.sha256, run.file_sha256);
    assert_eq!(world.get(run.id).await, run);
    assert_eq!((world.store.revisions(), world.store.commits(), world.store.audit().len()), (2, 2, 1));
    let again = world.start(FILE, json!({})).await;
    assert_eq!(numbers(&again.counts), [3, 0, 0, 2, 0, 0, 1]);
    assert_eq!(world.store.revisions(), 2);
    assert!(world.store.outbox().is_empty());
}

#[tokio::test]
async fn a_small_file_that_loses_against_other_writers_is_tried_again_and_then_left_to_a_job() {
    let world = World::new(vec![kpi("A")]);
    world.store.lose(2);
    let run = world.start(FILE, json!({})).await;
    assert_eq!((run.status, world.store.revisions()), (RunStatus::Partial, 2));
    assert!(world.store.outbox().is_empty());

    world.store.lose(u32::MAX);
    let waits = world.start("kpi;date;value\nA;2026-04;1\n", json!({})).await;
    assert_eq!((waits.status, world.store.revisions()), (RunStatus::Pending, 2));
    assert_eq!(world.store.outbox().len(), 1);
}

#[tokio::test]
async fn a_dry_run_reports_the_same_and_writes_nothing() {
    let world = World::new(vec![kpi("A")]);
    let dry = world.start_as(FILE.into(), json!({}), true).await;
    assert_eq!((dry.status, dry.phase), (RunStatus::Partial, RunPhase::Validated));
    assert!(world.store.values().is_empty());
    let wet = world.start(FILE, json!({})).await;
    assert_eq!((dry.counts, dry.report), (wet.counts, wet.report));
}

#[tokio::test]
async fn conflicts_are_handled_as_asked() {
    let world = World::new(vec![kpi("A")]);
    world.start("kpi;date;value\nA;2026-01;1\n", json!({})).await;
    let file = "kpi;date;value\nA;2026-01;9\nA;2026-02;2\n";
    let skip = world.start_as(file.into(), json!({"on_conflict": "SKIP"}), true).await;
    assert_eq!(numbers(&skip.counts), [2, 1, 0, 0, 1, 0, 0]);
    let reject = world.start_as(file.into(), json!({"on_conflict": "REJECT"}), true).await;
    assert_eq!(numbers(&reject.counts), [2, 1, 0, 0, 0, 0, 1]);
    assert_eq!(reject.report.issues[0].code, IssueCode::ConflictExists);
    assert_eq!(reject.report.issues[0].cell.as_deref(), Some("C2"));
    let upsert = world.start(file, json!({})).await;
    assert_eq!(numbers(&upsert.counts), [2, 1, 1, 0, 0, 0, 0]);
}

#[tokio::test]
async fn all_or_nothing_writes_nothing_when_anything_is_refused() {
    let world = World::new(vec![kpi("A")]);
    let run = world.start(FILE, json!({"atomicity": "ALL"})).await;
    assert_eq!(run.status, RunStatus::Failed);
    assert_eq!(numbers(&run.counts), [3, 0, 0, 0, 0, 0, 3]);
    assert!(world.store.values().is_empty());
    assert_eq!(world.get(run.id).await.counts, run.counts);
    let fine = world.start("kpi;date;value\nA;2026-01;1\n", json!({"atomicity": "ALL"})).await;
    assert_eq!((fine.status, world.store.values().len()), (RunStatus::Success, 1));
}

#[tokio::test]
async fn closed_and_future_periods_are_told_by_row() {
    let world = World::new(vec![kpi("A")]);
    world.store.close_through("2026-01-31".parse().unwrap());
    let run = world.start("kpi;date;value\nA;2026-01;1\nA;2026-02;2\nA;2027-01;3\n", json!({})).await;
    let told: Vec<_> = run.report.issues.iter().map(|issue| (issue.code, issue.row)).collect();
    assert_eq!(told, [(IssueCode::PeriodLocked, Some(2)), (IssueCode::PeriodInFuture, Some(4))]);
    assert_eq!(numbers(&run.counts), [3, 1, 0, 0, 0, 0, 2]);
}

#[tokio::test]
async fn blank_cells_clear_values_when_asked() {
    let world = World::new(vec![kpi("A")]);
    world.start("kpi;date;value\nA;2026-01;1\n", json!({})).await;
    let run =
        world.start("kpi;date;value\nA;2026-01;-\nA;2026-02;-\n", json!({"clear_on_blank": true})).await;
    assert_eq!(numbers(&run.counts), [2, 0, 1, 1, 0, 0, 0]);
    assert!(world.store.values().is_empty());
}

#[tokio::test]
async fn the_rejected_file_carries_every_issue_neutralised() {
    let world = World::new(vec![kpi("A")]);
    let mut file = "kpi;date;value\n".to_owned();
    for year in 0..1_500 {
        writeln!(file, "A;{}-01;=1+{year}", 1_000 + year).unwrap();
    }
    let run = world.start_as(latin(&file), json!({}), false).await;
    assert_eq!((run.status, run.counts.rejected), (RunStatus::Failed, 1_500));
    assert_eq!((run.report.issues.len(), run.report.issues_truncated()), (1_000, true));
    let mut rejected = world.service.rejected_csv(&world.tenant, run.id, Locale::Fr).await.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = rejected.next().await.unwrap() {
        text.extend(piece);
    }
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count(), 1_501);
    let first = text.lines().nth(1).unwrap();
    assert_eq!(first, "2;2;C2;value;'=1+0;A;1000-01;error;NUMBER_INVALID;« =1+0 » n'est pas un nombre");
}

#[tokio::test]
async fn rights_decide_who_starts_and_who_sees() {
    let world = World::new(vec![kpi("A")]);
    let run = world.start(FILE, json!({})).await;
    let reader = actor(2, &[Permission::DashboardRead]);
    let other = actor(3, &[Permission::ImportRun]);
    let manager = actor(4, &[Permission::ImportManage]);
    assert!(matches!(world.service.get(&reader, run.id).await, Err(ImportError::Denied(_))));
    assert!(matches!(world.service.get(&other, run.id).await, Err(ImportError::NotFound(_))));
    assert!(world.service.get(&manager, run.id).await.is_ok());
    let list = |tenant: TenantContext| {
        let service = &world.service;
        async move {
            service.list(&tenant, ListImports { page: PageRequest::default() }).await.unwrap().items.len()
        }
    };
    assert_eq!((list(world.tenant.clone()).await, list(other).await, list(manager).await), (1, 0, 1));
    let command = StartImport {
        file_name: "a.csv".to_owned(),
        upload: Source::Bytes(FILE.as_bytes().into()),
        options: json!({}),
        dry_run: false,
    };
    assert!(matches!(world.service.start(&reader, command).await, Err(ImportError::Denied(_))));
}

#[tokio::test]
async fn bad_options_and_bad_files_leave_nothing_behind() {
    let world = World::new(vec![kpi("A")]);
    let start = |bytes: &'static [u8], options| {
        let upload = Source::Bytes(bytes.into());
        world.service.start(
            &world.tenant,
            StartImport { file_name: "a.csv".to_owned(), upload, options, dry_run: false },
        )
    };
    assert!(matches!(start(FILE.as_bytes(), json!({"layout": "x"})).await, Err(ImportError::Invalid(_))));
    assert!(matches!(start(b"%PDF", json!({})).await, Err(ImportError::File(_))));
    assert_eq!((world.files.count(), world.store.commits()), (0, 0));
}

#[tokio::test]
async fn a_run_is_read_again_only_when_it_has_changed() {
    let world = World::new(vec![kpi("A")]);
    let run = world.start(FILE, json!({})).await;
    let ask = async |tenant: &TenantContext, known| world.service.get_if_changed(tenant, run.id, known).await;
    assert!(ask(&world.tenant, run.version).await.unwrap().is_none());
    assert_eq!(ask(&world.tenant, run.version - 1).await.unwrap().unwrap().snapshot(), &run);
    let other = actor(3, &[Permission::ImportRun]);
    assert!(
        matches!(ask(&other, run.version).await, Err(ImportError::NotFound(_))),
        "not even that it is there"
    );
    let reader = actor(2, &[Permission::DashboardRead]);
    assert!(matches!(ask(&reader, run.version).await, Err(ImportError::Denied(_))));
    let manager = actor(4, &[Permission::ImportManage]);
    assert!(ask(&manager, run.version).await.unwrap().is_none());
}
