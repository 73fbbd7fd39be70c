//! Organizations and their databases in memory, for tests.

use crate::{
    ListOrganizations, Organization, OrganizationReads, OrganizationRepository, OrganizationStatus,
    OrganizationStore, OrganizationWork, ProvisioningStep, RULE_ORGANIZATION_DATABASE,
    RULE_ORGANIZATION_SLUG, TenantDatabases,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vigie_kernel::{
    AuditEntry, AuditLog, Cursor, OrganizationId, Page, PageRequest, Slug, StoreError, UnitOfWork,
};

#[derive(Clone, Default)]
struct State {
    organizations: Vec<Organization>,
    domains: BTreeMap<String, OrganizationId>,
    audit: Vec<AuditEntry>,
    commits: u64,
}

/// An [`OrganizationStore`] in memory. Transactions see their own writes; a commit after somebody else's is stale.
#[derive(Clone, Default)]
pub struct MemoryOrganizations {
    state: Arc<Mutex<State>>,
    reads: Arc<Mutex<u32>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryOrganizations {
    /// Puts an organization in as it is, over one with the same id.
    pub fn put(&self, organization: Organization) {
        let mut state = lock(&self.state);
        state.organizations.retain(|known| known.id() != organization.id());
        state.organizations.push(organization);
    }

    /// Gives an organization a verified domain.
    pub fn verify_domain(&self, domain: &str, organization: OrganizationId) {
        lock(&self.state).domains.insert(domain.to_owned(), organization);
    }

    /// The audit trail so far.
    #[must_use]
    pub fn audited(&self) -> Vec<AuditEntry> {
        lock(&self.state).audit.clone()
    }

    /// How many readers were opened so far.
    #[must_use]
    pub fn reads(&self) -> u32 {
        *lock(&self.reads)
    }
}

#[async_trait]
impl OrganizationStore for MemoryOrganizations {
    async fn begin(&self) -> Result<Box<dyn OrganizationWork>, StoreError> {
        Ok(Box::new(MemoryWork { shared: Arc::clone(&self.state), own: lock(&self.state).clone() }))
    }

    async fn read(&self) -> Result<Box<dyn OrganizationReads>, StoreError> {
        *lock(&self.reads) += 1;
        Ok(Box::new(lock(&self.state).clone()))
    }
}

struct MemoryWork {
    shared: Arc<Mutex<State>>,
    own: State,
}

#[async_trait]
impl UnitOfWork for MemoryWork {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let mut shared = lock(&self.shared);
        if shared.commits != self.own.commits {
            return Err(StoreError::Stale);
        }
        self.own.commits += 1;
        *shared = self.own.clone();
        Ok(())
    }
}

impl OrganizationWork for MemoryWork {
    fn organizations(&mut self) -> Box<dyn OrganizationRepository + '_> {
        Box::new(&mut self.own)
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        Box::new(&mut self.own)
    }
}

impl State {
    fn get(&self, id: OrganizationId) -> Option<Organization> {
        self.organizations.iter().find(|known| known.id() == id).cloned()
    }

    fn check_names(&self, organization: &Organization) -> Result<(), StoreError> {
        let new = organization.snapshot();
        let others =
            || self.organizations.iter().map(Organization::snapshot).filter(|other| other.id != new.id);
        if others().any(|other| other.slug == new.slug) {
            return Err(StoreError::Conflict(RULE_ORGANIZATION_SLUG));
        }
        if others().any(|other| other.database_name == new.database_name) {
            return Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE));
        }
        Ok(())
    }

    fn place(&self, id: OrganizationId, version: i64) -> Result<usize, StoreError> {
        let fits = |known: &Organization| known.id() == id && known.snapshot().version == version;
        self.organizations.iter().position(fits).ok_or(StoreError::Stale)
    }
}

#[async_trait]
impl AuditLog for &mut State {
    async fn record(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.audit.push(entry.clone());
        Ok(())
    }
}

#[async_trait]
impl OrganizationRepository for &mut State {
    async fn find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        Ok(self.get(id))
    }

    async fn insert(&mut self, organization: &Organization) -> Result<(), StoreError> {
        self.check_names(organization)?;
        self.organizations.push(organization.clone());
        Ok(())
    }

    async fn update(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let place = self.place(organization.id(), organization.snapshot().version - 1)?;
        self.check_names(organization)?;
        self.organizations[place] = organization.clone();
        Ok(())
    }

    async fn remove(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let place = self.place(organization.id(), organization.snapshot().version)?;
        self.organizations.remove(place);
        self.domains.retain(|_, owner| *owner != organization.id());
        Ok(())
    }
}

