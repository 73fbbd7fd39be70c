//! The use cases of organizations.

use crate::cache::{BELIEVED, LocalResolutions, ResolutionCache, TenantName};
use crate::creation::NAME_MAX;
use crate::{
    Begun, Change, ChangeOrganization, CreateOrganization, FileSpaces, Finding, ListOperations,
    ListOrganizations, Operation, Organization, OrganizationRef, OrganizationStatus, OrganizationStore,
    Outcome, OwnerTokens, Patience, PlacementPort, ResolutionRules, Switch, TenancyError, TenantDatabases,
    TenantHints, Timer,
};
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;
use vigie_kernel::{
    Alone, AuditEntry, Clock, FieldErrors, IdSource, Invalidation, Invalidations, OperationId,
    OperatorContext, OrganizationId, Page, PageRequest, Recalled, Slug, UserId, required_text,
};

/// Most characters of the reason of a suspension.
const REASON_MAX: usize = 1000;
/// How many names are tried for a database before something must be wrong.
pub(crate) const NAMES_TRIED: u32 = 50;

/// What became of the operations that were taken up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResumeReport {
    /// Finished: the organization is active now.
    pub finished: u32,
    /// Undone: the organization is gone now.
    pub discarded: u32,
    /// Left for the next time, or for the operator.
    pub left: u32,
}

/// The organizations of the installation.
#[async_trait]
pub trait TenancyService: Send + Sync {
    /// The organization that a request names, in whatever state but deleted; `None` when it names nobody, and then the
    /// caller's token decides. Errors: [`TenancyError::TenantConflict`], [`TenancyError::TenantUnknown`].
    ///
    /// Remembered up to two seconds, so the status is good for an early answer; who opens data looks at the live one.
    async fn resolve(&self, hints: &TenantHints) -> Result<Option<OrganizationRef>, TenancyError>;

    /// Lets every process forget what [`TenancyService::resolve`] remembers of an organization, after it or one of its domains
    /// changed.
    fn invalidate(&self, id: OrganizationId);

    /// One organization, as it is now. [`TenancyError::NotFound`] when there is none or it is deleted.
    async fn get(&self, id: OrganizationId) -> Result<Organization, TenancyError>;

    /// The organizations, by slug.
    async fn list(
        &self,
        operator: &OperatorContext,
        filter: &ListOrganizations,
        page: &PageRequest,
    ) -> Result<Page<Organization>, TenancyError>;

    /// The domains of these organizations, in one statement, in the order of their names.
    async fn domains(
        &self,
        operator: &OperatorContext,
        organizations: &[OrganizationId],
    ) -> Result<Vec<(OrganizationId, String)>, TenancyError>;

    /// Reserves what a new organization needs - slug, database name, domain, the owner's address - and begins the operation
    /// that makes it, to be run by [`TenancyService::run`]. When it is not, another process takes it up.
    ///
    /// Field errors on `name`, `slug`, `domain`, `admin_email`, `admin_full_name`; [`TenancyError::SlugTaken`],
    /// [`TenancyError::DomainTaken`], [`TenancyError::EmailTaken`] (of who signed up), [`TenancyError::KeyReused`].
    async fn begin(
        &self,
        operator: &OperatorContext,
        command: CreateOrganization,
    ) -> Result<Begun, TenancyError>;

    /// Runs what was begun until it ends or has to wait. An operation that was asked for before is only told.
    async fn run(&self, begun: Begun, patience: Patience) -> Result<Outcome, TenancyError>;

    /// One operation, as it is now, with its organization.
    async fn operation(&self, operator: &OperatorContext, id: OperationId) -> Result<Outcome, TenancyError>;

    /// The operations, newest first.
    async fn operations(
        &self,
        operator: &OperatorContext,
        filter: &ListOperations,
        page: &PageRequest,
    ) -> Result<Page<Operation>, TenancyError>;

    /// Tries an operation again now, in the direction that it has: [`TenancyError::OperationEnded`],
    /// [`TenancyError::OperationHeld`].
    async fn retry(&self, operator: &OperatorContext, id: OperationId) -> Result<Outcome, TenancyError>;

