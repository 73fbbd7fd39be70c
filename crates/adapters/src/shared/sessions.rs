//! What is true of a session right now, as several processes remember it.

use super::{Key, Redis};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_redis::redis::Pipeline;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use vigie_auth::{
    LiveMembership, LiveSession, OrganizationStatus, OrganizationSummary, SessionCache, SessionName,
    UserSummary,
};
use vigie_kernel::{
    EmailAddress, Locale, OrganizationId, OrganizationSettings, Recalled, Role, SessionId, Slug, Ticket,
    UserId,
};

/// Live sessions, each under the prefix of its organization. Names and addresses of people are in them: they are sealed.
pub struct RedisSessions(Arc<Redis>);

/// A session as it is kept, with the news that were known when the database was asked.
#[derive(Serialize, Deserialize)]
struct Stored {
    news: String,
    session: SessionId,
    expires_at: DateTime<Utc>,
    ended: bool,
    user: StoredUser,
    organization: Option<OrganizationId>,
    member: Option<StoredMember>,
}

#[derive(Serialize, Deserialize)]
struct StoredUser {
    id: UserId,
    email: String,
    full_name: String,
    locale: Option<Locale>,
    is_active: bool,
    is_platform_admin: bool,
    #[serde(default)]
    email_verified_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct StoredMember {
    id: OrganizationId,
    slug: String,
    name: String,
    status: String,
    status_reason: Option<String>,
    settings: OrganizationSettings,
    role: String,
    active: bool,
    authorization_version: i64,
}

impl Stored {
    fn of(live: &LiveSession, news: &str) -> Self {
        // Taken apart field by field, so that a new one cannot be forgotten here.
        let LiveSession { session, expires_at, ended, user, organization, member } = live;
        Self {
            news: news.to_owned(),
            session: *session,
            expires_at: *expires_at,
            ended: *ended,
            user: StoredUser::of(user),
            organization: *organization,
            member: member.as_ref().map(StoredMember::of),
        }
    }

    /// `None` for what this version does not understand: another one wrote it.
    fn live(self) -> Option<LiveSession> {
        let member = match self.member {
            Some(member) => Some(member.live()?),
            None => None,
        };
        Some(LiveSession {
            session: self.session,
            expires_at: self.expires_at,
            ended: self.ended,
            user: self.user.live()?,
            organization: self.organization,
            member,
        })
    }
}

impl StoredUser {
    fn of(user: &UserSummary) -> Self {
        let UserSummary {
            id,
            email,
            full_name,
            locale,
            is_active,
            is_platform_admin,
            email_verified_at,
            created_at,
            updated_at,
        } = user;
        Self {
            id: *id,
            email: email.as_str().to_owned(),
            full_name: full_name.clone(),
            locale: *locale,
            is_active: *is_active,
            is_platform_admin: *is_platform_admin,
            email_verified_at: *email_verified_at,
            created_at: *created_at,
            updated_at: *updated_at,
        }
    }

    fn live(self) -> Option<UserSummary> {
        Some(UserSummary {
            id: self.id,
            email: EmailAddress::parse(&self.email).ok()?,
            full_name: self.full_name,
            locale: self.locale,
            is_active: self.is_active,
            is_platform_admin: self.is_platform_admin,
            email_verified_at: self.email_verified_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl StoredMember {
    fn of(member: &LiveMembership) -> Self {
        let LiveMembership { organization, role, active, authorization_version } = member;
        let OrganizationSummary { id, slug, name, status, status_reason, settings } = organization;
        Self {
            id: *id,
            slug: slug.to_string(),
            name: name.clone(),
            status: status.name().to_owned(),
            status_reason: status_reason.clone(),
            settings: *settings,
            role: role.name().to_owned(),
            active: *active,
            authorization_version: *authorization_version,
        }
    }

    fn live(self) -> Option<LiveMembership> {
        Some(LiveMembership {
            organization: OrganizationSummary {
                id: self.id,
                slug: Slug::parse(&self.slug).ok()?,
                name: self.name,
                status: OrganizationStatus::from_name(&self.status)?,
                status_reason: self.status_reason,
                settings: self.settings,
            },
            role: Role::from_name(&self.role)?,
            active: self.active,
            authorization_version: self.authorization_version,
        })
    }
}

impl RedisSessions {
    /// The memory in this server.
    #[must_use]
    pub const fn new(redis: Arc<Redis>) -> Self {
        Self(redis)
    }

    /// Where the latest news of a session's user and organization are.
    fn news_keys(&self, user: UserId, organization: Option<OrganizationId>) -> Vec<Key> {
        let keys = self.0.keys();
        let organization = organization.map(|organization| keys.organization(organization).news());
        std::iter::once(keys.platform().user_news(user)).chain(organization).collect()
    }
}

#[async_trait]
impl SessionCache for RedisSessions {
    async fn recall(&self, name: &SessionName) -> Recalled<LiveSession> {
        let key = self.0.keys().session(name.session, name.organization);
        let news_keys = self.news_keys(name.user, name.organization);
        let mut asking = Pipeline::new();
        asking.cmd("GET").arg(key.as_str());
        asking.cmd("PTTL").arg(key.as_str());
        asking.cmd("MGET").arg(news_keys.iter().map(Key::as_str).collect::<Vec<_>>());
        let answer: Result<(Option<Vec<u8>>, i64, Vec<Option<String>>), _> = self.0.query(&asking).await;
        let Ok((sealed, left, news)) = answer else { return Recalled::Unknown(Ticket::void()) };
        let news: Vec<String> = news.into_iter().map(Option::unwrap_or_default).collect();
        let news = news.join("|");
        let stored: Option<Stored> = sealed.and_then(|sealed| self.0.open(&key, &sealed));
        let known = stored.filter(|stored| stored.news == news).and_then(Stored::live);
        match known.filter(|known| name.is_of(known)) {
            Some(value) if left > 0 => Recalled::Known { value, good_for: TimeDelta::milliseconds(left) },
            Some(_) | None => Recalled::Unknown(Ticket::new(news)),
        }
    }

    async fn remember(&self, session: &LiveSession, ticket: Ticket, good_for: TimeDelta) {
        let (Some(news), good_for @ 1..) = (ticket.state(), good_for.num_milliseconds()) else { return };
        if let (Some(organization), Some(member)) = (session.organization, &session.member)
            && self.0.keys().organization(organization).admit(Some(member.organization.id)).is_err()
        {
            return;
        }
        let key = self.0.keys().session(session.session, session.organization);
        let Some(sealed) = self.0.seal(&key, &Stored::of(session, news)) else { return };
        let mut keeping = Pipeline::new();
        keeping.cmd("SET").arg(key.as_str()).arg(sealed).arg("PX").arg(good_for).ignore();
        // Who keeps nothing asks the database again: nothing is owed.
        let _kept: Result<(), _> = self.0.query(&keeping).await;
    }
}
