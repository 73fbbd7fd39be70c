//! Actions and comments in memory, for tests.

use crate::{
    Action, ActionFilter, ActionListItem, ActionPlanReads, ActionPlanStore, ActionPlanWork, ActionRepository,
    Comment, CommentRepository, CommentTarget, RULE_ACTION_KPI, RULE_ACTION_OWNER, RULE_COMMENT_ACTION,
    RULE_COMMENT_KPI,
};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;
use vigie_jobs::{Outbox, OutboxMessage};
use vigie_kernel::{
    ActionId, AuditEntry, AuditLog, CommentId, Cursor, DashboardId, KpiId, OrganizationId, Page, PageRequest,
    StoreError, TenantContext, UnitOfWork, UserId,
};

/// What the store knows of a KPI.
#[derive(Clone, Debug)]
pub struct MemoryKpi {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its dashboard.
    pub dashboard_id: DashboardId,
    /// The process of its dashboard.
    pub process_name: Option<String>,
}

#[derive(Clone, Default)]
struct State {
    kpis: BTreeMap<KpiId, MemoryKpi>,
    members: BTreeSet<UserId>,
    actions: BTreeMap<ActionId, Action>,
    comments: BTreeMap<CommentId, Comment>,
    outbox: Vec<OutboxMessage>,
    audit: Vec<AuditEntry>,
}

/// An [`ActionPlanStore`] in memory, with a world of its own for each organization. One transaction at a time.
#[derive(Clone, Default)]
pub struct MemoryActionPlans(Arc<Mutex<BTreeMap<OrganizationId, State>>>);

impl MemoryActionPlans {
    /// Puts a KPI into an organization.
    pub fn put_kpi(&self, organization: OrganizationId, id: KpiId, kpi: MemoryKpi) {
        self.lock().entry(organization).or_default().kpis.insert(id, kpi);
    }

    /// Puts a member into an organization.
    pub fn put_member(&self, organization: OrganizationId, member: UserId) {
        self.lock().entry(organization).or_default().members.insert(member);
    }

    /// An organization's audit trail so far.
    #[must_use]
    pub fn audited(&self, organization: OrganizationId) -> Vec<AuditEntry> {
        self.lock().get(&organization).map(|state| state.audit.clone()).unwrap_or_default()
    }

    /// What an organization's units of work have announced.
    #[must_use]
    pub fn announced(&self, organization: OrganizationId) -> Vec<OutboxMessage> {
        self.lock().get(&organization).map(|state| state.outbox.clone()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<OrganizationId, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn copy(&self, tenant: &TenantContext) -> State {
        self.lock().get(&tenant.organization()).cloned().unwrap_or_default()
    }
}

#[async_trait]
impl ActionPlanStore for MemoryActionPlans {
    async fn begin(&self, tenant: &TenantContext) -> Result<Box<dyn ActionPlanWork>, StoreError> {
        let own = self.copy(tenant);
        Ok(Box::new(MemoryWork { store: self.clone(), organization: tenant.organization(), own }))
    }

    async fn read(&self, tenant: &TenantContext) -> Result<Box<dyn ActionPlanReads>, StoreError> {
        Ok(Box::new(self.copy(tenant)))
    }
}

struct MemoryWork {
    store: MemoryActionPlans,
    organization: OrganizationId,
    own: State,
}

#[async_trait]
impl UnitOfWork for MemoryWork {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.store.lock().insert(self.organization, self.own);
        Ok(())
    }
}

impl ActionPlanWork for MemoryWork {
    fn actions(&mut self) -> Box<dyn ActionRepository + '_> {
        Box::new(&mut self.own)
    }

    fn comments(&mut self) -> Box<dyn CommentRepository + '_> {
        Box::new(&mut self.own)
    }

    fn outbox(&mut self) -> Box<dyn Outbox + '_> {
        Box::new(&mut self.own)
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        Box::new(&mut self.own)
    }
}

#[async_trait]
impl Outbox for &mut State {
    async fn add(&mut self, message: &OutboxMessage) -> Result<(), StoreError> {
        self.outbox.push(message.clone());
        Ok(())
    }
}

#[async_trait]
impl AuditLog for &mut State {
    async fn record(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.audit.push(entry.clone());
        Ok(())
    }
}

impl State {
    fn check_owner(&self, action: &Action) -> Result<(), StoreError> {
        match action.snapshot().owner_id {
            Some(owner) if !self.members.contains(&owner) => Err(StoreError::Conflict(RULE_ACTION_OWNER)),
            Some(_) | None => Ok(()),
        }
    }

    fn expect_action(&self, id: ActionId, version: i64) -> Result<(), StoreError> {
        let stored = self.actions.get(&id).map(|stored| stored.snapshot().version);
        if stored == Some(version) { Ok(()) } else { Err(StoreError::Stale) }
    }

    fn expect_comment(&self, id: CommentId, version: i64) -> Result<(), StoreError> {
        let stored = self.comments.get(&id).map(|stored| stored.snapshot().version);
        if stored == Some(version) { Ok(()) } else { Err(StoreError::Stale) }
    }

    fn item(&self, action: &Action) -> Option<ActionListItem> {
        let kpi = self.kpis.get(&action.snapshot().kpi_id)?;
        Some(ActionListItem {
            action: action.clone(),
            kpi_code: kpi.code.clone(),
            kpi_name: kpi.name.clone(),
            dashboard_id: kpi.dashboard_id,
        })
    }

