//! Running migrations over the fleet.

use super::{
    BehindOrganization, FleetDatabases, FleetOptions, FleetSelection, FleetStore, Migrated, MigrationFailure,
    MigrationOutcome, MigrationResult, MigrationRun,
};
use crate::{TenancyError, Timer};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use vigie_kernel::{
    Alone, AuditEntry, Clock, FieldError, IdSource, Invalidation, Invalidations, MigrationRunId,
    OperatorContext, OrganizationId, Page, PageRequest, Slug,
};

/// So many failures in a row put an organization into quarantine.
const QUARANTINE_AFTER: u32 = 3;
/// Every process knows the status of an organization after so long: what is remembered is two seconds old at most.
const HEARD_AFTER: Duration = Duration::from_millis(2_500);

/// What a run would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetPlan {
    /// The schema version that databases would be brought to.
    pub target_version: i32,
    /// Those that would be tried, by slug, with the version that each has.
    pub to_migrate: Vec<(Slug, Option<i32>)>,
    /// Those that would not, because they failed three times in a row.
    pub quarantined: Vec<Slug>,
}

/// Is told how a run goes on.
pub trait FleetProgress: Send + Sync {
    /// The run begins and is about so many organizations.
    fn planned(&self, run: &MigrationRun);
    /// One organization has its outcome; the run's counts have it too.
    fn settled(&self, run: &MigrationRun, result: &MigrationResult);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct NoProgress;

impl FleetProgress for NoProgress {
    fn planned(&self, _: &MigrationRun) {}
    fn settled(&self, _: &MigrationRun, _: &MigrationResult) {}
}

/// Migrations of all organizations.
#[async_trait]
pub trait FleetService: Send + Sync {
    /// What a run over that selection would do. Opens no organization's database.
    async fn plan(&self, selection: &FleetSelection) -> Result<FleetPlan, TenancyError>;

    /// Migrates, and answers when the run has ended. Field errors on `concurrency` and `slug`; [`TenancyError::RunNotFound`] when
    /// the selection names a run that is not there. With nothing to do no run is stored.
    async fn migrate(
        &self,
        operator: &OperatorContext,
        options: &FleetOptions,
        progress: &dyn FleetProgress,
    ) -> Result<MigrationRun, TenancyError>;

    /// One run, as it is now. [`TenancyError::RunNotFound`] when there is none.
    async fn run(&self, id: MigrationRunId) -> Result<MigrationRun, TenancyError>;

    /// The runs, newest first.
    async fn runs(&self, page: &PageRequest) -> Result<Page<MigrationRun>, TenancyError>;

    /// One run, as it is now, with a page of its results, by slug; of one outcome when one is given.
    /// [`TenancyError::RunNotFound`] when there is none.
    async fn results(
        &self,
        id: MigrationRunId,
        outcome: Option<MigrationOutcome>,
        page: &PageRequest,
    ) -> Result<(MigrationRun, Page<MigrationResult>), TenancyError>;
}

/// The one implementation of [`FleetService`].
pub struct Fleet {
    store: Arc<dyn FleetStore>,
    databases: Arc<dyn FleetDatabases>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    timer: Arc<dyn Timer>,
    news: Arc<dyn Invalidations>,
}

impl Fleet {
    /// The service over the control database and the organizations' databases.
    #[must_use]
    pub fn new(
        store: Arc<dyn FleetStore>,
        databases: Arc<dyn FleetDatabases>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        timer: Arc<dyn Timer>,
    ) -> Self {
        Self { store, databases, clock, ids, timer, news: Arc::new(Alone) }
    }

    /// The same service for one of several processes, with somebody who tells the others what has changed.
    #[must_use]
    pub fn sharing(self, news: Arc<dyn Invalidations>) -> Self {
        Self { news, ..self }
    }

    /// Those that are behind, and of them those that are not to be tried.
    async fn select(
        &self,
        selection: &FleetSelection,
    ) -> Result<(Vec<BehindOrganization>, Vec<BehindOrganization>), TenancyError> {
        let mut behind = self.store.behind(self.databases.current_version()).await?;
        match selection {
            FleetSelection::All => {
                Ok(behind.into_iter().partition(|one| one.failures_in_a_row < QUARANTINE_AFTER))
            }
            FleetSelection::One(slug) => {
                behind.retain(|one| one.organization.snapshot().slug == *slug);
                if behind.is_empty() && !self.store.in_service(slug).await? {
                    return Err(TenancyError::Invalid(FieldError::new("slug", "tenant_unknown").into()));
                }
                Ok((behind, Vec::new()))
            }
            FleetSelection::UnfinishedOf(run) => {
                let unfinished = self.store.unfinished_of(*run).await?.ok_or(TenancyError::RunNotFound)?;
                behind.retain(|one| unfinished.contains(&one.organization.snapshot().slug));
                Ok((behind, Vec::new()))
            }
        }
    }

