//! What the control database knows of an organization.

use chrono::{DateTime, Utc};
use vigie_kernel::{OrganizationId, OrganizationStatus, PlanLimits};

/// How an organization's schema stands to that of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchemaState {
    /// The same, or a newer one.
    Current,
    /// An older one.
    Behind,
    /// An older one, and the last migration to the current one failed.
    MigrationFailed,
}

/// What the control database knows of an organization that is in service or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationFacts {
    /// The organization.
    pub organization: OrganizationId,
    /// Its database.
    pub database_name: String,
    /// Its status.
    pub status: OrganizationStatus,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Its schema.
    pub schema: SchemaState,
    /// What it may have now, exceptions from its plan included.
    pub limits: PlanLimits,
    /// Active members, as the plan counts them.
    pub members: u64,
    /// Those among them whose accounts may be used.
    pub users: u64,
    /// When one of its members was last seen.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When its last good backup was asked for.
    pub last_backup_at: Option<DateTime<Utc>>,
    /// Samples in a row that were gaps, up to the latest.
    pub failures_in_a_row: u32,
}

impl OrganizationFacts {
    /// The statuses in which organizations are sampled: those with a database, and those whose provisioning failed.
    pub const SAMPLED: [OrganizationStatus; 5] = [
        OrganizationStatus::Active,
        OrganizationStatus::ReadOnly,
        OrganizationStatus::Migrating,
        OrganizationStatus::Suspended,
        OrganizationStatus::Failed,
    ];

    /// Whether there is a database to measure.
    #[must_use]
    pub fn has_database(&self) -> bool {
        self.status != OrganizationStatus::Failed
    }

    /// Whether the nightly round makes backups of it.
    #[must_use]
    pub const fn is_backed_up(&self) -> bool {
        match self.status {
            OrganizationStatus::Active | OrganizationStatus::ReadOnly | OrganizationStatus::Suspended => true,
            OrganizationStatus::Provisioning
            | OrganizationStatus::Migrating
            | OrganizationStatus::Archived
            | OrganizationStatus::Failed
            | OrganizationStatus::Deleted => false,
        }
    }
}
