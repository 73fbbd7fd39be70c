//! What is true of a session right now, and the short memory of it.

use crate::{AuthError, OrganizationSummary, UserSummary};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use vigie_kernel::{OrganizationId, Role, SessionId, UserId};

/// A session with everything that decides whether a request goes through: one statement of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveSession {
    /// The session.
    pub session: SessionId,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// Whether it was ended before that.
    pub ended: bool,
    /// Whose it is.
    pub user: UserSummary,
    /// The organization that it is for; `None` for a platform administrator.
    pub organization: Option<OrganizationId>,
    /// The user's membership of that organization; `None` when there is none any more, or no organization.
    pub member: Option<LiveMembership>,
}

/// A membership with its organization, right now.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveMembership {
    /// The organization.
    pub organization: OrganizationSummary,
    /// The role.
    pub role: Role,
    /// Whether the user may come in.
    pub active: bool,
    /// Counts the changes of role and activity.
    pub authorization_version: i64,
}

/// What a live session stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Standing<'a> {
    /// A member of an organization, in whatever state that is.
    Member(&'a LiveMembership),
    /// A platform administrator.
    PlatformAdmin,
}

impl LiveSession {
    /// What the session stands for; [`AuthError::InvalidToken`] when it is dead or its user may not come in any more.
    pub(crate) fn standing(&self, now: DateTime<Utc>) -> Result<Standing<'_>, AuthError> {
        if self.ended || now >= self.expires_at || !self.user.is_active {
            return Err(AuthError::InvalidToken);
        }
        match (self.organization, &self.member) {
            (Some(id), Some(member)) if member.active && member.organization.id == id => {
                Ok(Standing::Member(member))
            }
            (None, None) if self.user.is_platform_admin => Ok(Standing::PlatformAdmin),
            (Some(_) | None, Some(_) | None) => Err(AuthError::InvalidToken),
        }
    }
}

/// Remembers live sessions for at most a second, so that a page of twenty requests asks once.
#[derive(Debug, Default)]
pub(crate) struct LiveSessions {
    known: Mutex<HashMap<SessionId, Known>>,
}

#[derive(Debug)]
struct Known {
    session: Arc<LiveSession>,
    asked_at: DateTime<Utc>,
}

/// For how long an answer is believed.
const BELIEVED: TimeDelta = TimeDelta::seconds(1);
/// Sessions remembered at a time; when full, the old ones are forgotten, and then all.
const CAPACITY: usize = 10_000;

impl LiveSessions {
    /// What was asked less than a second ago. A clock that went back believes nothing.
    pub(crate) fn get(&self, id: SessionId, now: DateTime<Utc>) -> Option<Arc<LiveSession>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&id).filter(|known| fresh(known, now)).map(|known| Arc::clone(&known.session))
    }

    /// Remembers an answer. `asked_at` is from before the store was asked.
    pub(crate) fn put(&self, session: Arc<LiveSession>, asked_at: DateTime<Utc>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            known.retain(|_, entry| fresh(entry, asked_at));
            if known.len() >= CAPACITY {
                known.clear();
            }
        }
        known.insert(session.session, Known { session, asked_at });
    }

    /// Forgets one session.
    pub(crate) fn forget(&self, id: SessionId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Forgets every session of a user.
    pub(crate) fn forget_user(&self, user: UserId) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, entry| entry.session.user.id != user);
    }
}

fn fresh(known: &Known, now: DateTime<Utc>) -> bool {
    let age = now - known.asked_at;
    age >= TimeDelta::zero() && age < BELIEVED
}
