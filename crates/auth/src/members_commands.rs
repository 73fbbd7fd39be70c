//! What callers ask about members and invitations.

use crate::SecretText;
use chrono::{DateTime, Utc};
use vigie_kernel::{EmailAddress, OrganizationId, Role, UserId};

/// Which members are listed: those that fit everything that is given.
#[derive(Clone, Debug, Default)]
pub struct MemberFilter {
    /// Of this role.
    pub role: Option<Role>,
    /// Who may come in, or may not.
    pub active: Option<bool>,
    /// With this text in name or address, whatever its case.
    pub search: Option<String>,
}

/// A member of an organization, as those see him who look after members.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The user.
    pub user: UserId,
    /// The organization.
    pub organization: OrganizationId,
    /// His address.
    pub email: EmailAddress,
    /// His name.
    pub full_name: String,
    /// His role.
    pub role: Role,
    /// Whether he may come in: his membership and his account.
    pub active: bool,
    /// When he proved his address.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// When he last logged in to this organization.
    pub last_login_at: Option<DateTime<Utc>>,
    /// When he became a member.
    pub joined_at: DateTime<Utc>,
    /// The version of his membership.
    pub version: i64,
}

/// Invites somebody.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The address.
    pub email: String,
    /// The role that is offered.
    pub role: Role,
    /// The person's name, at most 120 characters.
    pub full_name: Option<String>,
}

/// Accepts an invitation.
#[derive(Clone, Debug)]
pub struct AcceptInvitation {
    /// The token that was mailed, good once.
    pub token: SecretText,
    /// The name of a new account; that of the invitation when absent.
    pub full_name: Option<String>,
    /// The password: of the account that the address has, or of the new one.
    pub password: SecretText,
}

/// Changes a member's role.
#[derive(Clone, Copy, Debug)]
pub struct ChangeRole {
    /// The member.
    pub user: UserId,
    /// The new role.
    pub role: Role,
    /// The version that the caller has seen; `None` changes whatever is there.
    pub expected_version: Option<i64>,
}

/// Lets a member in or keeps him out.
#[derive(Clone, Copy, Debug)]
pub struct SetMemberActive {
    /// The member.
    pub user: UserId,
    /// Whether he may come in.
    pub active: bool,
    /// The version that the caller has seen; `None` changes whatever is there.
    pub expected_version: Option<i64>,
}

/// Offers the organization to another member.
#[derive(Clone, Debug)]
pub struct OfferOwnership {
    /// The member.
    pub user: UserId,
    /// The password of who offers.
    pub current_password: SecretText,
}
