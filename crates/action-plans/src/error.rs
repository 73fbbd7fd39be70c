//! What can go wrong with actions and comments.

use crate::ActionStatus;
use crate::ports::{RULE_ACTION_KPI, RULE_ACTION_OWNER, RULE_COMMENT_ACTION, RULE_COMMENT_KPI};
use thiserror::Error;
use vigie_kernel::{FieldError, FieldErrors, PermissionDenied, StoreError};

/// Why an action or a comment was not read or changed.
#[derive(Debug, Error)]
pub enum ActionPlanError {
    /// The caller lacks a permission (403).
    #[error(transparent)]
    Denied(#[from] PermissionDenied),
    /// The caller changes somebody else's comment, which nobody may (403).
    #[error("only its author changes a comment")]
    NotTheAuthor,
    /// The content is not acceptable; every error at once (422).
    #[error(transparent)]
    Invalid(#[from] FieldErrors),
    /// The organization has no such KPI (404).
    #[error("no such KPI")]
    KpiNotFound,
    /// The organization has no such action (404).
    #[error("no such action")]
    ActionNotFound,
    /// The organization has no such comment (404).
    #[error("no such comment")]
    CommentNotFound,
    /// An action does not go from the one status to the other (409).
    #[error("an action does not go from {} to {}", from.name(), to.name())]
    Transition {
        /// The status that the action has.
        from: ActionStatus,
        /// The status that was asked for.
        to: ActionStatus,
    },
    /// The version that the caller named is not the current one, or another writer came first (412).
    #[error("changed meanwhile")]
    ChangedMeanwhile,
    /// The store did not do it.
    #[error(transparent)]
    Store(StoreError),
}

impl From<FieldError> for ActionPlanError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error.into())
    }
}

impl From<StoreError> for ActionPlanError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(RULE_ACTION_KPI | RULE_COMMENT_KPI) => Self::KpiNotFound,
            StoreError::Conflict(RULE_COMMENT_ACTION) => Self::ActionNotFound,
            StoreError::Conflict(RULE_ACTION_OWNER) => FieldError::new("owner_id", "owner_no_access").into(),
            StoreError::Stale => Self::ChangedMeanwhile,
            error @ (StoreError::Conflict(_)
            | StoreError::TenantUnavailable(_)
            | StoreError::Unavailable(_)
            | StoreError::Broken(_)) => Self::Store(error),
        }
    }
}
