//! What can go wrong with organizations.

use crate::OrganizationStatus;
use crate::ports::RULE_ORGANIZATION_SLUG;
use std::fmt;
use thiserror::Error;
use vigie_kernel::{FieldErrors, StoreError};

/// A step of making an organization's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisioningStep {
    /// Making the database.
    Create,
    /// Bringing its schema up to date and writing its identity into it.
    Migrate,
    /// Writing its first rows.
    Seed,
    /// Trying it out.
    Probe,
    /// Dropping it, when undone.
    Drop,
}

impl ProvisioningStep {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Migrate => "migrate",
            Self::Seed => "seed",
            Self::Probe => "probe",
            Self::Drop => "drop",
        }
    }
}

impl fmt::Display for ProvisioningStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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
    /// A step of provisioning failed; the organization is still in provisioning and can be finished or discarded.
    #[error("the step {step} failed")]
    Step {
        /// The step.
        step: ProvisioningStep,
        /// What the database said.
        source: StoreError,
    },
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
