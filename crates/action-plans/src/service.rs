//! The use cases of actions and comments.

use crate::{
    Action, ActionFilter, ActionGiven, ActionHint, ActionListItem, ActionPlanError, ActionPlanStore,
    ChangeAction, ChangeComment, Comment, CommentTarget, CommentWritten, CreateAction, NewAction,
    WriteComment,
};
use async_trait::async_trait;
use chrono::NaiveDate;
use serde_json::{Value, json};
use std::sync::Arc;
use vigie_jobs::{Job, OutboxMessage};
use vigie_kernel::{
    ActionId, AuditEntry, Clock, CommentId, IdSource, KpiId, Page, PageRequest, Permission, StoreError,
    TenantContext,
};

/// What was accepted but deserves a second look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionWarning {
    /// The due date that was given lies in the past: right for a history, else probably a slip.
    DueDatePast,
}

impl ActionWarning {
    /// The stable name, as in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DueDatePast => "DUE_DATE_PAST",
        }
    }
}

/// An action after it was created or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionOutcome {
    /// The action as it is now.
    pub action: Action,
    /// What deserves a second look.
    pub warnings: Vec<ActionWarning>,
}

impl ActionOutcome {
    fn of(action: Action, given_due: Option<NaiveDate>, today: NaiveDate) -> Self {
        let past = given_due.is_some_and(|due| due < today);
        Self { action, warnings: if past { vec![ActionWarning::DueDatePast] } else { Vec::new() } }
    }

    /// What the action suggests, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<ActionHint> {
        self.action.hint()
    }
}

/// Actions and comments of the caller's organization.
///
/// Everything needs [`Permission::DashboardRead`] to read. Lists are newest first. What belongs to another organization
/// is not found.
#[async_trait]
pub trait ActionPlanService: Send + Sync {
    /// Creates an action on a KPI. Needs [`Permission::ActionCreate`].
    async fn create_action(
        &self,
        tenant: &TenantContext,
        command: CreateAction,
    ) -> Result<ActionOutcome, ActionPlanError>;

    /// The actions on a KPI; [`ActionPlanError::KpiNotFound`] when it does not exist.
    async fn actions_of_kpi(
        &self,
        tenant: &TenantContext,
        kpi: KpiId,
        page: &PageRequest,
    ) -> Result<Page<Action>, ActionPlanError>;

    /// The actions on all KPIs.
    async fn actions(
        &self,
        tenant: &TenantContext,
        filter: &ActionFilter,
        page: &PageRequest,
    ) -> Result<Page<ActionListItem>, ActionPlanError>;

    /// One action.
    async fn action(&self, tenant: &TenantContext, id: ActionId) -> Result<Action, ActionPlanError>;

    /// Changes an action. Needs [`Permission::ActionChange`], or [`Permission::ActionChangeOwn`] from the member who
    /// created or carries it.
    async fn change_action(
        &self,
        tenant: &TenantContext,
        id: ActionId,
        command: ChangeAction,
    ) -> Result<ActionOutcome, ActionPlanError>;

    /// Deletes an action and its comments. Needs [`Permission::ActionChange`].
    async fn delete_action(
        &self,
        tenant: &TenantContext,
        id: ActionId,
        expected_version: Option<i64>,
    ) -> Result<(), ActionPlanError>;

    /// Writes a comment on a KPI or an action. Needs [`Permission::CommentWrite`].
    async fn write_comment(
        &self,
        tenant: &TenantContext,
        command: WriteComment,
    ) -> Result<Comment, ActionPlanError>;

    /// The comments on a KPI or an action; an error when it does not exist.
    async fn comments(
        &self,
        tenant: &TenantContext,
        target: CommentTarget,
        page: &PageRequest,
    ) -> Result<Page<Comment>, ActionPlanError>;

    /// Changes a comment of one's own. Needs [`Permission::CommentWrite`].
    async fn change_comment(
        &self,
        tenant: &TenantContext,
        command: ChangeComment,
    ) -> Result<Comment, ActionPlanError>;

    /// Deletes a comment of one's own ([`Permission::CommentWrite`]) or anybody's ([`Permission::CommentModerate`]).
    async fn delete_comment(
        &self,
        tenant: &TenantContext,
        id: CommentId,
        expected_version: Option<i64>,
    ) -> Result<(), ActionPlanError>;
}