    /// Undoes what an operation has done so far: database, files, memberships, rows. Errors as [`TenancyService::retry`].
    async fn undo(&self, operator: &OperatorContext, id: OperationId) -> Result<Outcome, TenancyError>;

    /// Takes up operations that wait or whose holder is gone, and organizations that nobody is about: at start-up, and
    /// every few seconds.
    async fn resume_unfinished(&self) -> Result<ResumeReport, TenancyError>;

    /// What does not belong together: databases and files without an organization, organizations without a database, stuck
    /// operations, members out of step. Opens every organization's database, one after the other.
    async fn examine(&self, operator: &OperatorContext) -> Result<Vec<Finding>, TenancyError>;

    /// Repairs something that was found; [`TenancyError::NotRepairable`] when only the operator can.
    async fn repair(&self, operator: &OperatorContext, finding: &Finding) -> Result<(), TenancyError>;

    /// Changes the name, and locks or opens the organization, as one change. Field errors on `name` and `reason`.
    async fn change(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
        command: ChangeOrganization,
    ) -> Result<Organization, TenancyError>;

    /// Locks an organization, with a reason that its members see (1..=1,000 characters).
    async fn suspend(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
        reason: &str,
    ) -> Result<Organization, TenancyError>;

    /// Opens a suspended organization again, with a reason for the record (1..=1,000 characters).
    async fn resume(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
        reason: &str,
    ) -> Result<Organization, TenancyError>;
}

/// What tenancy needs of the outside, all of it.
#[derive(Clone)]
pub struct TenancyPorts {
    /// The control database.
    pub store: Arc<dyn OrganizationStore>,
    /// The organizations' databases.
    pub databases: Arc<dyn TenantDatabases>,
    /// The spaces of organizations' files.
    pub files: Arc<dyn FileSpaces>,
    /// Chooses servers.
    pub placement: Arc<dyn PlacementPort>,
    /// Gives tokens for owners without a password.
    pub tokens: Arc<dyn OwnerTokens>,
    /// Lets time pass.
    pub timer: Arc<dyn Timer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives ids.
    pub ids: Arc<dyn IdSource>,
}

/// The one implementation of [`TenancyService`].
pub struct Tenancy {
    pub(crate) ports: TenancyPorts,
    pub(crate) rules: ResolutionRules,
    pub(crate) database_prefix: String,
    pub(crate) local: LocalResolutions,
    shared: Arc<dyn ResolutionCache>,
    news: Arc<dyn Invalidations>,
    /// This process, as a holder of operations.
    pub(crate) holder: Uuid,
}

impl Tenancy {
    /// The service; `database_prefix` starts the name of every new organization's database (`vigie_org_`).
    #[must_use]
    pub fn new(ports: TenancyPorts, rules: ResolutionRules, database_prefix: String) -> Self {
        let holder = ports.ids.next_uuid();
        Self {
            ports,
            rules,
            database_prefix,
            local: LocalResolutions::default(),
            shared: Arc::new(Alone),
            news: Arc::new(Alone),
            holder,
        }
    }

    /// The same service for one of several processes: with a memory that they share, and with somebody who tells the
    /// others what has changed. What they tell comes back through [`Tenancy::forget`].
    #[must_use]
    pub fn sharing(self, shared: Arc<dyn ResolutionCache>, news: Arc<dyn Invalidations>) -> Self {
        Self { shared, news, ..self }
    }

    /// Forgets what this process remembers of it.
    pub fn forget(&self, what: Invalidation) {
        match what {
            Invalidation::Organization(id) => self.local.forget(id),
            // Names stand for organizations, whoever their members are.
            Invalidation::User(_) => {}
        }
    }

    /// Lets every process forget an organization; after the commit.
    pub(crate) fn forget_everywhere(&self, id: OrganizationId) {
        self.local.forget(id);
        self.news.announce(Invalidation::Organization(id));
    }

    pub(crate) async fn load(&self, id: OrganizationId) -> Result<Organization, TenancyError> {
        self.ports.store.read().await?.find(id).await?.ok_or(TenancyError::NotFound)
    }

