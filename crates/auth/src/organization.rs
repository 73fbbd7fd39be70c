//! What identity needs to know of an organization. The organization itself belongs to tenancy.

use crate::OrganizationRefusal;
use chrono::{DateTime, Utc};
use vigie_kernel::{OrganizationId, OrganizationSettings, Slug};

/// The state of an organization, as far as letting its members in is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrganizationStatus {
    /// Its database is being made.
    Provisioning,
    /// In use.
    Active,
    /// In use while its schema is brought up.
    Migrating,
    /// Reads only.
    ReadOnly,
    /// Closed by the platform.
    Suspended,
    /// Kept, but not in use.
    Archived,
    /// Its provisioning did not end.
    Failed,
    /// Gone.
    Deleted,
}

impl OrganizationStatus {
    /// Every state.
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

    /// The state of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Why a member of an organization in this state is not let in; `None` when he is.
    #[must_use]
    pub const fn refusal(self) -> Option<OrganizationRefusal> {
        match self {
            Self::Active | Self::Migrating | Self::ReadOnly => None,
            Self::Provisioning => Some(OrganizationRefusal::Provisioning),
            Self::Suspended => Some(OrganizationRefusal::Suspended),
            Self::Archived => Some(OrganizationRefusal::Archived),
            Self::Failed => Some(OrganizationRefusal::Failed),
            Self::Deleted => Some(OrganizationRefusal::Unknown),
        }
    }
}

/// An organization as its members see it beside their own account.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganizationSummary {
    /// The organization.
    pub id: OrganizationId,
    /// Its short name in addresses.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// Whether its members are let in.
    pub status: OrganizationStatus,
    /// Its time zone, language and calendar.
    pub settings: OrganizationSettings,
}

/// An organization to be reserved by a sign-up, in the state [`OrganizationStatus::Provisioning`].
#[derive(Clone, Debug, PartialEq)]
pub struct NewOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// Its short name; [`crate::RULE_ORGANIZATION_SLUG`] when somebody has it.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// Its first settings.
    pub settings: OrganizationSettings,
    /// The key of its plan.
    pub plan: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}