/// The one implementation of [`ActionPlanService`].
pub struct ActionPlans {
    store: Arc<dyn ActionPlanStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl ActionPlans {
    /// The service on a store.
    #[must_use]
    pub fn new(store: Arc<dyn ActionPlanStore>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { store, clock, ids }
    }

    fn announcement<J: Job>(&self, tenant: &TenantContext, job: &J) -> Result<OutboxMessage, StoreError> {
        OutboxMessage::announce(self.ids.next(), job, self.clock.now(), tenant.request_id())
    }

    fn audit_action(
        &self,
        tenant: &TenantContext,
        what: &'static str,
        id: ActionId,
        details: Value,
    ) -> AuditEntry {
        self.audit(tenant, what, "action", id.as_uuid(), details)
    }

    fn audit(
        &self,
        tenant: &TenantContext,
        action: &'static str,
        subject_kind: &'static str,
        subject_id: uuid::Uuid,
        details: Value,
    ) -> AuditEntry {
        AuditEntry {
            id: self.ids.next(),
            at: self.clock.now(),
            actor: Some(tenant.actor()),
            action,
            subject_kind,
            subject_id,
            request_id: tenant.request_id().to_owned(),
            details,
        }
    }
}

fn check_version(expected: Option<i64>, actual: i64) -> Result<(), ActionPlanError> {
    match expected {
        Some(expected) if expected != actual => Err(ActionPlanError::ChangedMeanwhile),
        Some(_) | None => Ok(()),
    }
}

#[async_trait]
impl ActionPlanService for ActionPlans {
    async fn create_action(
        &self,
        tenant: &TenantContext,
        command: CreateAction,
    ) -> Result<ActionOutcome, ActionPlanError> {
        tenant.require(Permission::ActionCreate)?;
        let now = self.clock.now();
        let new = NewAction { id: self.ids.next(), by: tenant.actor(), at: now };
        let action = Action::create(&command, new)?;
        let details = json!({ "kpi_id": command.kpi_id, "status": action.snapshot().status.name() });
        let entry = self.audit_action(tenant, "action.created", new.id, details);
        let mut work = self.store.begin(tenant).await?;
        work.actions().insert(&action).await?;
        if let Some(given) = ActionGiven::since(None, &action, tenant.actor(), now) {
            work.outbox().add(&self.announcement(tenant, &given)?).await?;
        }
        work.audit().record(&entry).await?;
        work.commit().await?;
        Ok(ActionOutcome::of(action, command.due_date, tenant.today(now)))
    }

    async fn actions_of_kpi(
        &self,
        tenant: &TenantContext,
        kpi: KpiId,
        page: &PageRequest,
    ) -> Result<Page<Action>, ActionPlanError> {
        tenant.require(Permission::DashboardRead)?;
        let mut reads = self.store.read(tenant).await?;
        let found = reads.actions_of_kpi(kpi, page).await?;
        if found.items.is_empty() && !reads.kpi_exists(kpi).await? {
            return Err(ActionPlanError::KpiNotFound);
        }
        Ok(found)
    }

    async fn actions(
        &self,
        tenant: &TenantContext,
        filter: &ActionFilter,
        page: &PageRequest,
    ) -> Result<Page<ActionListItem>, ActionPlanError> {
        tenant.require(Permission::DashboardRead)?;
        let today = tenant.today(self.clock.now());
        Ok(self.store.read(tenant).await?.actions(filter, today, page).await?)
    }

    async fn action(&self, tenant: &TenantContext, id: ActionId) -> Result<Action, ActionPlanError> {
        tenant.require(Permission::DashboardRead)?;
        let found = self.store.read(tenant).await?.action(id).await?;
        found.ok_or(ActionPlanError::ActionNotFound)
    }

    async fn change_action(
        &self,
        tenant: &TenantContext,
        id: ActionId,
        command: ChangeAction,
    ) -> Result<ActionOutcome, ActionPlanError> {
        tenant.require(Permission::DashboardRead)?;
        let now = self.clock.now();
        let mut work = self.store.begin(tenant).await?;
        let mut action = work.actions().find(id).await?.ok_or(ActionPlanError::ActionNotFound)?;
        let own = action.belongs_to(tenant.actor());
        tenant.require_or_own(Permission::ActionChange, Permission::ActionChangeOwn, own)?;
        check_version(command.expected_version, action.snapshot().version)?;
        let (before, owner_before) = (action.snapshot().status, action.snapshot().owner_id);
        let change = action.change(&command, tenant.actor(), now)?;
        if !change.is_none() {
            let mut details = json!({ "fields": change.fields });
            if change.touches("status") {
                details["status"] = json!({ "from": before.name(), "to": action.snapshot().status.name() });
            }
            work.actions().update(&action).await?;
            if let Some(given) = ActionGiven::since(owner_before, &action, tenant.actor(), now) {
                work.outbox().add(&self.announcement(tenant, &given)?).await?;
            }
            let entry = self.audit_action(tenant, "action.changed", id, details);
            work.audit().record(&entry).await?;
            work.commit().await?;
        }
        let given_due = action.snapshot().due_date.filter(|_| change.touches("due_date"));
        Ok(ActionOutcome::of(action, given_due, tenant.today(now)))
    }