    /// Stores a changed organization with its audit line, and forgets what is remembered of it.
    pub(crate) async fn save(
        &self,
        organization: &Organization,
        entry: &AuditEntry,
    ) -> Result<(), TenancyError> {
        let mut work = self.ports.store.begin().await?;
        work.organizations().update(organization).await?;
        work.audit().record(entry).await?;
        work.commit().await?;
        self.forget_everywhere(organization.id());
        Ok(())
    }

    /// The audit line of something done to an organization, told with the status that it had.
    pub(crate) fn audit(
        &self,
        action: &'static str,
        organization: &Organization,
        from: OrganizationStatus,
        actor: Option<UserId>,
        request_id: &str,
    ) -> AuditEntry {
        AuditEntry {
            id: self.ports.ids.next(),
            at: self.ports.clock.now(),
            actor,
            action,
            subject_kind: "organization",
            subject_id: organization.id().as_uuid(),
            request_id: request_id.to_owned(),
            details: json!({ "slug": organization.snapshot().slug, "from": from.name(), "to": organization.status().name() }),
        }
    }

    async fn look_up(&self, name: TenantName) -> Result<Option<OrganizationRef>, TenancyError> {
        let clock = &self.ports.clock;
        if let Ok(known) = self.local.recall(&name, clock.now()) {
            return Ok(known);
        }
        let turn = self.local.turn(&name);
        let mine = turn.try_lock();
        if mine.is_none() {
            // Who had the turn finds it out for all; if he did not, they need not wait for each other's failures.
            drop(turn.lock().await);
        }
        let asked_at = clock.now();
        let generation = match self.local.recall(&name, asked_at) {
            Ok(known) => return Ok(known),
            Err(generation) => generation,
        };
        let ticket = match self.shared.recall(&name).await {
            Recalled::Known { value, good_for } => {
                self.local.remember(name, Some(&value), generation, asked_at - (BELIEVED - good_for));
                return Ok(Some(value));
            }
            Recalled::Unknown(ticket) => ticket,
        };
        let mut reads = self.ports.store.read().await?;
        let found = match &name {
            TenantName::Slug(slug) => reads.find_by_slug(slug).await?,
            TenantName::Domain(domain) => reads.find_by_domain(domain).await?,
        };
        drop(reads);
        let found =
            found.filter(|found| found.status() != OrganizationStatus::Deleted).map(|found| found.to_ref());
        if let Some(found) = &found {
            let good_for = BELIEVED - (clock.now() - asked_at);
            self.shared.remember(&name, found, ticket, good_for).await;
        }
        self.local.remember(name, found.as_ref(), generation, asked_at);
        Ok(found)
    }
}

/// A command whose texts are checked, or every error at once.
fn checked(command: ChangeOrganization) -> Result<ChangeOrganization, FieldErrors> {
    let ChangeOrganization { name, switch, expected_version } = command;
    let mut errors = FieldErrors::new();
    let name = name.and_then(|name| errors.keep(required_text("name", &name, NAME_MAX)));
    let reason = |text: &str| required_text("reason", text, REASON_MAX);
    let switch = match switch {
        None => None,
        Some(Switch::Suspend(text)) => errors.keep(reason(&text)).map(Switch::Suspend),
        Some(Switch::Resume(text)) => errors.keep(reason(&text)).map(Switch::Resume),
    };
    errors.into_result().map(|()| ChangeOrganization { name, switch, expected_version })
}

#[async_trait]
impl TenancyService for Tenancy {
    async fn resolve(&self, hints: &TenantHints) -> Result<Option<OrganizationRef>, TenancyError> {
        let named = self.rules.named(hints)?;
        let slug = named.slug.map(|text| Slug::parse(&text).map_err(|_| TenancyError::TenantUnknown));
        let Some(domain) = named.domain else {
            let Some(slug) = slug else { return Ok(None) };
            let found = self.look_up(TenantName::Slug(slug?)).await?;
            return found.ok_or(TenancyError::TenantUnknown).map(Some);
        };
        let found = self.look_up(TenantName::Domain(domain)).await?.ok_or(TenancyError::TenantUnknown)?;
        match slug {
            Some(slug) if slug.as_ref().ok() != Some(&found.slug) => Err(TenancyError::TenantConflict),
            Some(_) | None => Ok(Some(found)),
        }
    }

