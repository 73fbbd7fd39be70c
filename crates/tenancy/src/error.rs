//! What can go wrong with organizations.

use crate::ports::{RULE_ORGANIZATION_DOMAIN, RULE_ORGANIZATION_SLUG, RULE_OWNER_EMAIL};
use crate::{OperationState, OrganizationStatus};
use thiserror::Error;
use vigie_kernel::{FieldErrors, StoreError};

/// Why something was not done with an organization.
#[derive(Debug, Error)]
pub enum TenancyError {
    /// The content is not acceptable; every error at once (422).
    #[error(transparent)]
    Invalid(#[from] FieldErrors),
    /// A request names an organization that is not there, or not any more (404 `tenant_unknown`).
    #[error("no such organization")]
    TenantUnknown,
    /// Two sources of a request name different organizations (400 `tenant_conflict`).
    #[error("the request names two organizations")]
    TenantConflict,
    /// There is no organization with that id (404).
    #[error("no such organization")]
    NotFound,
    /// Another organization has the slug, or had it lately (409 `slug_taken`).
    #[error("the slug is taken")]
    SlugTaken,
    /// An organization does not go from the one status to the other (409).
    #[error("an organization does not go from {} to {}", from.name(), to.name())]
    Transition {
        /// The status that the organization has.
        from: OrganizationStatus,
        /// The status that it was to get.
        to: OrganizationStatus,
    },
    /// Another writer came first (409).
    #[error("changed meanwhile")]
    ChangedMeanwhile,
    /// Another organization has the domain (409 `domain_taken`).
    #[error("the domain is taken")]
    DomainTaken,
    /// Somebody has an account with the owner's address (409 `email_taken`). Told to who signs up only.
    #[error("the address is taken")]
    EmailTaken,
    /// Something else was asked for under this key (422 `idempotency_key_reused`).
    #[error("something else was asked for under this key")]
    KeyReused,
    /// There is no operation with that id (404).
    #[error("no such operation")]
    OperationNotFound,
    /// There is no run of migrations with that id (404).
    #[error("no such run of migrations")]
    RunNotFound,
    /// The operation has ended: there is nothing to retry or to undo (409).
    #[error("the operation has ended: {0}")]
    OperationEnded(OperationState),
    /// A process works on the operation now (409).
    #[error("the operation is under way")]
    OperationHeld,
    /// What was found cannot be repaired, only restored by the operator.
    #[error("it cannot be repaired: {0}")]
    NotRepairable(&'static str),
    /// No token for the owner could be made.
    #[error("no token could be made")]
    Token(#[source] vigie_kernel::BoxError),
    /// The configured prefix of database names is none.
    #[error(transparent)]
    Prefix(#[from] crate::DatabaseNameError),
    /// The control database did not do it.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for TenancyError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(RULE_ORGANIZATION_SLUG) => Self::SlugTaken,
            StoreError::Conflict(RULE_ORGANIZATION_DOMAIN) => Self::DomainTaken,
            StoreError::Conflict(RULE_OWNER_EMAIL) => Self::EmailTaken,
            StoreError::Stale => Self::ChangedMeanwhile,
            // A database name in use comes here too: the service takes the next one by itself, and past that it is a
            // fault of the installation.
            error @ (StoreError::Conflict(_)
            | StoreError::TenantUnavailable(_)
            | StoreError::Unavailable(_)
            | StoreError::Broken(_)) => Self::Store(error),
        }
    }
}
