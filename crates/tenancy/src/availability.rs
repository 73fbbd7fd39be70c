//! What a request to an organization gets in each state.

use crate::OrganizationStatus;
use std::time::Duration;

/// Why an organization does not answer a request now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Its database is still being made.
    Provisioning,
    /// A migration that does not bear writes runs: it can be read but not written.
    Migrating,
    /// It can be read but not written.
    ReadOnly,
    /// Locked; the organization's status reason says why.
    Suspended,
    /// Put away.
    Archived,
    /// Its provisioning failed.
    Failed,
    /// There is no such organization (any more).
    Unknown,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 7] = [
        Self::Provisioning,
        Self::Migrating,
        Self::ReadOnly,
        Self::Suspended,
        Self::Archived,
        Self::Failed,
        Self::Unknown,
    ];

    /// The stable error code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Provisioning => "tenant_provisioning",
            Self::Migrating => "tenant_migrating",
            Self::ReadOnly => "tenant_read_only",
            Self::Suspended => "tenant_suspended",
            Self::Archived => "tenant_archived",
            Self::Failed => "tenant_failed",
            Self::Unknown => "tenant_unknown",
        }
    }

    /// The HTTP status that goes with the code.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Provisioning | Self::Migrating | Self::Failed => 503,
            Self::ReadOnly => 423,
            Self::Suspended => 403,
            Self::Archived => 410,
            Self::Unknown => 404,
        }
    }

    /// When it is worth asking again; `None` when waiting does not help.
    #[must_use]
    pub const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Provisioning => Some(Duration::from_secs(2)),
            Self::Migrating => Some(Duration::from_secs(5)),
            Self::ReadOnly | Self::Suspended | Self::Archived | Self::Failed | Self::Unknown => None,
        }
    }
}

/// What reads and writes get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    /// Whether a request that only reads goes through.
    pub reads: Result<(), Refusal>,
    /// Whether a request that writes goes through.
    pub writes: Result<(), Refusal>,
}

impl From<OrganizationStatus> for Availability {
    /// Only a migration that does not bear writes gives an organization the status `migrating`.
    fn from(status: OrganizationStatus) -> Self {
        let closed = |refusal| Self { reads: Err(refusal), writes: Err(refusal) };
        match status {
            OrganizationStatus::Active => Self { reads: Ok(()), writes: Ok(()) },
            OrganizationStatus::Migrating => Self { reads: Ok(()), writes: Err(Refusal::Migrating) },
            OrganizationStatus::ReadOnly => Self { reads: Ok(()), writes: Err(Refusal::ReadOnly) },
            OrganizationStatus::Provisioning => closed(Refusal::Provisioning),
            OrganizationStatus::Suspended => closed(Refusal::Suspended),
            OrganizationStatus::Archived => closed(Refusal::Archived),
            OrganizationStatus::Failed => closed(Refusal::Failed),
            OrganizationStatus::Deleted => closed(Refusal::Unknown),
        }
    }
}
