//! The control database in memory, as far as tenancy is concerned.

use super::work::MemoryWork;
use super::{Faults, lock};
use crate::{
    ListOperations, ListOrganizations, Operation, OperationState, Organization, OrganizationOrder,
    OrganizationReads, OrganizationStatus, OrganizationStore, OrganizationWork,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use uuid::Uuid;
use vigie_kernel::{
    AuditEntry, Cursor, OperationId, OrganizationId, Page, PageRequest, Slug, StoreError, UserId,
};

#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) organizations: Vec<Organization>,
    pub(super) domains: BTreeMap<String, OrganizationId>,
    pub(super) operations: Vec<Operation>,
    /// Address and whether there is a password.
    pub(super) accounts: BTreeMap<UserId, (String, bool)>,
    pub(super) owners: Vec<(OrganizationId, UserId)>,
    pub(super) tokens: Vec<UserId>,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) commits: u64,
}

/// An [`OrganizationStore`] in memory. Transactions see their own writes; a commit after somebody else's write is stale.
#[derive(Clone)]
pub struct MemoryOrganizations {
    pub(super) state: Arc<Mutex<State>>,
    reads: Arc<Mutex<u32>>,
    faults: Faults,
}

impl MemoryOrganizations {
    /// An empty control database.
    #[must_use]
    pub fn new(faults: Faults) -> Self {
        Self { state: Arc::default(), reads: Arc::default(), faults }
    }

    /// Puts an organization in as it is, over one with the same id.
    pub fn put(&self, organization: Organization) {
        let mut state = lock(&self.state);
        state.organizations.retain(|known| known.id() != organization.id());
        state.organizations.push(organization);
    }

    /// Gives an address an account that has a password.
    pub fn put_account(&self, user: UserId, email: &str) {
        lock(&self.state).accounts.insert(user, (email.to_owned(), true));
    }

    /// Makes an account the owner of an organization.
    pub fn put_owner(&self, organization: OrganizationId, user: UserId) {
        lock(&self.state).owners.push((organization, user));
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

    /// The addresses that have an account.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        lock(&self.state).accounts.values().map(|(email, _)| email.clone()).collect()
    }

    /// Every organization.
    #[must_use]
    pub fn all(&self) -> Vec<Organization> {
        lock(&self.state).organizations.clone()
    }

    /// Every operation.
    #[must_use]
    pub fn all_operations(&self) -> Vec<Operation> {
        lock(&self.state).operations.clone()
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
        let own = lock(&self.state).clone();
        Ok(Box::new(MemoryWork { shared: Arc::clone(&self.state), own, faults: self.faults.clone() }))
    }

    async fn read(&self) -> Result<Box<dyn OrganizationReads>, StoreError> {
        *lock(&self.reads) += 1;
        Ok(Box::new(lock(&self.state).clone()))
    }

    async fn take_operation(
        &self,
        id: OperationId,
        holder: Uuid,
        now: DateTime<Utc>,
        failed_too: bool,
    ) -> Result<Option<Operation>, StoreError> {
        let taken = {
            let mut state = lock(&self.state);
            let found = state.operations.iter_mut().find(|known| {
                let open = match known.state() {
                    OperationState::Running | OperationState::Undoing => true,
                    OperationState::Failed => failed_too,
                    OperationState::Succeeded | OperationState::Undone => false,
                };
                known.id() == id && open && !known.is_held(now)
            });
            found.map(|known| {
                *known = known.clone().taken_by(holder, now);
                known.clone()
            })
        };
        lock(&self.state).commits += u64::from(taken.is_some());
        self.faults.point("after taking").await;
        Ok(taken)
    }

    async fn record(&self, operation: &Operation) -> Result<(), StoreError> {
        self.faults.point("before recording").await;
        let recorded = {
            let mut state = lock(&self.state);
            let saved = state.save(operation);
            state.commits += u64::from(saved.is_ok());
            saved
        };
        self.faults.point("after recording").await;
        recorded
    }

    async fn prolong(&self, operation: &Operation, until: DateTime<Utc>) -> Result<(), StoreError> {
        let mut state = lock(&self.state);
        let known = state.held(operation)?;
        let mut snapshot = known.snapshot().clone();
        snapshot.lease_until = Some(until);
        *known = Operation::restore(snapshot);
        Ok(())
    }
}

impl State {
    pub(super) fn get(&self, id: OrganizationId) -> Option<Organization> {
        self.organizations.iter().find(|known| known.id() == id).cloned()
    }

    /// The stored operation, under the fence of the given one.
    fn held(&mut self, operation: &Operation) -> Result<&mut Operation, StoreError> {
        let fence = operation.snapshot().fence;
        let fits = |known: &&mut Operation| known.id() == operation.id() && known.snapshot().fence == fence;
        self.operations.iter_mut().find(fits).ok_or(StoreError::Stale)
    }