    async fn delete_action(
        &self,
        tenant: &TenantContext,
        id: ActionId,
        expected_version: Option<i64>,
    ) -> Result<(), ActionPlanError> {
        tenant.require(Permission::DashboardRead)?;
        let mut work = self.store.begin(tenant).await?;
        let action = work.actions().find(id).await?.ok_or(ActionPlanError::ActionNotFound)?;
        tenant.require(Permission::ActionChange)?;
        check_version(expected_version, action.snapshot().version)?;
        work.actions().delete(&action).await?;
        let details =
            json!({ "kpi_id": action.snapshot().kpi_id, "status": action.snapshot().status.name() });
        let entry = self.audit_action(tenant, "action.deleted", id, details);
        work.audit().record(&entry).await?;
        Ok(work.commit().await?)
    }

    async fn write_comment(
        &self,
        tenant: &TenantContext,
        command: WriteComment,
    ) -> Result<Comment, ActionPlanError> {
        tenant.require(Permission::CommentWrite)?;
        let id = self.ids.next();
        let now = self.clock.now();
        let comment = Comment::write(id, command.target, tenant.actor(), &command.content, now)?;
        let written = CommentWritten { comment: id, by: tenant.actor(), at: now };
        let mut work = self.store.begin(tenant).await?;
        work.comments().insert(&comment).await?;
        work.outbox().add(&self.announcement(tenant, &written)?).await?;
        work.commit().await?;
        Ok(comment)
    }

    async fn comments(
        &self,
        tenant: &TenantContext,
        target: CommentTarget,
        page: &PageRequest,
    ) -> Result<Page<Comment>, ActionPlanError> {
        tenant.require(Permission::DashboardRead)?;
        let mut reads = self.store.read(tenant).await?;
        let found = reads.comments(target, page).await?;
        if found.items.is_empty() {
            match target {
                CommentTarget::Kpi(id) if !reads.kpi_exists(id).await? => {
                    return Err(ActionPlanError::KpiNotFound);
                }
                CommentTarget::Action(id) if !reads.action_exists(id).await? => {
                    return Err(ActionPlanError::ActionNotFound);
                }
                CommentTarget::Kpi(_) | CommentTarget::Action(_) => {}
            }
        }
        Ok(found)
    }

    async fn change_comment(
        &self,
        tenant: &TenantContext,
        command: ChangeComment,
    ) -> Result<Comment, ActionPlanError> {
        tenant.require(Permission::CommentWrite)?;
        let mut work = self.store.begin(tenant).await?;
        let mut comment = work.comments().find(command.id).await?.ok_or(ActionPlanError::CommentNotFound)?;
        if comment.snapshot().author_id != tenant.actor() {
            return Err(ActionPlanError::NotTheAuthor);
        }
        check_version(command.expected_version, comment.snapshot().version)?;
        if comment.rewrite(&command.content, self.clock.now())? {
            work.comments().update(&comment).await?;
            work.commit().await?;
        }
        Ok(comment)
    }

    async fn delete_comment(
        &self,
        tenant: &TenantContext,
        id: CommentId,
        expected_version: Option<i64>,
    ) -> Result<(), ActionPlanError> {
        tenant.require(Permission::DashboardRead)?;
        let mut work = self.store.begin(tenant).await?;
        let comment = work.comments().find(id).await?.ok_or(ActionPlanError::CommentNotFound)?;
        let own = comment.snapshot().author_id == tenant.actor();
        tenant.require_or_own(Permission::CommentModerate, Permission::CommentWrite, own)?;
        check_version(expected_version, comment.snapshot().version)?;
        work.comments().delete(&comment).await?;
        let details = match comment.snapshot().target {
            CommentTarget::Kpi(kpi) => json!({ "kpi_id": kpi, "own": own }),
            CommentTarget::Action(action) => json!({ "action_id": action, "own": own }),
        };
        let entry = self.audit(tenant, "comment.deleted", "comment", id.as_uuid(), details);
        work.audit().record(&entry).await?;
        Ok(work.commit().await?)
    }
}