#[async_trait]
impl OrganizationReads for State {
    async fn find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        Ok(self.get(id))
    }

    async fn find_by_slug(&mut self, slug: &Slug) -> Result<Option<Organization>, StoreError> {
        Ok(self.organizations.iter().find(|known| known.snapshot().slug == *slug).cloned())
    }

    async fn find_by_domain(&mut self, domain: &str) -> Result<Option<Organization>, StoreError> {
        Ok(self.domains.get(domain).and_then(|id| self.get(*id)))
    }

    async fn list(
        &mut self,
        filter: &ListOrganizations,
        page: &PageRequest,
    ) -> Result<Page<Organization>, StoreError> {
        let after = page.after.as_ref().map(|cursor| cursor.key.as_str());
        let mut found: Vec<Organization> = self
            .organizations
            .iter()
            .filter(|known| match filter.status {
                Some(status) => known.status() == status,
                None => known.status() != OrganizationStatus::Deleted,
            })
            .filter(|known| after.is_none_or(|after| known.snapshot().slug.as_str() > after))
            .cloned()
            .collect();
        found.sort_by(|a, b| a.snapshot().slug.cmp(&b.snapshot().slug));
        found.truncate(usize::from(page.limit) + 1);
        Ok(Page::from_overfull(found, page.limit, |last| Cursor {
            key: last.snapshot().slug.to_string(),
            id: last.id().as_uuid(),
        }))
    }

    async fn unfinished(&mut self, unchanged_since: DateTime<Utc>) -> Result<Vec<Organization>, StoreError> {
        let mut found: Vec<Organization> = self
            .organizations
            .iter()
            .filter(|known| {
                matches!(known.status(), OrganizationStatus::Provisioning | OrganizationStatus::Failed)
                    && known.snapshot().updated_at <= unchanged_since
            })
            .cloned()
            .collect();
        found.sort_by_key(|known| (known.snapshot().updated_at, known.id()));
        Ok(found)
    }
}

/// A step that was asked of [`MemoryDatabases`], with the database's name.
pub type DatabaseCall = (ProvisioningStep, String);

/// An error that a step is to answer with.
type Failure = Box<dyn Fn() -> StoreError + Send + Sync>;

#[derive(Default)]
struct Databases {
    owners: BTreeMap<String, OrganizationId>,
    calls: Vec<DatabaseCall>,
    failures: Vec<(ProvisioningStep, Failure)>,
}

/// [`TenantDatabases`] in memory, which can be told to fail.
#[derive(Default)]
pub struct MemoryDatabases(Mutex<Databases>);

impl MemoryDatabases {
    /// The schema version that every migration arrives at.
    pub const SCHEMA_VERSION: i32 = 7;

    /// Lets the step fail every time with that error, until [`MemoryDatabases::heal`].
    pub fn fail_at(&self, step: ProvisioningStep, error: impl Fn() -> StoreError + Send + Sync + 'static) {
        lock(&self.0).failures.push((step, Box::new(error)));
    }

    /// Lets every step work again.
    pub fn heal(&self) {
        lock(&self.0).failures.clear();
    }

    /// Puts a database there that belongs to somebody else.
    pub fn occupy(&self, name: &str, owner: OrganizationId) {
        lock(&self.0).owners.insert(name.to_owned(), owner);
    }

    /// The names of the databases that exist.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        lock(&self.0).owners.keys().cloned().collect()
    }

    /// What was asked so far.
    #[must_use]
    pub fn calls(&self) -> Vec<DatabaseCall> {
        lock(&self.0).calls.clone()
    }

    fn enter(
        &self,
        step: ProvisioningStep,
        organization: &Organization,
    ) -> Result<MutexGuard<'_, Databases>, StoreError> {
        let mut state = lock(&self.0);
        state.calls.push((step, organization.database_name().to_string()));
        match state.failures.iter().find(|(failing, _)| *failing == step) {
            Some((_, failure)) => Err(failure()),
            None => Ok(state),
        }
    }
}

#[async_trait]
impl TenantDatabases for MemoryDatabases {
    async fn create(&self, organization: &Organization) -> Result<(), StoreError> {
        let mut state = self.enter(ProvisioningStep::Create, organization)?;
        let name = organization.database_name().to_string();
        let owner = *state.owners.entry(name).or_insert(organization.id());
        if owner == organization.id() {
            Ok(())
        } else {
            Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE))
        }
    }

    async fn migrate(&self, organization: &Organization) -> Result<i32, StoreError> {
        self.enter(ProvisioningStep::Migrate, organization).map(|_| Self::SCHEMA_VERSION)
    }

    async fn seed(&self, organization: &Organization) -> Result<(), StoreError> {
        self.enter(ProvisioningStep::Seed, organization).map(|_| ())
    }

    async fn probe(&self, organization: &Organization) -> Result<(), StoreError> {
        self.enter(ProvisioningStep::Probe, organization).map(|_| ())
    }

    async fn drop_database(&self, organization: &Organization) -> Result<(), StoreError> {
        let mut state = self.enter(ProvisioningStep::Drop, organization)?;
        state.owners.retain(|name, owner| {
            name != organization.database_name().as_str() || *owner != organization.id()
        });
        Ok(())
    }
}
