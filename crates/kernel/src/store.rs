//! What a store can answer when it does not do what was asked, and the unit of work.

use async_trait::async_trait;
use std::fmt;
use thiserror::Error;

/// Any error, boxed: the cause that is logged and never sent.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The name of a rule that the database holds, such as `kpi_code`. Domains list the rules they know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule(pub &'static str);

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Why a store did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A rule of the database was broken: uniqueness or a reference.
    #[error("the rule {0} does not allow it")]
    Conflict(Rule),
    /// Another writer came first: the row's version is not the one that was read.
    #[error("changed by another writer meanwhile")]
    Stale,
    /// The organization has no usable database now: unknown, not active, or at the wrong schema version.
    #[error("the organization's database is not available: {0}")]
    TenantUnavailable(&'static str),
    /// The database does not answer, or has no connection left; worth a retry.
    #[error("the database is not available")]
    Unavailable(#[source] BoxError),
    /// The database answered something that cannot be: a bug or a damaged row.
    #[error("the store is broken")]
    Broken(#[source] BoxError),
}

impl StoreError {
    /// A broken store, told in words.
    pub fn broken(message: impl Into<String>) -> Self {
        Self::Broken(message.into().into())
    }
}

/// A transaction. Dropping it without [`UnitOfWork::commit`] rolls everything back.
#[async_trait]
pub trait UnitOfWork: Send {
    /// Makes all of it visible at once.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
