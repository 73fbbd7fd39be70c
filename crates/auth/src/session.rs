//! A login that is still alive; also the family of its refresh tokens.

use crate::ClientInfo;
use crate::policy::SessionLifetime;
use chrono::{DateTime, Utc};
use vigie_kernel::{OrganizationId, SessionId, UserId};

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionEndReason {
    /// Its user logged out.
    Logout,
    /// Its user ended all of them.
    LogoutAll,
    /// A refresh token of it was presented a second time.
    RefreshReuse,
    /// A newer session took its place.
    Evicted,
    /// The password was set anew.
    PasswordSet,
    /// Its user ended it from another one.
    Revoked,
    /// Its user went on in another organization.
    Switched,
    /// Its user is no member of the organization any more, or is kept out.
    MembershipEnded,
}

impl SessionEndReason {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Logout,
        Self::LogoutAll,
        Self::RefreshReuse,
        Self::Evicted,
        Self::PasswordSet,
        Self::Revoked,
        Self::Switched,
        Self::MembershipEnded,
    ];

    /// The stable name, as in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::LogoutAll => "logout_all",
            Self::RefreshReuse => "refresh_reuse",
            Self::Evicted => "evicted",
            Self::PasswordSet => "password_set",
            Self::Revoked => "revoked",
            Self::Switched => "switched",
            Self::MembershipEnded => "membership_ended",
        }
    }

    /// The reason of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// The end of a session before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionEnd {
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: SessionEndReason,
}

/// A session as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSnapshot {
    /// The session's id, also the family of its refresh tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The organization that it is for; `None` for a platform administrator.
    pub organization_id: Option<OrganizationId>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was opened or renewed last.
    pub last_used_at: DateTime<Utc>,
    /// No refresh goes beyond.
    pub expires_at: DateTime<Utc>,
    /// Its end before that, if it was ended (`revoked_at` and `revoked_reason` in the database).
    pub ended: Option<SessionEnd>,
    /// The client that opened it.
    pub user_agent: Option<String>,
    /// The network that it was opened or renewed from last.
    pub network: Option<String>,
}

/// A login that is still alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session(SessionSnapshot);

impl Session {
    /// A new session, which ends at `until` if that is before its time.
    pub(crate) fn open(
        id: SessionId,
        user_id: UserId,
        organization_id: Option<OrganizationId>,
        client: &ClientInfo,
        until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        let expires_at = now + SessionLifetime::of(organization_id.is_some()).absolute;
        Self(SessionSnapshot {
            id,
            user_id,
            organization_id,
            created_at: now,
            last_used_at: now,
            expires_at: until.map_or(expires_at, |until| until.min(expires_at)),
            ended: None,
            user_agent: client
                .user_agent
                .as_deref()
                .map(|text| text.chars().filter(|c| !c.is_control()).take(255).collect()),
            network: client.network.clone(),
        })
    }

    /// A session as it was stored.
    #[must_use]
    pub const fn restore(snapshot: SessionSnapshot) -> Self {
        Self(snapshot)
    }

    /// The session as it is stored.
    #[must_use]
    pub const fn snapshot(&self) -> &SessionSnapshot {
        &self.0
    }

    /// When a refresh token that is issued now dies unused.
    pub(crate) fn refresh_expiry(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let idle = SessionLifetime::of(self.0.organization_id.is_some()).idle;
        (now + idle).min(self.0.expires_at)
    }

    /// Notes that it was renewed, and from where.
    pub(crate) fn touch(&mut self, client: &ClientInfo, now: DateTime<Utc>) {
        self.0.last_used_at = now;
        if client.network.is_some() {
            self.0.network.clone_from(&client.network);
        }
    }

    /// Ends the session. Ending it twice keeps the first end.
    pub(crate) fn end(&mut self, reason: SessionEndReason, now: DateTime<Utc>) {
        self.0.ended.get_or_insert(SessionEnd { at: now, reason });
    }
}
