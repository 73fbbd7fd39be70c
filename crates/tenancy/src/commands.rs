//! What callers ask for.

use crate::{OrganizationStatus, Plan};
use vigie_kernel::OrganizationSettings;

/// Reserves a slug and a database name for a new organization, which is then to be provisioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReserveOrganization {
    /// The name that people see, 1..=120 characters.
    pub name: String,
    /// The slug; made from the name when absent.
    pub slug: Option<String>,
    /// The plan.
    pub plan: Plan,
    /// The settings that it starts with.
    pub settings: OrganizationSettings,
}

/// Which organizations are wanted; `None` does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOrganizations {
    /// With this status; without one, all but the deleted.
    pub status: Option<OrganizationStatus>,
}