    pub(super) fn save(&mut self, operation: &Operation) -> Result<(), StoreError> {
        *self.held(operation)? = operation.clone();
        Ok(())
    }

    fn is_attended(&self, id: OrganizationId) -> bool {
        self.operations
            .iter()
            .any(|operation| operation.organization() == id && !operation.state().is_ended())
    }
}

fn fits(filter: &ListOrganizations, organization: &Organization) -> bool {
    let it = organization.snapshot();
    let status = match filter.status {
        Some(status) => it.status == status,
        None => it.status != OrganizationStatus::Deleted,
    };
    let search = filter.search.as_ref().map(|text| text.to_lowercase());
    let named = |text: String| it.slug.as_str().contains(&text) || it.name.to_lowercase().contains(&text);
    // There are no samples here: nobody has a health.
    let health = filter.health.is_none();
    status && health && filter.plan.is_none_or(|plan| it.plan == plan) && search.is_none_or(named)
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
        let mut found: Vec<Organization> =
            self.organizations.iter().filter(|known| fits(filter, known)).cloned().collect();
        let key = |known: &Organization| match filter.order {
            OrganizationOrder::Slug => known.snapshot().slug.to_string(),
            OrganizationOrder::Newest => known.snapshot().created_at.to_rfc3339(),
        };
        found.sort_by_key(|known| (key(known), known.id()));
        if filter.order == OrganizationOrder::Newest {
            found.reverse();
        }
        if let Some(after) = &page.after {
            let place = found.iter().position(|known| known.id().as_uuid() == after.id);
            found.drain(..place.map_or(0, |place| place + 1));
        }
        found.truncate(usize::from(page.limit) + 1);
        Ok(Page::from_overfull(found, page.limit, |last| Cursor { key: key(last), id: last.id().as_uuid() }))
    }

    async fn domains(
        &mut self,
        organizations: &[OrganizationId],
    ) -> Result<Vec<(OrganizationId, String)>, StoreError> {
        let wanted = self.domains.iter().filter(|(_, owner)| organizations.contains(owner));
        Ok(wanted.map(|(domain, owner)| (*owner, domain.clone())).collect())
    }

    async fn has_owner(&mut self, id: OrganizationId) -> Result<bool, StoreError> {
        Ok(self
            .owners
            .iter()
            .any(|(organization, user)| *organization == id && self.accounts.contains_key(user)))
    }

    async fn unattended(&mut self, unchanged_since: DateTime<Utc>) -> Result<Vec<Organization>, StoreError> {
        let mut found: Vec<Organization> = self
            .organizations
            .iter()
            .filter(|known| {
                matches!(known.status(), OrganizationStatus::Provisioning | OrganizationStatus::Failed)
                    && known.snapshot().updated_at <= unchanged_since
                    && !self.is_attended(known.id())
            })
            .cloned()
            .collect();
        found.sort_by_key(|known| (known.snapshot().updated_at, known.id()));
        Ok(found)
    }

    async fn operation(&mut self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        Ok(self.operations.iter().find(|known| known.id() == id).cloned())
    }

    async fn operation_by_key(&mut self, scope: &str, key: &str) -> Result<Option<Operation>, StoreError> {
        let fits = |known: &&Operation| {
            known.snapshot().key.as_ref().is_some_and(|own| own.scope == scope && own.key == key)
        };
        Ok(self.operations.iter().find(fits).cloned())
    }

    async fn operations(
        &mut self,
        filter: &ListOperations,
        page: &PageRequest,
    ) -> Result<Page<Operation>, StoreError> {
        let mut found: Vec<Operation> = self
            .operations
            .iter()
            .filter(|known| filter.organization.is_none_or(|id| known.organization() == id))
            .filter(|known| filter.state.is_none_or(|state| known.state() == state))
            .cloned()
            .collect();
        found.sort_by_key(|known| std::cmp::Reverse((known.snapshot().created_at, known.id())));
        if let Some(after) = &page.after {
            let place = found.iter().position(|known| known.id().as_uuid() == after.id);
            found.drain(..place.map_or(0, |place| place + 1));
        }
        found.truncate(usize::from(page.limit) + 1);
        Ok(Page::from_overfull(found, page.limit, |last| Cursor {
            key: last.snapshot().created_at.to_rfc3339(),
            id: last.id().as_uuid(),
        }))
    }

    async fn due_operations(
        &mut self,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<OperationId>, StoreError> {
        let mut due: Vec<&Operation> = self.operations.iter().filter(|known| known.is_due(now)).collect();
        due.sort_by_key(|known| known.snapshot().updated_at);
        Ok(due.into_iter().take(usize::from(limit)).map(Operation::id).collect())
    }
}
