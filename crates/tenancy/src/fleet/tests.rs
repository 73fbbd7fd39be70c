//! Runs over a fleet in memory.

use super::*;
use crate::{
    DatabaseName, NewOrganization, Organization, OrganizationSnapshot, OrganizationStatus, Plan,
    TenancyError, Timer,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use vigie_kernel::testing::{CountedIds, FixedClock};
use vigie_kernel::{
    AuditEntry, MigrationRunId, OperatorContext, OrganizationId, OrganizationSettings, Page, PageRequest,
    Slug, StoreError,
};

const CURRENT: i32 = 5;

/// Lets no time pass.
struct NoPause;

#[async_trait]
impl Timer for NoPause {
    async fn pause(&self, _: std::time::Duration) {
        tokio::task::yield_now().await;
    }
}

#[derive(Default)]
struct World {
    organizations: Mutex<BTreeMap<String, (Organization, u32)>>,
    runs: Mutex<Vec<MigrationRun>>,
    results: Mutex<Vec<(MigrationRunId, MigrationResult)>>,
    audited: Mutex<Vec<AuditEntry>>,
    /// What becomes of those that do not go well, and how often before they do.
    trouble: Mutex<BTreeMap<String, (MigrationFailure, usize)>>,
    opened: Mutex<Vec<String>>,
    /// The versions whose migrations must not run beside writes.
    exclusive: Mutex<Vec<i32>>,
    /// Those that are closed to writes: for which run, and what they were before.
    closed: Mutex<BTreeMap<OrganizationId, (MigrationRunId, OrganizationStatus)>>,
    /// What each was while it was migrated.
    seen: Mutex<Vec<OrganizationStatus>>,
    /// A database on which whoever migrates it waits for ever.
    hangs: Mutex<Option<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl World {
    fn with(count: usize) -> Arc<Self> {
        let world = Self::default();
        for number in 0..count {
            let slug = format!("org-{number:03}");
            let new = NewOrganization {
                id: uuid::Uuid::from_u128(u128::try_from(number).unwrap() + 1).into(),
                slug: Slug::parse(&slug).unwrap(),
                name: slug.clone(),
                database_name: DatabaseName::parse(&format!("vigie_org_{number}")).unwrap(),
                plan: Plan::Starter,
                settings: OrganizationSettings::default(),
            };
            let snapshot = Organization::reserve(new, chrono::DateTime::UNIX_EPOCH).snapshot().clone();
            let snapshot = OrganizationSnapshot {
                status: OrganizationStatus::Active,
                schema_version: Some(4),
                ..snapshot
            };
            world.organizations.lock().unwrap().insert(slug, (Organization::restore(snapshot), 0));
        }
        Arc::new(world)
    }

    fn troubles(&self, slug: &str, failure: MigrationFailure, times: usize) {
        self.trouble.lock().unwrap().insert(slug.to_owned(), (failure, times));
    }

    fn fleet(self: &Arc<Self>) -> Fleet {
        let clock = Arc::new(FixedClock::at_text("2026-11-20T12:00:00Z"));
        Fleet::new(self.clone(), self.clone(), clock, Arc::new(CountedIds::default()), Arc::new(NoPause))
    }

    fn status(&self, slug: &str) -> OrganizationStatus {
        self.organizations.lock().unwrap()[slug].0.status()
    }

    fn set_status(&self, id: OrganizationId, status: OrganizationStatus) {
        let mut organizations = self.organizations.lock().unwrap();
        let (organization, _) = organizations.values_mut().find(|(one, _)| one.id() == id).unwrap();
        let snapshot = organization.snapshot().clone();
        *organization = Organization::restore(OrganizationSnapshot { status, ..snapshot });
    }

    fn reopen(&self, id: OrganizationId, wanted: impl Fn(MigrationRunId) -> bool) {
        let mut closed = self.closed.lock().unwrap();
        if closed.get(&id).is_some_and(|(run, _)| wanted(*run)) {
            let (_, before) = closed.remove(&id).unwrap();
            self.set_status(id, before);
        }
    }

    async fn run(self: &Arc<Self>, options: FleetOptions) -> Result<MigrationRun, TenancyError> {
        let operator = OperatorContext::new(None, "test".to_owned());
        self.fleet().migrate(&operator, &options, &NoProgress).await
    }

    fn behind(&self) -> BTreeSet<String> {
        let organizations = self.organizations.lock().unwrap();
        let behind =
            |(organization, _): &(Organization, u32)| organization.snapshot().schema_version != Some(CURRENT);
        organizations.iter().filter(|(_, one)| behind(one)).map(|(slug, _)| slug.clone()).collect()
    }
}

fn failed() -> MigrationFailure {
    MigrationFailure::Failed("relation exists".to_owned())
}

#[async_trait]
impl FleetStore for World {
    async fn behind(&self, schema_version: i32) -> Result<Vec<BehindOrganization>, StoreError> {
        let organizations = self.organizations.lock().unwrap();
        Ok(organizations
            .values()
            .filter(|(organization, _)| {
                organization.snapshot().schema_version.is_none_or(|version| version < schema_version)
                    || self.closed.lock().unwrap().contains_key(&organization.id())
            })
            .map(|(organization, failures)| BehindOrganization {
                organization: organization.clone(),
                failures_in_a_row: *failures,
            })
            .collect())
    }

    async fn in_service(&self, slug: &Slug) -> Result<bool, StoreError> {
        Ok(self.organizations.lock().unwrap().contains_key(slug.as_str()))
    }

    async fn unfinished_of(&self, run: MigrationRunId) -> Result<Option<Vec<Slug>>, StoreError> {
        if !self.runs.lock().unwrap().iter().any(|known| known.id == run) {
            return Ok(None);
        }
        let results = self.results.lock().unwrap();
        let of_run = results.iter().filter(|(id, result)| *id == run && !result.outcome.is_current());
        Ok(Some(of_run.map(|(_, result)| result.slug.clone()).collect()))
    }

    async fn begin_run(&self, run: &MigrationRun, entry: &AuditEntry) -> Result<(), StoreError> {
        self.runs.lock().unwrap().push(run.clone());
        self.audited.lock().unwrap().push(entry.clone());
        Ok(())
    }

    async fn record(&self, run: &MigrationRun, result: &MigrationResult) -> Result<(), StoreError> {
        self.results.lock().unwrap().push((run.id, result.clone()));
        if run.dry_run {
            return Ok(());
        }
        self.reopen(result.organization, |by| by == run.id || result.to_version.is_some());
        let mut organizations = self.organizations.lock().unwrap();
        let (organization, failures) = organizations.get_mut(result.slug.as_str()).unwrap();
        if let Some(version) = result.to_version {
            let snapshot = organization.snapshot().clone();
            *organization =
                Organization::restore(OrganizationSnapshot { schema_version: Some(version), ..snapshot });
            *failures = 0;
        } else if result.outcome == MigrationOutcome::Failed {
            *failures += 1;
        }
        Ok(())
    }

    async fn close_for(
        &self,
        run: &MigrationRun,
        organization: OrganizationId,
        _: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut organizations = self.organizations.lock().unwrap();
        let (known, _) = organizations.values_mut().find(|(one, _)| one.id() == organization).unwrap();
        let before = known.status();
        if before == OrganizationStatus::Suspended {
            return Ok(false);
        }
        self.closed.lock().unwrap().entry(organization).or_insert((run.id, before));
        drop(organizations);
        self.set_status(organization, OrganizationStatus::Migrating);
        Ok(true)
    }

    async fn reopen_after(
        &self,
        run: MigrationRunId,
        organization: OrganizationId,
        _: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.reopen(organization, |by| by == run);
        Ok(())
    }

    async fn end_run(&self, run: &MigrationRun, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut runs = self.runs.lock().unwrap();
        *runs.iter_mut().find(|known| known.id == run.id).unwrap() = run.clone();
        self.audited.lock().unwrap().push(entry.clone());
        Ok(())
    }

    async fn run(&self, id: MigrationRunId) -> Result<Option<MigrationRun>, StoreError> {
        Ok(self.runs.lock().unwrap().iter().find(|run| run.id == id).cloned())
    }

    async fn runs(&self, _: &PageRequest) -> Result<Page<MigrationRun>, StoreError> {
        Ok(Page { items: self.runs.lock().unwrap().clone(), next: None })
    }

    async fn results(
        &self,
        run: MigrationRunId,
        outcome: Option<MigrationOutcome>,
        _: &PageRequest,
    ) -> Result<Page<MigrationResult>, StoreError> {
        let results = self.results.lock().unwrap();
        let wanted = results
            .iter()
            .filter(|(id, result)| *id == run && outcome.is_none_or(|outcome| outcome == result.outcome));
        Ok(Page { items: wanted.map(|(_, result)| result.clone()).collect(), next: None })
    }
}

#[async_trait]
impl FleetDatabases for World {
    fn current_version(&self) -> i32 {
        CURRENT
    }

    fn is_exclusive(&self, from: Option<i32>) -> bool {
        self.exclusive.lock().unwrap().iter().any(|version| from.is_none_or(|from| *version > from))
    }

    async fn bring_up(&self, organization: &Organization) -> Result<Migrated, MigrationFailure> {
        let slug = organization.snapshot().slug.to_string();
        self.seen.lock().unwrap().push(self.status(&slug));
        let hangs = self.hangs.lock().unwrap().as_deref() == Some(&slug);
        if hangs {
            std::future::pending::<()>().await;
        }
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        self.opened.lock().unwrap().push(slug.clone());
        tokio::task::yield_now().await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        if let Some((failure, times)) = self.trouble.lock().unwrap().get_mut(&slug)
            && *times > 0
        {
            *times -= 1;
            return Err(failure.clone());
        }
        Ok(Migrated { schema_version: CURRENT, applied: 1 })
    }

    async fn rehearse(&self, organization: &Organization) -> Result<Migrated, MigrationFailure> {
        self.bring_up(organization).await
    }
}

fn unlimited() -> FleetOptions {
    FleetOptions { failure_budget: FailureBudget::UNLIMITED, ..FleetOptions::default() }
}

#[tokio::test]
async fn one_failure_stops_nobody_and_a_retry_finishes_it() {
    let world = World::with(20);
    world.troubles("org-004", failed(), 1);
    let run = world.run(FleetOptions::default()).await.unwrap();
    assert_eq!((run.state, run.counts.ok, run.counts.failed), (RunState::Partial, 19, 1));
    assert_eq!(world.behind(), BTreeSet::from(["org-004".to_owned()]));
    let told = world.fleet().results(run.id, Some(MigrationOutcome::Failed), &PageRequest::default()).await;
    assert_eq!(told.unwrap().1.items[0].error.as_deref(), Some("relation exists"));

    let selection = FleetSelection::UnfinishedOf(run.id);
    let retried = world.run(FleetOptions { selection, ..FleetOptions::default() }).await.unwrap();
    assert_eq!((retried.state, retried.planned, retried.counts.ok), (RunState::Done, 1, 1));
    assert_eq!(world.behind(), BTreeSet::new());

    world.opened.lock().unwrap().clear();
    let again = world.run(FleetOptions::default()).await.unwrap();
    assert_eq!((again.state, again.planned), (RunState::Done, 0));
    assert!(world.opened.lock().unwrap().is_empty(), "nothing to do opens nothing");
    assert_eq!(world.runs.lock().unwrap().len(), 2, "and is no run");
    assert_eq!(world.audited.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn too_many_failures_stop_new_starts() {
    let world = World::with(100);
    for number in 0..50 {
        world.troubles(&format!("org-{number:03}"), failed(), 9);
    }
    let run = world.run(FleetOptions { concurrency: 4, ..FleetOptions::default() }).await.unwrap();
    assert_eq!(run.state, RunState::Stopped);
    // Two percent, one over, and the three that were under way.
    assert!((3..=6).contains(&run.counts.failed), "{:?}", run.counts);
    assert!(world.most_at_once.load(Ordering::SeqCst) <= 4);
}

#[tokio::test]
async fn a_failing_canary_stops_the_run() {
    let world = World::with(30);
    world.troubles("org-001", failed(), 1);
    let run = world.run(FleetOptions { canary: 2, ..unlimited() }).await.unwrap();
    assert_eq!((run.state, run.counts.total()), (RunState::Stopped, 2));
    assert_eq!(world.behind().len(), 29);
    assert_eq!(world.run(FleetOptions { canary: 2, ..unlimited() }).await.unwrap().state, RunState::Done);
}

#[tokio::test]
async fn the_blocked_get_a_second_chance_in_the_same_run() {
    let world = World::with(3);
    world.troubles("org-000", MigrationFailure::Blocked("lock timeout".to_owned()), 1);
    world.troubles("org-001", MigrationFailure::Blocked("lock timeout".to_owned()), 2);
    world.troubles("org-002", MigrationFailure::Unreachable("refused".to_owned()), 1);
    let run = world.run(unlimited()).await.unwrap();
    assert_eq!((run.counts.ok, run.counts.blocked, run.counts.unreachable), (1, 1, 1));
    assert_eq!(run.state, RunState::Partial);
}

#[tokio::test]
async fn what_failed_three_times_in_a_row_waits_until_it_is_named() {
    let world = World::with(2);
    world.troubles("org-000", failed(), 3);
    for _ in 0..3 {
        world.run(unlimited()).await.unwrap();
    }
    world.opened.lock().unwrap().clear();
    let run = world.run(unlimited()).await.unwrap();
    assert_eq!((run.state, run.counts.quarantined), (RunState::Partial, 1));
    assert!(world.opened.lock().unwrap().is_empty());
    let plan = world.fleet().plan(&FleetSelection::All).await.unwrap();
    assert_eq!(plan.quarantined, [Slug::parse("org-000").unwrap()]);

    let selection = FleetSelection::One(Slug::parse("org-000").unwrap());
    let named = world.run(FleetOptions { selection, ..FleetOptions::default() }).await.unwrap();
    assert_eq!(named.state, RunState::Done);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let world = World::with(3);
    world.troubles("org-001", failed(), 1);
    let run = world.run(FleetOptions { dry_run: true, ..unlimited() }).await.unwrap();
    assert_eq!((run.counts.ok, run.counts.failed, run.dry_run), (2, 1, true));
    assert_eq!(world.behind().len(), 3);
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_name() {
    let world = World::with(1);
    let selection = FleetSelection::One(Slug::parse("nowhere").unwrap());
    let unknown = world.run(FleetOptions { selection, ..FleetOptions::default() }).await.unwrap_err();
    assert!(matches!(&unknown, TenancyError::Invalid(errors) if errors.to_string().contains("slug")));
    let selection = FleetSelection::UnfinishedOf(uuid::Uuid::nil().into());
    let unknown = world.run(FleetOptions { selection, ..FleetOptions::default() }).await.unwrap_err();
    assert!(matches!(unknown, TenancyError::RunNotFound));
    let none = world.run(FleetOptions { concurrency: 0, ..FleetOptions::default() }).await.unwrap_err();
    assert!(matches!(&none, TenancyError::Invalid(errors) if errors.to_string().contains("concurrency")));
}

#[tokio::test]
async fn other_migrations_leave_the_status_alone() {
    let world = World::with(3);
    world.exclusive.lock().unwrap().push(4);
    assert_eq!(world.run(FleetOptions::default()).await.unwrap().counts.ok, 3);
    assert_eq!(*world.seen.lock().unwrap(), [OrganizationStatus::Active; 3]);
}

#[tokio::test]
async fn a_migration_that_does_not_bear_writes_closes_its_organization_to_them() {
    let world = World::with(5);
    world.exclusive.lock().unwrap().push(CURRENT);
    world.troubles("org-000", failed(), 1);
    world.troubles("org-001", MigrationFailure::Blocked("lock timeout".to_owned()), 1);
    let one = |number: u128| uuid::Uuid::from_u128(number + 1).into();
    world.set_status(one(2), OrganizationStatus::ReadOnly);
    world.set_status(one(3), OrganizationStatus::Suspended);

    let run = world.run(unlimited()).await.unwrap();

    assert_eq!((run.counts.ok, run.counts.failed), (4, 1));
    let seen = world.seen.lock().unwrap().clone();
    assert_eq!(seen.iter().filter(|status| **status == OrganizationStatus::Migrating).count(), 5, "{seen:?}");
    assert_eq!(seen.len(), 6, "one was tried twice; who is suspended writes nothing anyway");
    for slug in ["org-000", "org-001", "org-004"] {
        assert_eq!(world.status(slug), OrganizationStatus::Active, "{slug}");
    }
    assert_eq!(world.status("org-002"), OrganizationStatus::ReadOnly, "it gets back what it had");
    assert_eq!(world.status("org-003"), OrganizationStatus::Suspended);
    world.seen.lock().unwrap().clear();
    let dry = FleetOptions { dry_run: true, ..unlimited() };
    world.run(dry).await.unwrap();
    assert_eq!(*world.seen.lock().unwrap(), [OrganizationStatus::Active], "a dry run closes nothing");
}

#[tokio::test]
async fn killed_in_the_middle_it_stays_closed_until_it_is_migrated_again() {
    let world = World::with(2);
    world.exclusive.lock().unwrap().push(CURRENT);
    *world.hangs.lock().unwrap() = Some("org-001".to_owned());
    let running = tokio::spawn({
        let world = world.clone();
        async move { world.run(unlimited()).await }
    });
    while world.seen.lock().unwrap().len() < 2 || world.behind().len() > 1 {
        tokio::task::yield_now().await;
    }
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(world.status("org-000"), OrganizationStatus::Active);
    assert_eq!(world.status("org-001"), OrganizationStatus::Migrating);

    *world.hangs.lock().unwrap() = None;
    let again = world.run(unlimited()).await.unwrap();
    assert_eq!((again.state, again.planned, again.counts.ok), (RunState::Done, 1, 1));
    assert_eq!(world.status("org-001"), OrganizationStatus::Active);
}

#[test]
fn a_run_that_is_silent_is_interrupted() {
    let begun: chrono::DateTime<chrono::Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
    let mut run = MigrationRun::begin(uuid::Uuid::nil().into(), &FleetOptions::default(), CURRENT, 2, begun);
    assert_eq!(run.state_at(begun + chrono::TimeDelta::minutes(15)), RunState::Running);
    assert_eq!(run.state_at(begun + chrono::TimeDelta::minutes(16)), RunState::Interrupted);
    run.end(false, begun);
    assert_eq!(run.state_at(begun + chrono::TimeDelta::days(1)), RunState::Done);
}

#[test]
fn names_are_read_back() {
    for outcome in MigrationOutcome::ALL {
        assert_eq!(MigrationOutcome::from_name(outcome.name()), Some(outcome));
    }
    for state in RunState::ALL {
        assert_eq!(RunState::from_name(state.name()), Some(state));
    }
}

proptest! {
    /// One failure never stops a run, all do when half may not, and more never count as fewer.
    #[test]
    fn budgets_are_monotonic(percent in 0_u8..=100, planned in 2_u32..5000, failed in 0_u32..5000) {
        let budget = FailureBudget::percent(percent).unwrap();
        prop_assert!(!budget.is_spent(0, planned) && !budget.is_spent(1, planned));
        prop_assert!(percent > 50 || budget.is_spent(planned, planned));
        prop_assert!(!budget.is_spent(failed, planned) || budget.is_spent(failed + 1, planned));
        prop_assert!(!FailureBudget::UNLIMITED.is_spent(planned, planned));
    }
}

#[test]
fn a_budget_is_a_percentage() {
    assert!(FailureBudget::percent(101).is_err());
    let two = FailureBudget::default();
    assert!(!two.is_spent(20, 1000) && two.is_spent(21, 1000));
}
