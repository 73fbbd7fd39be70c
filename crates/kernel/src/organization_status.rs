//! The states of an organization. Which may follow which is tenancy's to say, who is let in is identity's.

/// Where an organization is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrganizationStatus {
    /// Its database is being made; it has never been active.
    Provisioning,
    /// In use.
    Active,
    /// Its schema is being changed.
    Migrating,
    /// Readable only: over quota, or unpaid.
    ReadOnly,
    /// Locked by an operator, with a reason.
    Suspended,
    /// Put away with a final backup; can come back until it is purged.
    Archived,
    /// Its provisioning failed; it has never been active.
    Failed,
    /// Gone; the row only keeps the slug from being taken at once.
    Deleted,
}

impl OrganizationStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Provisioning,
        Self::Active,
        Self::Migrating,
        Self::ReadOnly,
        Self::Suspended,
        Self::Archived,
        Self::Failed,
        Self::Deleted,
    ];

    /// The stable name, as in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Active => "active",
            Self::Migrating => "migrating",
            Self::ReadOnly => "read_only",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
        }
    }

    /// The status of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}
