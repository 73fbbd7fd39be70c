//! What is true of a session right now, and the short memory of it.

use crate::{AccessClaims, AuthError, OrganizationSummary, UserSummary};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vigie_kernel::{
    Alone, Invalidation, Invalidations, OrganizationId, Recalled, Role, SessionId, Ticket, UserId,
};

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

/// A session as a valid access token names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionName {
    /// The session.
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The organization that it is for; `None` for a platform administrator.
    pub organization: Option<OrganizationId>,
}

impl SessionName {
    /// Whether that is the session that is named.
    #[must_use]
    pub fn is_of(&self, live: &LiveSession) -> bool {
        self.session == live.session && self.user == live.user.id && self.organization == live.organization
    }
}

impl From<&AccessClaims> for SessionName {
    fn from(claims: &AccessClaims) -> Self {
        Self { session: claims.session, user: claims.user, organization: claims.organization }
    }
}

/// A memory of live sessions that processes share, behind the one that each has of its own.
#[async_trait]
pub trait SessionCache: Send + Sync {
    /// What another process has found out. A memory that does not answer knows nothing.
    async fn recall(&self, name: &SessionName) -> Recalled<LiveSession>;

    /// Keeps an answer for at most `good_for`, unless something has changed since the ticket was given.
    async fn remember(&self, session: &LiveSession, ticket: Ticket, good_for: TimeDelta);
}

#[async_trait]
impl SessionCache for Alone {
    async fn recall(&self, _name: &SessionName) -> Recalled<LiveSession> {
        Recalled::Unknown(Ticket::void())
    }

    async fn remember(&self, _session: &LiveSession, _ticket: Ticket, _good_for: TimeDelta) {}
}

/// Remembers live sessions for at most a second, so that a page of twenty requests asks once.
pub(crate) struct LiveSessions {
    state: Mutex<State>,
    pub(crate) shared: Arc<dyn SessionCache>,
    news: Arc<dyn Invalidations>,
}

#[derive(Default)]
struct State {
    known: HashMap<SessionId, Known>,
    /// Grows each time something is forgotten: what was asked before is not remembered after it.
    generation: u64,
}

struct Known {
    session: Arc<LiveSession>,
    asked_at: DateTime<Utc>,
}

/// For how long an answer is believed, whichever process got it.
pub(crate) const BELIEVED: TimeDelta = TimeDelta::seconds(1);
/// Sessions remembered at a time; when full, the old ones are forgotten, and then all.
const CAPACITY: usize = 10_000;

impl LiveSessions {
    pub(crate) fn new(shared: Arc<dyn SessionCache>, news: Arc<dyn Invalidations>) -> Self {
        Self { state: Mutex::default(), shared, news }
    }

    /// What was asked less than a second ago; else the generation to give back to [`LiveSessions::put`]. A clock that went back
    /// believes nothing.
    pub(crate) fn get(&self, id: SessionId, now: DateTime<Utc>) -> Result<Arc<LiveSession>, u64> {
        let state = self.state();
        match state.known.get(&id).filter(|known| fresh(known, now)) {
            Some(known) => Ok(Arc::clone(&known.session)),
            None => Err(state.generation),
        }
    }

    /// Remembers an answer, unless something was forgotten since the generation was taken. `asked_at` is from before the
    /// store was asked.
    pub(crate) fn put(&self, session: Arc<LiveSession>, generation: u64, asked_at: DateTime<Utc>) {
        let mut state = self.state();
        if state.generation != generation {
            return;
        }
        if state.known.len() >= CAPACITY {
            state.known.retain(|_, entry| fresh(entry, asked_at));
            if state.known.len() >= CAPACITY {
                state.known.clear();
            }
        }
        state.known.insert(session.session, Known { session, asked_at });
    }

    /// Lets every process forget a session of a user, after it has changed.
    pub(crate) fn forget(&self, id: SessionId, user: UserId) {
        self.drop_where(|known| known.session == id);
        self.news.announce(Invalidation::User(user));
    }

    /// Lets every process forget a user: his account, all of his sessions, his memberships.
    pub(crate) fn forget_user(&self, user: UserId) {
        self.forget_here(Invalidation::User(user));
        self.news.announce(Invalidation::User(user));
    }

    /// Forgets what this process remembers of it.
    pub(crate) fn forget_here(&self, what: Invalidation) {
        match what {
            Invalidation::User(user) => self.drop_where(|known| known.user.id == user),
            Invalidation::Organization(id) => self.drop_where(|known| known.organization == Some(id)),
        }
    }

    fn drop_where(&self, gone: impl Fn(&LiveSession) -> bool) {
        let mut state = self.state();
        state.generation += 1;
        state.known.retain(|_, entry| !gone(&entry.session));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fresh(known: &Known, now: DateTime<Utc>) -> bool {
    (TimeDelta::zero()..BELIEVED).contains(&(now - known.asked_at))
}
