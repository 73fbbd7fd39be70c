//! What an import can answer when it does not start.

use crate::code::IssueCode;
use crate::issue::fill;
use std::collections::BTreeMap;
use std::fmt;
use thiserror::Error;
use vigie_kernel::{FieldErrors, ImportRunId, LimitReached, Locale, PermissionDenied, StoreError};

/// Why a file as a whole cannot be read. Answered as 422 with the code in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// What it is.
    pub code: IssueCode,
    /// Figures and names of the message.
    pub params: BTreeMap<String, String>,
}

impl FileProblem {
    /// A problem without parameters.
    #[must_use]
    pub const fn new(code: IssueCode) -> Self {
        Self { code, params: BTreeMap::new() }
    }

    /// Adds a parameter of the message.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// A container or content that cannot be read.
    pub(crate) fn damaged(reason: impl fmt::Display) -> Self {
        Self::new(IssueCode::FileDamaged).with("reason", reason)
    }

    /// A limit that is exceeded.
    pub(crate) fn too_large(limit: &str, max: impl fmt::Display) -> Self {
        Self::new(IssueCode::FileTooLarge).with("limit", limit).with("max", max)
    }

    /// The message in a language.
    #[must_use]
    pub fn message(&self, locale: Locale) -> String {
        fill(self.code.template(locale), |name| self.params.get(name).map(String::as_str))
    }
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Locale::En))
    }
}

impl std::error::Error for FileProblem {}

impl From<std::io::Error> for FileProblem {
    fn from(error: std::io::Error) -> Self {
        Self::damaged(error)
    }
}

/// Why an import command did not do what was asked.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The caller lacks a permission; 403.
    #[error(transparent)]
    Denied(#[from] PermissionDenied),
    /// The options are wrong; 422, every error at once.
    #[error("invalid options: {0}")]
    Invalid(FieldErrors),
    /// The file cannot be read; 422 with the problem's own code.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// The plan does not allow so many values at once, or no more stored bytes; 403 `plan_limit_reached`.
    #[error(transparent)]
    LimitReached(#[from] LimitReached),
    /// No such run that the caller may see; 404.
    #[error("there is no import run {0}")]
    NotFound(ImportRunId),
    /// The run has ended; 409.
    #[error("the import run {0} has ended already")]
    Ended(ImportRunId),
    /// Another writer changed the run meanwhile; 412.
    #[error("the import run was changed meanwhile")]
    ChangedMeanwhile,
    /// The store did not answer as it should.
    #[error(transparent)]
    Store(StoreError),
}

impl From<FieldErrors> for ImportError {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::ChangedMeanwhile,
            e @ (StoreError::Conflict(_)
            | StoreError::TenantUnavailable(_)
            | StoreError::Unavailable(_)
            | StoreError::Broken(_)) => Self::Store(e),
        }
    }
}
