//! What actions and comments need from a database.

use crate::{Action, ActionStatus, Comment, CommentTarget};
use async_trait::async_trait;
use chrono::NaiveDate;
use vigie_jobs::Outbox;
use vigie_kernel::{
    ActionId, AuditLog, CommentId, DashboardId, KpiId, Page, PageRequest, Rule, StoreError, TenantContext,
    UnitOfWork, UserId,
};

/// An action's KPI exists (foreign key).
pub const RULE_ACTION_KPI: Rule = Rule("action_kpi");
/// An action's owner is a member of the organization (foreign key).
pub const RULE_ACTION_OWNER: Rule = Rule("action_owner");
/// The KPI that a comment is about exists (foreign key).
pub const RULE_COMMENT_KPI: Rule = Rule("comment_kpi");
/// The action that a comment is about exists (foreign key).
pub const RULE_COMMENT_ACTION: Rule = Rule("comment_action");

/// Which actions of the organization are wanted; `None` does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionFilter {
    /// Carried by this member.
    pub owner: Option<UserId>,
    /// With this status.
    pub status: Option<ActionStatus>,
    /// Late (`true`) or not late (`false`), as [`Action::late`] tells it.
    pub late: Option<bool>,
    /// On KPIs of this dashboard.
    pub dashboard: Option<DashboardId>,
    /// On KPIs of dashboards of the process with exactly this name.
    pub process_name: Option<String>,
}

/// An action with what a list over all KPIs shows of its KPI.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionListItem {
    /// The action.
    pub action: Action,
    /// The KPI's code.
    pub kpi_code: String,
    /// The KPI's name.
    pub kpi_name: String,
    /// The dashboard that shows the KPI.
    pub dashboard_id: DashboardId,
}

/// The actions and comments of the organizations.
#[async_trait]
pub trait ActionPlanStore: Send + Sync {
    /// Opens a transaction on the organization's database.
    async fn begin(&self, tenant: &TenantContext) -> Result<Box<dyn ActionPlanWork>, StoreError>;

    /// Opens a reader that needs no transaction.
    async fn read(&self, tenant: &TenantContext) -> Result<Box<dyn ActionPlanReads>, StoreError>;
}

/// A transaction on the actions and comments of one organization.
pub trait ActionPlanWork: UnitOfWork {
    /// The actions.
    fn actions(&mut self) -> Box<dyn ActionRepository + '_>;
    /// The comments.
    fn comments(&mut self) -> Box<dyn CommentRepository + '_>;
    /// Announces jobs.
    fn outbox(&mut self) -> Box<dyn Outbox + '_>;
    /// The audit trail.
    fn audit(&mut self) -> Box<dyn AuditLog + '_>;
}

/// The actions, inside a transaction.
#[async_trait]
pub trait ActionRepository: Send {
    /// The action, or `None`.
    async fn find(&mut self, id: ActionId) -> Result<Option<Action>, StoreError>;
    /// Adds an action. Conflicts: [`RULE_ACTION_KPI`], [`RULE_ACTION_OWNER`].
    async fn insert(&mut self, action: &Action) -> Result<(), StoreError>;
    /// Stores an action over its previous version; [`StoreError::Stale`] when that is not the stored one.
    /// Conflicts: [`RULE_ACTION_OWNER`].
    async fn update(&mut self, action: &Action) -> Result<(), StoreError>;
    /// Deletes an action at its version, and its comments; [`StoreError::Stale`] when that is not the stored one.
    async fn delete(&mut self, action: &Action) -> Result<(), StoreError>;
}

/// The comments, inside a transaction.
#[async_trait]
pub trait CommentRepository: Send {
    /// The comment, or `None`.
    async fn find(&mut self, id: CommentId) -> Result<Option<Comment>, StoreError>;
    /// Adds a comment. Conflicts: [`RULE_COMMENT_KPI`], [`RULE_COMMENT_ACTION`].
    async fn insert(&mut self, comment: &Comment) -> Result<(), StoreError>;
    /// Stores a comment over its previous version; [`StoreError::Stale`] when that is not the stored one.
    async fn update(&mut self, comment: &Comment) -> Result<(), StoreError>;
    /// Deletes a comment at its version; [`StoreError::Stale`] when that is not the stored one.
    async fn delete(&mut self, comment: &Comment) -> Result<(), StoreError>;
}

/// Reading without a transaction. Lists are newest first: by `created_at`, then by id, both descending.
#[async_trait]
pub trait ActionPlanReads: Send {
    /// The action, or `None`.
    async fn action(&mut self, id: ActionId) -> Result<Option<Action>, StoreError>;
    /// The actions on a KPI; empty when there is no such KPI.
    async fn actions_of_kpi(&mut self, kpi: KpiId, page: &PageRequest) -> Result<Page<Action>, StoreError>;
    /// The actions on all KPIs; `today` decides which are late.
    async fn actions(
        &mut self,
        filter: &ActionFilter,
        today: NaiveDate,
        page: &PageRequest,
    ) -> Result<Page<ActionListItem>, StoreError>;
    /// The comments on a KPI or an action (a KPI's list does not hold its actions' comments); empty when it is absent.
    async fn comments(
        &mut self,
        target: CommentTarget,
        page: &PageRequest,
    ) -> Result<Page<Comment>, StoreError>;
    /// Whether the organization has that KPI. Asked only when a list came back empty.
    async fn kpi_exists(&mut self, id: KpiId) -> Result<bool, StoreError>;
    /// Whether the organization has that action. Asked only when a list came back empty.
    async fn action_exists(&mut self, id: ActionId) -> Result<bool, StoreError>;
}
