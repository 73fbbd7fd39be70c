//! The use cases of organizations.

use crate::cache::{Name, ResolutionCache};
use crate::{
    Change, DatabaseName, ListOrganizations, NewOrganization, Organization, OrganizationRef,
    OrganizationStatus, OrganizationStore, RULE_ORGANIZATION_DATABASE, ReserveOrganization, ResolutionRules,
    TenancyError, TenantDatabases, TenantHints,
};
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;
use vigie_kernel::{
    AuditEntry, Clock, FieldError, FieldErrors, IdSource, OperatorContext, OrganizationId, Page, PageRequest,
    Slug, StoreError, UserId, required_text,
};

/// Most characters of an organization's name.
const NAME_MAX: usize = 120;
/// Most characters of the reason of a suspension.
const REASON_MAX: usize = 1000;
/// How many names are tried for a database before something must be wrong.
pub(crate) const NAMES_TRIED: u32 = 50;

/// What became of the organizations whose provisioning had been interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResumeReport {
    /// Finished: active now.
    pub finished: u32,
    /// Undone: gone now.
    pub discarded: u32,
    /// Left for the next time, because a database does not answer.
    pub left: u32,
}

/// The organizations of the installation.
#[async_trait]
pub trait TenancyService: Send + Sync {
    /// The organization that a request names, in whatever state but deleted; `None` when it names nobody, and then the
    /// caller's token decides. Errors: [`TenancyError::TenantConflict`], [`TenancyError::TenantUnknown`].
    ///
    /// Remembered up to 30 seconds (nobody: 2 seconds), so the status is good for an early answer; who opens data
    /// looks at the live one.
    async fn resolve(&self, hints: &TenantHints) -> Result<Option<OrganizationRef>, TenancyError>;

    /// Forgets what [`TenancyService::resolve`] remembers of an organization, after it or one of its domains changed.
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

    /// Reserves the slug and the database name of a new organization. Field errors on `name` and `slug`;
    /// [`TenancyError::SlugTaken`].
    async fn reserve(
        &self,
        operator: &OperatorContext,
        command: ReserveOrganization,
    ) -> Result<Organization, TenancyError>;

    /// Makes the organization's database and opens the organization for use; goes on where an earlier attempt stopped,
    /// and does nothing for one that is in use. On [`TenancyError::Step`] it stays in provisioning.
    async fn provision(&self, id: OrganizationId) -> Result<Organization, TenancyError>;

    /// Removes every trace of an organization that has never been active: database, memberships, row. Any other one is
    /// refused with [`TenancyError::Transition`].
    async fn discard(&self, id: OrganizationId) -> Result<(), TenancyError>;

    /// Finishes or discards the organizations whose provisioning stopped more than a minute ago; for start-up.
    async fn resume_unfinished(&self) -> Result<ResumeReport, TenancyError>;

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

/// The one implementation of [`TenancyService`].
pub struct Tenancy {
    pub(crate) store: Arc<dyn OrganizationStore>,
    pub(crate) databases: Arc<dyn TenantDatabases>,
    rules: ResolutionRules,
    database_prefix: String,
    cache: ResolutionCache,
    pub(crate) clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Tenancy {
    /// The service; `database_prefix` starts the name of every new organization's database (`vigie_org_`).
    #[must_use]
    pub fn new(
        store: Arc<dyn OrganizationStore>,
        databases: Arc<dyn TenantDatabases>,
        rules: ResolutionRules,
        database_prefix: String,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self { store, databases, rules, database_prefix, cache: ResolutionCache::default(), clock, ids }
    }

    pub(crate) async fn load(&self, id: OrganizationId) -> Result<Organization, TenancyError> {
        self.store.read().await?.find(id).await?.ok_or(TenancyError::NotFound)
    }

    /// Stores a changed organization with its audit line, and forgets what is remembered of it.
    pub(crate) async fn save(
        &self,
        organization: &Organization,
        entry: &AuditEntry,
    ) -> Result<(), TenancyError> {
        let mut work = self.store.begin().await?;
        work.organizations().update(organization).await?;
        work.audit().record(entry).await?;
        work.commit().await?;
        self.cache.invalidate(organization.id());
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
            id: self.ids.next(),
            at: self.clock.now(),
            actor,
            action,
            subject_kind: "organization",
            subject_id: organization.id().as_uuid(),
            request_id: request_id.to_owned(),
            details: json!({ "slug": organization.snapshot().slug, "from": from.name(), "to": organization.status().name() }),
        }
    }