    fn invalidate(&self, id: OrganizationId) {
        self.forget_everywhere(id);
    }

    async fn get(&self, id: OrganizationId) -> Result<Organization, TenancyError> {
        let found = self.load(id).await?;
        if found.status() == OrganizationStatus::Deleted { Err(TenancyError::NotFound) } else { Ok(found) }
    }

    async fn list(
        &self,
        _operator: &OperatorContext,
        filter: &ListOrganizations,
        page: &PageRequest,
    ) -> Result<Page<Organization>, TenancyError> {
        Ok(self.ports.store.read().await?.list(filter, page).await?)
    }

    async fn domains(
        &self,
        _operator: &OperatorContext,
        organizations: &[OrganizationId],
    ) -> Result<Vec<(OrganizationId, String)>, TenancyError> {
        Ok(self.ports.store.read().await?.domains(organizations).await?)
    }

    async fn begin(
        &self,
        operator: &OperatorContext,
        command: CreateOrganization,
    ) -> Result<Begun, TenancyError> {
        self.do_begin(operator, command).await
    }

    async fn run(&self, begun: Begun, patience: Patience) -> Result<Outcome, TenancyError> {
        if begun.replayed {
            return Ok(Outcome { operation: begun.operation, organization: begun.organization });
        }
        self.run_held(begun.operation, begun.organization, patience).await
    }

    async fn operation(&self, _operator: &OperatorContext, id: OperationId) -> Result<Outcome, TenancyError> {
        self.outcome(id).await
    }

    async fn operations(
        &self,
        _operator: &OperatorContext,
        filter: &ListOperations,
        page: &PageRequest,
    ) -> Result<Page<Operation>, TenancyError> {
        Ok(self.ports.store.read().await?.operations(filter, page).await?)
    }

    async fn retry(&self, operator: &OperatorContext, id: OperationId) -> Result<Outcome, TenancyError> {
        self.do_retry(operator, id).await
    }

    async fn undo(&self, operator: &OperatorContext, id: OperationId) -> Result<Outcome, TenancyError> {
        self.do_undo(operator, id).await
    }

    async fn resume_unfinished(&self) -> Result<ResumeReport, TenancyError> {
        self.run_unfinished().await
    }

    async fn examine(&self, _operator: &OperatorContext) -> Result<Vec<Finding>, TenancyError> {
        self.do_examine().await
    }

    async fn repair(&self, operator: &OperatorContext, finding: &Finding) -> Result<(), TenancyError> {
        self.do_repair(operator, finding).await
    }

    async fn change(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
        command: ChangeOrganization,
    ) -> Result<Organization, TenancyError> {
        let ChangeOrganization { name, switch, expected_version } = checked(command)?;
        let action = match &switch {
            Some(Switch::Suspend(_)) => "organization.suspended",
            Some(Switch::Resume(_)) => "organization.resumed",
            None => "organization.renamed",
        };
        let mut organization = self.get(id).await?;
        if expected_version.is_some_and(|seen| seen != organization.snapshot().version) {
            return Err(TenancyError::ChangedMeanwhile);
        }
        let from = organization.status();
        if organization.change(name, switch, self.ports.clock.now())? == Change::Applied {
            let entry = self.audit(action, &organization, from, operator.actor(), operator.request_id());
            self.save(&organization, &entry).await?;
        }
        Ok(organization)
    }

    async fn suspend(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
        reason: &str,
    ) -> Result<Organization, TenancyError> {
        let switch = Some(Switch::Suspend(reason.to_owned()));
        self.change(operator, id, ChangeOrganization { switch, ..ChangeOrganization::default() }).await
    }

    async fn resume(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
        reason: &str,
    ) -> Result<Organization, TenancyError> {
        let switch = Some(Switch::Resume(reason.to_owned()));
        self.change(operator, id, ChangeOrganization { switch, ..ChangeOrganization::default() }).await
    }
}
