//! How members and invitations are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_auth::{Invitation, Member};

/// A member of the organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberView {
    id: Uuid,
    email: String,
    full_name: String,
    /// `OWNER`, `ADMIN`, `MANAGER` or `USER`.
    role: &'static str,
    organization_id: Uuid,
    /// Whether he may come in.
    is_active: bool,
    /// When he proved that the address is his; null when he has not.
    email_verified_at: Option<DateTime<Utc>>,
    /// When he last logged in to this organization.
    last_login_at: Option<DateTime<Utc>>,
    /// When he became a member.
    joined_at: DateTime<Utc>,
    /// For `If-Match`.
    version: i64,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self {
            id: member.user.as_uuid(),
            email: member.email.as_str().to_owned(),
            full_name: member.full_name,
            role: member.role.name(),
            organization_id: member.organization.as_uuid(),
            is_active: member.active,
            email_verified_at: member.email_verified_at,
            last_login_at: member.last_login_at,
            joined_at: member.joined_at,
            version: member.version,
        }
    }
}

/// An invitation that is neither accepted nor taken back.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationView {
    id: Uuid,
    email: String,
    full_name: Option<String>,
    /// The role that is offered.
    role: &'static str,
    /// `pending`, or `expired`: then it can be sent once more.
    status: &'static str,
    invited_by: Uuid,
    /// How many times a mail was asked for.
    sent_count: i32,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl InvitationView {
    pub(super) fn new(invitation: &Invitation, now: DateTime<Utc>) -> Self {
        let it = invitation.snapshot();
        let expired = it.status.name() == "pending" && !invitation.is_open(now);
        Self {
            id: it.id.as_uuid(),
            email: it.email.as_str().to_owned(),
            full_name: it.full_name.clone(),
            role: it.role.name(),
            status: if expired { "expired" } else { it.status.name() },
            invited_by: it.invited_by.as_uuid(),
            sent_count: it.sent_count,
            created_at: it.created_at,
            expires_at: it.expires_at,
        }
    }
}
