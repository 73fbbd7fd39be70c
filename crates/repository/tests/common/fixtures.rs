//! Things to store.

use super::Engine;
use serde_json::json;
use vigie_auth::{
    Membership, MembershipSnapshot, PasswordHash, Session, SessionSnapshot, User, UserSnapshot,
};
use vigie_jobs::{Lane, OutboxMessage};
use vigie_kernel::{Clock, EmailAddress, Locale, OrganizationId, Role, UserId};

/// An account that is not stored yet.
pub(crate) fn user(engine: &Engine, email: &str) -> User {
    let now = engine.clock.now();
    User::restore(UserSnapshot {
        id: engine.ids.next(),
        email: EmailAddress::parse(email).unwrap(),
        full_name: format!("Name of {email}"),
        password_hash: PasswordHash::from_phc("$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".to_owned()),
        is_active: true,
        is_platform_admin: false,
        email_verified_at: None,
        locale: Some(Locale::Fr),
        created_at: now,
        updated_at: now,
        version: 1,
    })
}

/// A membership that is not stored yet.
pub(crate) fn membership(
    engine: &Engine,
    user: UserId,
    organization: OrganizationId,
    role: Role,
) -> Membership {
    Membership::restore(MembershipSnapshot {
        id: engine.ids.next(),
        user_id: user,
        organization_id: organization,
        role,
        active: true,
        authorization_version: 1,
        last_login_at: None,
        created_at: engine.clock.now(),
        version: 1,
    })
}

/// A session of a day that is not stored yet.
pub(crate) fn session(engine: &Engine, user: UserId, organization: Option<OrganizationId>) -> Session {
    let now = engine.clock.now();
    Session::restore(SessionSnapshot {
        id: engine.ids.next(),
        user_id: user,
        organization_id: organization,
        created_at: now,
        last_used_at: now,
        expires_at: now + chrono::TimeDelta::days(1),
        ended: None,
        user_agent: Some("Mozilla/5.0".to_owned()),
        network: Some("203.0.113.0/24".to_owned()),
    })
}

/// A message that announces a job, due now.
pub(crate) fn message(engine: &Engine, name: &str) -> OutboxMessage {
    OutboxMessage {
        id: engine.ids.next(),
        name: name.to_owned(),
        lane: Lane::Transactional,
        once: None,
        exclusive: None,
        payload: json!({ "kpi": "K-1" }),
        max_attempts: 3,
        run_at: engine.clock.now(),
        request_id: "request-1".to_owned(),
    }
}