    /// Brings one database to the current schema. A migration that must not run beside writes closes the organization to them first and
    /// waits until every process has heard of it.
    async fn bring_up(
        &self,
        run: &MigrationRun,
        behind: &BehindOrganization,
    ) -> Result<Migrated, MigrationFailure> {
        let organization = &behind.organization;
        let id = organization.id();
        let lost =
            |error| MigrationFailure::Unreachable(format!("the control database did not answer: {error}"));
        if self.databases.is_exclusive(organization.snapshot().schema_version)
            && self.store.close_for(run, id, self.clock.now()).await.map_err(lost)?
        {
            self.news.announce(Invalidation::Organization(id));
            self.timer.pause(HEARD_AFTER).await;
        }
        self.databases.bring_up(organization).await
    }

    /// After an attempt that is made again later: nobody has to wait for that.
    async fn reopen(&self, run: &MigrationRun, organization: OrganizationId) -> Result<(), TenancyError> {
        self.store.reopen_after(run.id, organization, self.clock.now()).await?;
        self.news.announce(Invalidation::Organization(organization));
        Ok(())
    }

    async fn attempt(
        &self,
        run: &MigrationRun,
        behind: BehindOrganization,
    ) -> (BehindOrganization, MigrationResult) {
        let dry_run = run.dry_run;
        let began = self.clock.now();
        let organization = &behind.organization;
        let attempted = if dry_run {
            self.databases.rehearse(organization).await
        } else {
            self.bring_up(run, &behind).await
        };
        let (outcome, to_version, error) = match attempted {
            Ok(migrated) if migrated.applied == 0 => {
                (MigrationOutcome::Skipped, Some(migrated.schema_version), None)
            }
            Ok(migrated) => (MigrationOutcome::Ok, Some(migrated.schema_version), None),
            Err(failure) => (failure.outcome(), None, Some(failure.to_string())),
        };
        let at = self.clock.now();
        let snapshot = organization.snapshot();
        let result = MigrationResult {
            organization: snapshot.id,
            slug: snapshot.slug.clone(),
            from_version: snapshot.schema_version,
            to_version: to_version.filter(|_| !dry_run),
            outcome,
            error,
            milliseconds: u64::try_from((at - began).num_milliseconds()).unwrap_or_default(),
            at,
        };
        (behind, result)
    }

    async fn settle(
        &self,
        run: &mut MigrationRun,
        result: &MigrationResult,
        progress: &dyn FleetProgress,
    ) -> Result<(), TenancyError> {
        run.count(result.outcome, result.at);
        self.store.record(run, result).await?;
        if !run.dry_run && self.databases.is_exclusive(result.from_version) {
            self.news.announce(Invalidation::Organization(result.organization));
        }
        if let Some(error) = &result.error {
            tracing::error!(
                organization.id = %result.organization, outcome = result.outcome.name(), %error,
                "the organization's database keeps its schema"
            );
        } else {
            tracing::debug!(
                organization.id = %result.organization, outcome = result.outcome.name(), dry_run = run.dry_run,
                "the organization's database was migrated"
            );
        }
        progress.settled(run, result);
        Ok(())
    }

    /// Tries each of them, so many at a time, until `enough` says that no more are to be started. Those that were blocked are given
    /// back without an outcome when `again` says that they get another chance.
    async fn sweep(
        &self,
        run: &mut MigrationRun,
        organizations: Vec<BehindOrganization>,
        again: bool,
        enough: impl Fn(&MigrationRun) -> bool,
        progress: &dyn FleetProgress,
    ) -> Result<Vec<BehindOrganization>, TenancyError> {
        let mut waiting = organizations.into_iter();
        // What attempts need of it does not change.
        let begun = run.clone();
        let mut running = FuturesUnordered::new();
        let mut blocked = Vec::new();
        loop {
            while running.len() < usize::from(run.concurrency) && !enough(run) {
                let Some(next) = waiting.next() else { break };
                running.push(self.attempt(&begun, next));
            }
            match running.next().await {
                Some((behind, result)) if again && result.outcome == MigrationOutcome::Blocked => {
                    if !run.dry_run && self.databases.is_exclusive(result.from_version) {
                        self.reopen(run, result.organization).await?;
                    }
                    blocked.push(behind);
                }
                Some((_, result)) => self.settle(run, &result, progress).await?,
                None => return Ok(blocked),
            }
        }
    }

