//! A person's place in an organization.

use crate::OrganizationSummary;
use chrono::{DateTime, Utc};
use vigie_kernel::{MembershipId, OrganizationId, Role, UserId};

/// A membership as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipSnapshot {
    /// The membership's id.
    pub id: MembershipId,
    /// The user.
    pub user_id: UserId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The role.
    pub role: Role,
    /// Whether the user may come in.
    pub active: bool,
    /// Counted from 1, one more at each change of role or activity.
    pub authorization_version: i64,
    /// When the user last logged in to this organization.
    pub last_login_at: Option<DateTime<Utc>>,
    /// When the membership began.
    pub created_at: DateTime<Utc>,
    /// Counted from 1, one more at each change.
    pub version: i64,
}

/// A person's place in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership(MembershipSnapshot);

impl Membership {
    /// A new, active membership.
    pub(crate) const fn new(
        id: MembershipId,
        user_id: UserId,
        organization_id: OrganizationId,
        role: Role,
        now: DateTime<Utc>,
    ) -> Self {
        Self(MembershipSnapshot {
            id,
            user_id,
            organization_id,
            role,
            active: true,
            authorization_version: 1,
            last_login_at: None,
            created_at: now,
            version: 1,
        })
    }

    /// A membership as it was stored.
    #[must_use]
    pub const fn restore(snapshot: MembershipSnapshot) -> Self {
        Self(snapshot)
    }

    /// The membership as it is stored.
    #[must_use]
    pub const fn snapshot(&self) -> &MembershipSnapshot {
        &self.0
    }

    /// Gives another role.
    pub(crate) const fn change_role(&mut self, role: Role) {
        self.0.role = role;
        self.0.authorization_version += 1;
        self.0.version += 1;
    }

    /// Lets the user in or keeps him out.
    pub(crate) const fn set_active(&mut self, active: bool) {
        self.0.active = active;
        self.0.authorization_version += 1;
        self.0.version += 1;
    }

    /// Notes a login.
    pub(crate) const fn note_login(&mut self, now: DateTime<Utc>) {
        self.0.last_login_at = Some(now);
        self.0.version += 1;
    }
}

/// A membership with its organization.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberOrganization {
    /// The membership.
    pub membership: Membership,
    /// The organization.
    pub organization: OrganizationSummary,
}

impl MemberOrganization {
    /// The membership that a login leads to: the named organization's, otherwise the one used last among those that can be
    /// entered. Inactive memberships and deleted organizations do not count.
    pub(crate) fn choose(all: Vec<Self>, named: Option<OrganizationId>) -> Option<Self> {
        all.into_iter()
            .filter(|place| place.membership.snapshot().active)
            .filter(|place| place.organization.status != crate::OrganizationStatus::Deleted)
            .filter(|place| named.is_none_or(|id| id == place.organization.id))
            .max_by_key(|place| {
                let membership = place.membership.snapshot();
                let enters = place.organization.refusal().is_none();
                (enters, membership.last_login_at, membership.created_at)
            })
    }
}
