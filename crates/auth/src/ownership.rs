//! Handing an organization over to another member.

use chrono::{DateTime, Utc};
use vigie_kernel::{OrganizationId, OwnershipOfferId, UserId};

/// An offer to take over an organization. It is good until it is accepted, another one takes its place, or its time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnershipOffer {
    /// Its id.
    pub id: OwnershipOfferId,
    /// The organization.
    pub organization: OrganizationId,
    /// The owner who offers, an administrator afterwards.
    pub from: UserId,
    /// The member who may accept, an owner afterwards.
    pub to: UserId,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}
