//! What each domain error is told as. One arm for each variant, so that a new one is decided about.

use super::{ApiError, Code};
use vigie_action_plans::ActionPlanError;
use vigie_kernel::{FieldError, StoreError};

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Stale => Self::new(Code::ChangedMeanwhile),
            StoreError::TenantUnavailable(_) => Self::caused(Code::TenantUnavailable, error).retry_after(5),
            StoreError::Unavailable(_) => Self::caused(Code::ServiceUnavailable, error).retry_after(5),
            StoreError::Conflict(_) | StoreError::Broken(_) => Self::caused(Code::Internal, error),
        }
    }
}

impl From<ActionPlanError> for ApiError {
    fn from(error: ActionPlanError) -> Self {
        match error {
            ActionPlanError::Denied(denied) => Self::caused(Code::Forbidden, denied),
            ActionPlanError::NotTheAuthor => Self::new(Code::NotTheAuthor),
            ActionPlanError::Invalid(errors) => Self::invalid(errors),
            ActionPlanError::KpiNotFound => Self::new(Code::KpiNotFound),
            ActionPlanError::ActionNotFound => Self::new(Code::ActionNotFound),
            ActionPlanError::CommentNotFound => Self::new(Code::CommentNotFound),
            ActionPlanError::Transition { from, to } => Self::field(
                Code::ActionTransition,
                FieldError::new("status", "action_transition").with("from", from.name()).with("to", to.name()),
            ),
            ActionPlanError::ChangedMeanwhile => Self::new(Code::ChangedMeanwhile),
            ActionPlanError::Store(error) => error.into(),
        }
    }
}