    fn audit(&self, action: &'static str, run: &MigrationRun, operator: &OperatorContext) -> AuditEntry {
        AuditEntry {
            id: self.ids.next(),
            at: self.clock.now(),
            actor: operator.actor(),
            action,
            subject_kind: "migration_run",
            subject_id: run.id.as_uuid(),
            request_id: operator.request_id().to_owned(),
            details: json!({
                "dry_run": run.dry_run, "planned": run.planned, "target_version": run.target_version,
                "ok": run.counts.ok, "not_migrated": run.counts.troubled() + run.counts.quarantined,
            }),
        }
    }

    async fn run_planned(
        &self,
        run: &mut MigrationRun,
        options: &FleetOptions,
        mut selected: Vec<BehindOrganization>,
        quarantined: Vec<BehindOrganization>,
        progress: &dyn FleetProgress,
    ) -> Result<bool, TenancyError> {
        for one in quarantined {
            let snapshot = one.organization.snapshot();
            let result = MigrationResult {
                organization: snapshot.id,
                slug: snapshot.slug.clone(),
                from_version: snapshot.schema_version,
                to_version: None,
                outcome: MigrationOutcome::Quarantined,
                error: None,
                milliseconds: 0,
                at: self.clock.now(),
            };
            self.settle(run, &result, progress).await?;
        }
        let canaries = usize::try_from(options.canary).unwrap_or(usize::MAX).min(selected.len());
        let rest = selected.split_off(canaries);
        self.sweep(run, selected, false, |run| run.counts.troubled() > 0, progress).await?;
        if run.counts.troubled() > 0 {
            return Ok(true);
        }
        let planned = run.planned;
        let budget = options.failure_budget;
        let spent = |run: &MigrationRun| budget.is_spent(run.counts.troubled(), planned);
        let blocked = self.sweep(run, rest, true, spent, progress).await?;
        self.sweep(run, blocked, false, spent, progress).await?;
        Ok(run.counts.total() < planned)
    }
}

#[async_trait]
impl FleetService for Fleet {
    async fn plan(&self, selection: &FleetSelection) -> Result<FleetPlan, TenancyError> {
        let (selected, quarantined) = self.select(selection).await?;
        let named = |one: BehindOrganization| {
            let snapshot = one.organization.snapshot();
            (snapshot.slug.clone(), snapshot.schema_version)
        };
        Ok(FleetPlan {
            target_version: self.databases.current_version(),
            to_migrate: selected.into_iter().map(named).collect(),
            quarantined: quarantined.into_iter().map(|one| named(one).0).collect(),
        })
    }

    async fn migrate(
        &self,
        operator: &OperatorContext,
        options: &FleetOptions,
        progress: &dyn FleetProgress,
    ) -> Result<MigrationRun, TenancyError> {
        options.check()?;
        let (selected, quarantined) = self.select(&options.selection).await?;
        let planned = u32::try_from(selected.len() + quarantined.len()).unwrap_or(u32::MAX);
        let target = self.databases.current_version();
        let mut run = MigrationRun::begin(self.ids.next(), options, target, planned, self.clock.now());
        if planned == 0 {
            run.end(false, self.clock.now());
            return Ok(run);
        }
        let entry = self.audit("fleet.migration-started", &run, operator);
        self.store.begin_run(&run, &entry).await?;
        progress.planned(&run);
        let stopped = self.run_planned(&mut run, options, selected, quarantined, progress).await?;
        run.end(stopped, self.clock.now());
        let entry = self.audit("fleet.migration-ended", &run, operator);
        self.store.end_run(&run, &entry).await?;
        Ok(run)
    }

    async fn run(&self, id: MigrationRunId) -> Result<MigrationRun, TenancyError> {
        self.store.run(id).await?.ok_or(TenancyError::RunNotFound)
    }

    async fn runs(&self, page: &PageRequest) -> Result<Page<MigrationRun>, TenancyError> {
        Ok(self.store.runs(page).await?)
    }

    async fn results(
        &self,
        id: MigrationRunId,
        outcome: Option<MigrationOutcome>,
        page: &PageRequest,
    ) -> Result<(MigrationRun, Page<MigrationResult>), TenancyError> {
        let run = self.run(id).await?;
        Ok((run, self.store.results(id, outcome, page).await?))
    }
}