    fn passes(&self, action: &Action, filter: &ActionFilter, today: NaiveDate) -> bool {
        let snapshot = action.snapshot();
        let kpi = self.kpis.get(&snapshot.kpi_id);
        filter.owner.is_none_or(|owner| snapshot.owner_id == Some(owner))
            && filter.status.is_none_or(|status| snapshot.status == status)
            && filter.late.is_none_or(|late| action.late(today) == late)
            && filter.dashboard.is_none_or(|dashboard| kpi.is_some_and(|kpi| kpi.dashboard_id == dashboard))
            && filter
                .process_name
                .as_ref()
                .is_none_or(|process| kpi.is_some_and(|kpi| kpi.process_name.as_ref() == Some(process)))
    }
}

/// One page of what is there, newest first.
fn page<T>(items: Vec<T>, request: &PageRequest, key: impl Fn(&T) -> (DateTime<Utc>, Uuid)) -> Page<T> {
    let text = |item: &T| (key(item).0.to_rfc3339(), key(item).1);
    let after = request.after.as_ref().map(|cursor| (cursor.key.clone(), cursor.id));
    let mut items: Vec<T> =
        items.into_iter().filter(|item| after.as_ref().is_none_or(|after| text(item) < *after)).collect();
    items.sort_by_key(|item| std::cmp::Reverse(key(item)));
    items.truncate(usize::from(request.limit) + 1);
    Page::from_overfull(items, request.limit, |last| Cursor { key: text(last).0, id: text(last).1 })
}

fn action_key(action: &Action) -> (DateTime<Utc>, Uuid) {
    (action.snapshot().created_at, action.snapshot().id.as_uuid())
}

#[async_trait]
impl ActionRepository for &mut State {
    async fn find(&mut self, id: ActionId) -> Result<Option<Action>, StoreError> {
        Ok(self.actions.get(&id).cloned())
    }

    async fn insert(&mut self, action: &Action) -> Result<(), StoreError> {
        if !self.kpis.contains_key(&action.snapshot().kpi_id) {
            return Err(StoreError::Conflict(RULE_ACTION_KPI));
        }
        self.check_owner(action)?;
        self.actions.insert(action.snapshot().id, action.clone());
        Ok(())
    }

    async fn update(&mut self, action: &Action) -> Result<(), StoreError> {
        self.expect_action(action.snapshot().id, action.snapshot().version - 1)?;
        self.check_owner(action)?;
        self.actions.insert(action.snapshot().id, action.clone());
        Ok(())
    }

    async fn delete(&mut self, action: &Action) -> Result<(), StoreError> {
        let id = action.snapshot().id;
        self.expect_action(id, action.snapshot().version)?;
        self.actions.remove(&id);
        self.comments.retain(|_, comment| comment.snapshot().target != CommentTarget::Action(id));
        Ok(())
    }
}

#[async_trait]
impl CommentRepository for &mut State {
    async fn find(&mut self, id: CommentId) -> Result<Option<Comment>, StoreError> {
        Ok(self.comments.get(&id).cloned())
    }

    async fn insert(&mut self, comment: &Comment) -> Result<(), StoreError> {
        match comment.snapshot().target {
            CommentTarget::Kpi(id) if !self.kpis.contains_key(&id) => {
                return Err(StoreError::Conflict(RULE_COMMENT_KPI));
            }
            CommentTarget::Action(id) if !self.actions.contains_key(&id) => {
                return Err(StoreError::Conflict(RULE_COMMENT_ACTION));
            }
            CommentTarget::Kpi(_) | CommentTarget::Action(_) => {}
        }
        self.comments.insert(comment.snapshot().id, comment.clone());
        Ok(())
    }

    async fn update(&mut self, comment: &Comment) -> Result<(), StoreError> {
        self.expect_comment(comment.snapshot().id, comment.snapshot().version - 1)?;
        self.comments.insert(comment.snapshot().id, comment.clone());
        Ok(())
    }

    async fn delete(&mut self, comment: &Comment) -> Result<(), StoreError> {
        self.expect_comment(comment.snapshot().id, comment.snapshot().version)?;
        self.comments.remove(&comment.snapshot().id);
        Ok(())
    }
}

#[async_trait]
impl ActionPlanReads for State {
    async fn action(&mut self, id: ActionId) -> Result<Option<Action>, StoreError> {
        Ok(self.actions.get(&id).cloned())
    }

    async fn actions_of_kpi(
        &mut self,
        kpi: KpiId,
        request: &PageRequest,
    ) -> Result<Page<Action>, StoreError> {
        let found = self.actions.values().filter(|action| action.snapshot().kpi_id == kpi).cloned().collect();
        Ok(page(found, request, action_key))
    }

    async fn actions(
        &mut self,
        filter: &ActionFilter,
        today: NaiveDate,
        request: &PageRequest,
    ) -> Result<Page<ActionListItem>, StoreError> {
        let passing = self.actions.values().filter(|action| self.passes(action, filter, today));
        let found = passing.filter_map(|action| self.item(action)).collect();
        Ok(page(found, request, |item: &ActionListItem| action_key(&item.action)))
    }

    async fn comments(
        &mut self,
        target: CommentTarget,
        request: &PageRequest,
    ) -> Result<Page<Comment>, StoreError> {
        let found =
            self.comments.values().filter(|comment| comment.snapshot().target == target).cloned().collect();
        Ok(page(found, request, |comment: &Comment| {
            (comment.snapshot().created_at, comment.snapshot().id.as_uuid())
        }))
    }

    async fn kpi_exists(&mut self, id: KpiId) -> Result<bool, StoreError> {
        Ok(self.kpis.contains_key(&id))
    }

    async fn action_exists(&mut self, id: ActionId) -> Result<bool, StoreError> {
        Ok(self.actions.contains_key(&id))
    }
}
