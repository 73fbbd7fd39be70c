//! Invitations to an organization.

use crate::OrganizationSummary;
use chrono::{DateTime, Utc};
use vigie_kernel::{EmailAddress, InvitationId, OrganizationId, Role, UserId};

/// Where an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvitationStatus {
    /// It can be accepted until it expires.
    Pending,
    /// It was accepted.
    Accepted,
    /// Somebody took it back.
    Cancelled,
    /// It expired, and another one took its place.
    Expired,
}

impl InvitationStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Accepted, Self::Cancelled, Self::Expired];

    /// The stable name, as in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The status of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// An invitation as the store keeps it. The hash of its token is kept beside it and never read.
#[derive(Clone, Debug, PartialEq)]
pub struct InvitationSnapshot {
    /// The invitation's id.
    pub id: InvitationId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The address that is invited; nobody else can accept.
    pub email: EmailAddress,
    /// The role that is offered.
    pub role: Role,
    /// The name of the person, where it was given.
    pub full_name: Option<String>,
    /// Where it stands.
    pub status: InvitationStatus,
    /// Who has invited.
    pub invited_by: UserId,
    /// How many times a mail was asked for, counted from 1.
    pub sent_count: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// Counted from 1, one more at each change.
    pub version: i64,
}

/// An invitation to an organization.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation(InvitationSnapshot);

impl Invitation {
    /// A new invitation.
    pub(crate) const fn new(snapshot: InvitationSnapshot) -> Self {
        Self(snapshot)
    }

    /// An invitation as it was stored.
    #[must_use]
    pub const fn restore(snapshot: InvitationSnapshot) -> Self {
        Self(snapshot)
    }

    /// The invitation as it is stored.
    #[must_use]
    pub const fn snapshot(&self) -> &InvitationSnapshot {
        &self.0
    }

    /// Whether it can be accepted at that instant.
    #[must_use]
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.0.status == InvitationStatus::Pending && now < self.0.expires_at
    }

    /// Sends it once more, which gives it its whole time again.
    pub(crate) fn resend(&mut self, expires_at: DateTime<Utc>) {
        self.0.expires_at = expires_at;
        self.0.sent_count = self.0.sent_count.saturating_add(1);
        self.0.version += 1;
    }

    /// Takes it back.
    pub(crate) const fn cancel(&mut self) {
        self.0.status = InvitationStatus::Cancelled;
        self.0.version += 1;
    }
}

/// What the holder of an invitation's token is offered.
#[derive(Clone, Debug, PartialEq)]
pub struct InvitationOffer {
    /// The invitation.
    pub invitation: Invitation,
    /// The organization.
    pub organization: OrganizationSummary,
    /// Whether the address has an account, whose password is asked for then.
    pub has_account: bool,
}