    async fn look_up(&self, name: Name) -> Result<Option<OrganizationRef>, TenancyError> {
        let now = self.clock.now();
        let generation = match self.cache.recall(&name, now) {
            Ok(known) => return Ok(known),
            Err(generation) => generation,
        };
        let mut reads = self.store.read().await?;
        let found = match &name {
            Name::Slug(slug) => reads.find_by_slug(slug).await?,
            Name::Domain(domain) => reads.find_by_domain(domain).await?,
        };
        let found =
            found.filter(|found| found.status() != OrganizationStatus::Deleted).map(|found| found.to_ref());
        self.cache.remember(name, found.as_ref(), generation, now);
        Ok(found)
    }

    async fn switch(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
        action: &'static str,
        change: impl FnOnce(&mut Organization) -> Result<Change, TenancyError> + Send,
    ) -> Result<Organization, TenancyError> {
        let mut organization = self.get(id).await?;
        let from = organization.status();
        if change(&mut organization)? == Change::Applied {
            let entry = self.audit(action, &organization, from, operator.actor(), operator.request_id());
            self.save(&organization, &entry).await?;
        }
        Ok(organization)
    }
}

/// The name and slug of a new organization, or every error at once.
fn check_names(command: &ReserveOrganization) -> Result<(String, Slug), FieldErrors> {
    let mut errors = FieldErrors::new();
    let name = errors.keep(required_text("name", &command.name, NAME_MAX));
    let slug = command.slug.as_ref().map_or_else(
        || Slug::from_name(&command.name).ok_or_else(|| FieldError::new("slug", "required")),
        |text| Slug::parse(text).map_err(|error| FieldError::new("slug", error.code())),
    );
    let slug = errors.keep(slug);
    match (name, slug) {
        (Some(name), Some(slug)) => Ok((name, slug)),
        (None | Some(_), None) | (None, Some(_)) => Err(errors),
    }
}

#[async_trait]
impl TenancyService for Tenancy {
    async fn resolve(&self, hints: &TenantHints) -> Result<Option<OrganizationRef>, TenancyError> {
        let named = self.rules.named(hints)?;
        let slug = named.slug.map(|text| Slug::parse(&text).map_err(|_| TenancyError::TenantUnknown));
        let Some(domain) = named.domain else {
            let Some(slug) = slug else { return Ok(None) };
            let found = self.look_up(Name::Slug(slug?)).await?;
            return found.ok_or(TenancyError::TenantUnknown).map(Some);
        };
        let found = self.look_up(Name::Domain(domain)).await?.ok_or(TenancyError::TenantUnknown)?;
        match slug {
            Some(slug) if slug.as_ref().ok() != Some(&found.slug) => Err(TenancyError::TenantConflict),
            Some(_) | None => Ok(Some(found)),
        }
    }

    fn invalidate(&self, id: OrganizationId) {
        self.cache.invalidate(id);
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
        Ok(self.store.read().await?.list(filter, page).await?)
    }

    async fn reserve(
        &self,
        operator: &OperatorContext,
        command: ReserveOrganization,
    ) -> Result<Organization, TenancyError> {
        let (name, slug) = check_names(&command)?;
        let first = DatabaseName::for_slug(&self.database_prefix, &slug)?;
        let id = self.ids.next();
        let mut database_name = first.clone();
        for taken in 1..=NAMES_TRIED {
            let new = NewOrganization {
                id,
                slug: slug.clone(),
                name: name.clone(),
                database_name,
                plan: command.plan,
                settings: command.settings,
            };
            let organization = Organization::reserve(new, self.clock.now());
            let status = organization.status();
            let entry = self.audit(
                "organization.reserved",
                &organization,
                status,
                operator.actor(),
                operator.request_id(),
            );
            let mut work = self.store.begin().await?;
            let inserted = work.organizations().insert(&organization).await;
            match inserted {
                Ok(()) => {
                    work.audit().record(&entry).await?;
                    work.commit().await?;
                    self.cache.invalidate(id);
                    return Ok(organization);
                }
                Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE)) => database_name = first.after(taken),
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE).into())
    }

    async fn provision(&self, id: OrganizationId) -> Result<Organization, TenancyError> {
        self.run_provisioning(id).await
    }

    async fn discard(&self, id: OrganizationId) -> Result<(), TenancyError> {
        self.run_discard(id).await?;
        self.cache.invalidate(id);
        Ok(())
    }

    async fn resume_unfinished(&self) -> Result<ResumeReport, TenancyError> {
        self.run_unfinished().await
    }

    async fn suspend(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
        reason: &str,
    ) -> Result<Organization, TenancyError> {
        let reason = required_text("reason", reason, REASON_MAX)?;
        let now = self.clock.now();
        self.switch(operator, id, "organization.suspended", |found| found.suspend(reason, now)).await
    }

    async fn resume(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
        reason: &str,
    ) -> Result<Organization, TenancyError> {
        let reason = required_text("reason", reason, REASON_MAX)?;
        let now = self.clock.now();
        self.switch(operator, id, "organization.resumed", |found| found.resume(Some(reason), now)).await
    }
}
