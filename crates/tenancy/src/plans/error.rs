//! What can go wrong with plans.

use thiserror::Error;
use vigie_kernel::{FieldError, FieldErrors, PermissionDenied, StoreError};

/// Why something was not done with a plan.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The caller lacks a permission (403).
    #[error(transparent)]
    Denied(#[from] PermissionDenied),
    /// The content is not acceptable; every error at once (422).
    #[error(transparent)]
    Invalid(#[from] FieldErrors),
    /// There is no such organization (404).
    #[error("no such organization")]
    NotFound,
    /// The organization is not at the version that the caller expects, or another writer came first (412).
    #[error("changed meanwhile")]
    ChangedMeanwhile,
    /// The store did not do it.
    #[error(transparent)]
    Store(StoreError),
}

impl From<FieldError> for PlanError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error.into())
    }
}

impl From<StoreError> for PlanError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::ChangedMeanwhile,
            error @ (StoreError::Conflict(_)
            | StoreError::TenantUnavailable(_)
            | StoreError::Unavailable(_)
            | StoreError::Broken(_)) => Self::Store(error),
        }
    }
}
