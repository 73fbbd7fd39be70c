//! What identity needs to know of an organization. The organization itself belongs to tenancy.

use crate::OrganizationRefusal;
use chrono::{DateTime, Utc};
pub use vigie_kernel::OrganizationStatus;
use vigie_kernel::{OrganizationId, OrganizationSettings, Slug};

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

impl OrganizationSummary {
    /// Why its members are not let in; `None` when they are.
    #[must_use]
    pub const fn refusal(&self) -> Option<OrganizationRefusal> {
        match self.status {
            OrganizationStatus::Active | OrganizationStatus::Migrating | OrganizationStatus::ReadOnly => None,
            OrganizationStatus::Provisioning => Some(OrganizationRefusal::Provisioning),
            OrganizationStatus::Suspended => Some(OrganizationRefusal::Suspended),
            OrganizationStatus::Archived => Some(OrganizationRefusal::Archived),
            OrganizationStatus::Failed => Some(OrganizationRefusal::Failed),
            OrganizationStatus::Deleted => Some(OrganizationRefusal::Unknown),
        }
    }
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
