//! Bringing an organization's own database up to date with a membership.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use vigie_jobs::{Job, Lane, Retry};
use vigie_kernel::{OrganizationId, UserId};

/// A membership has changed: the organization's own database, at which owners and authors point, follows.
/// [`crate::MembershipService::project`] does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectMember {
    /// The organization.
    pub organization: OrganizationId,
    /// The user.
    pub user: UserId,
}

impl Job for ProjectMember {
    const NAME: &'static str = "auth.project-member";
    const LANE: Lane = Lane::Transactional;
    const RETRY: Retry = Retry::doubling(Duration::from_secs(5)).up_to(15);
}
