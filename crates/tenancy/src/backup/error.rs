//! Why something was not done with backups.

use super::refusal::ArchiveRefusal;
use crate::{OrganizationStatus, TenancyError};
use thiserror::Error;
use vigie_kernel::{BoxError, FieldError, FieldErrors, StoreError};

/// Why something was not done with backups, restores, exports and deletions.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The content is not acceptable (422).
    #[error(transparent)]
    Invalid(FieldErrors),
    /// There is no such organization (404).
    #[error("no such organization")]
    NotFound,
    /// The slug belongs to an organization, or did lately (409).
    #[error("the slug is taken, or was an organization's less than 90 days ago")]
    SlugTaken,
    /// The archive is refused.
    #[error(transparent)]
    Refused(#[from] ArchiveRefusal),
    /// The organization's state does not allow it (409).
    #[error("the organization is {}, which does not allow it", .0.name())]
    State(OrganizationStatus),
    /// Another exchange of its database is under way, or one that was interrupted less than ten minutes ago (409).
    #[error("the organization's database is being exchanged by another command")]
    Busy,
    /// There is no database to go back to (409).
    #[error("there is no earlier database to go back to")]
    NothingToUndo,
    /// There is no backup that could be restored (409).
    #[error("the organization has no good backup")]
    NoBackup,
    /// No account has the address (422).
    #[error("no account has that address; leave it out and add the owner afterwards with `member add`")]
    NoAccount,
    /// The deletion's confirmation is not the slug (422).
    #[error("the confirmation is not the slug of the organization")]
    NotConfirmed,
    /// The grace is not over (409).
    #[error("the organization may be purged from {0} on; --force does it now")]
    GraceNotOver(chrono::DateTime<chrono::Utc>),
    /// The organization already is on that server (409).
    #[error("the organization is on {0} already")]
    AlreadyThere(String),
    /// There is neither a server nor an engine of that name (422).
    #[error("there is no database server {0}, and none of an engine of that name that accepts databases")]
    NoServer(String),
    /// The server takes no further database (409).
    #[error("{0} takes no further database: it is full, drained or down")]
    ServerFull(String),
    /// A file or folder cannot be used.
    #[error("{what}")]
    File {
        /// What was tried.
        what: String,
        /// What the system said.
        #[source]
        source: BoxError,
    },
    /// Tenancy refused.
    #[error(transparent)]
    Tenancy(TenancyError),
    /// A database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    /// A file that cannot be used.
    pub fn file(what: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::File { what: what.into(), source: source.into() }
    }
}

impl From<FieldErrors> for BackupError {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<FieldError> for BackupError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error.into())
    }
}

impl From<TenancyError> for BackupError {
    fn from(error: TenancyError) -> Self {
        match error {
            TenancyError::NotFound | TenancyError::TenantUnknown => Self::NotFound,
            TenancyError::SlugTaken => Self::SlugTaken,
            TenancyError::Invalid(errors) => Self::Invalid(errors),
            TenancyError::Store(error) => Self::Store(error),
            error @ (TenancyError::TenantConflict
            | TenancyError::Transition { .. }
            | TenancyError::ChangedMeanwhile
            | TenancyError::DomainTaken
            | TenancyError::EmailTaken
            | TenancyError::KeyReused
            | TenancyError::OperationNotFound
            | TenancyError::RunNotFound
            | TenancyError::OperationEnded(_)
            | TenancyError::OperationHeld
            | TenancyError::NotRepairable(_)
            | TenancyError::Token(_)
            | TenancyError::Prefix(_)) => Self::Tenancy(error),
        }
    }
}
