//! What identity needs to know of an organization. The organization itself belongs to tenancy.

use crate::{OrganizationRefusal, PasswordHash};
pub use vigie_kernel::OrganizationStatus;
use vigie_kernel::{EmailAddress, Locale, OrganizationId, OrganizationSettings, Slug, UserId};

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
    /// Why it has this status, where the platform gave a reason.
    pub status_reason: Option<String>,
    /// Its time zone, language and calendar.
    pub settings: OrganizationSettings,
}

impl OrganizationSummary {
    /// Why its members are not let in; `None` when they are.
    #[must_use]
    pub fn refusal(&self) -> Option<OrganizationRefusal> {
        match self.status {
            OrganizationStatus::Active | OrganizationStatus::Migrating | OrganizationStatus::ReadOnly => None,
            OrganizationStatus::Provisioning => Some(OrganizationRefusal::Provisioning),
            OrganizationStatus::Suspended => {
                Some(OrganizationRefusal::Suspended { reason: self.status_reason.clone() })
            }
            OrganizationStatus::Archived => Some(OrganizationRefusal::Archived),
            OrganizationStatus::Failed => Some(OrganizationRefusal::Failed),
            OrganizationStatus::Deleted => Some(OrganizationRefusal::Unknown),
        }
    }
}

/// An organization that somebody signs up for, with the account of its owner.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its name, checked.
    pub name: String,
    /// Its short name, taken as it is or not at all; made from the name, and made unique, when absent.
    pub slug: Option<Slug>,
    /// Its first settings.
    pub settings: OrganizationSettings,
    /// The owner's address; it must have no account.
    pub email: EmailAddress,
    /// The owner's name, checked.
    pub full_name: String,
    /// The hash of the owner's password.
    pub password_hash: PasswordHash,
    /// The owner's language.
    pub locale: Option<Locale>,
    /// The request that asks for it.
    pub request_id: String,
}

/// An organization that has been made, and is in use.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeOrganization {
    /// The organization.
    pub organization: OrganizationSummary,
    /// The account of its owner.
    pub owner: UserId,
}
