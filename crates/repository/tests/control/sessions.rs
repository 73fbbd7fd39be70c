//! Sessions, and what is true of one right now.

use crate::common::{Engine, session};
use crate::on_both_engines;
use chrono::TimeDelta;
use vigie_auth::{
    IdentityStore, LiveSession, Membership, OrganizationStatus, Session, SessionEnd, SessionEndReason, User,
};
use vigie_kernel::{Clock, OrganizationId, Role, SessionId, UserId};

async fn open(engine: &Engine, user: UserId, organization: Option<OrganizationId>) -> Session {
    let opened = session(engine, user, organization);
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.sessions().insert(&opened).await.unwrap();
    work.commit().await.unwrap();
    opened
}

async fn live(engine: &Engine, session: &Session) -> LiveSession {
    live_of(engine, session.snapshot().id).await.unwrap()
}

async fn live_of(engine: &Engine, session: SessionId) -> Option<LiveSession> {
    let outside = IdentityStore::read(&engine.control).await.unwrap().live_session(session).await.unwrap();
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    let inside = work.sessions().live(session).await.unwrap();
    assert_eq!(outside, inside);
    outside
}

fn ended(engine: &Engine, session: &Session) -> Session {
    let mut snapshot = session.snapshot().clone();
    snapshot.ended = Some(SessionEnd { at: engine.clock.now(), reason: SessionEndReason::Logout });
    Session::restore(snapshot)
}

on_both_engines!(a_live_session_tells_user_membership_and_organization, async |engine: Engine| {
    let organization = engine.reserved("paris").await;
    let marie = engine.account_in(organization.id(), "marie@example.org", Role::Manager).await;
    let session = open(&engine, marie.id(), Some(organization.id())).await;

    let live = live(&engine, &session).await;

    assert_eq!(live.session, session.snapshot().id);
    assert_eq!(live.expires_at, session.snapshot().expires_at);
    assert!(!live.ended);
    assert_eq!(live.user, marie.summary());
    assert_eq!(live.organization, Some(organization.id()));
    let member = live.member.unwrap();
    assert_eq!((member.role, member.active, member.authorization_version), (Role::Manager, true, 1));
    assert_eq!(member.organization.slug.as_str(), "paris");
    assert_eq!(member.organization.status, OrganizationStatus::Provisioning);
    assert_eq!(member.organization.settings, organization.snapshot().settings);
});

on_both_engines!(a_live_session_shows_every_change_at_once, async |engine: Engine| {
    let tenant = engine.organization().await;
    let marie = engine.account_in(tenant.organization(), "marie@example.org", Role::Manager).await;
    let session = open(&engine, marie.id(), Some(tenant.organization())).await;

    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    let membership = work.memberships().find(marie.id(), tenant.organization()).await.unwrap().unwrap();
    let mut demoted = membership.snapshot().clone();
    demoted.role = Role::User;
    demoted.active = false;
    demoted.authorization_version += 1;
    demoted.version += 1;
    work.memberships().update(&Membership::restore(demoted)).await.unwrap();
    let mut locked = marie.snapshot().clone();
    locked.is_active = false;
    locked.version += 1;
    work.users().update(&User::restore(locked)).await.unwrap();
    work.sessions().update(&ended(&engine, &session)).await.unwrap();
    work.commit().await.unwrap();
    let mut organization = engine.found(tenant.organization()).await;
    organization.suspend("unpaid".to_owned(), engine.clock.now()).unwrap();
    engine.save(&organization).await;

    let live = live(&engine, &session).await;
    let member = live.member.unwrap();
    assert!(live.ended);
    assert!(!live.user.is_active);
    assert_eq!((member.role, member.active, member.authorization_version), (Role::User, false, 2));
    assert_eq!(member.organization.status, OrganizationStatus::Suspended);
});

on_both_engines!(a_session_without_a_membership_has_no_member, async |engine: Engine| {
    let organization = engine.reserved("paris").await.id();
    let admin = engine.account("admin@example.org").await;
    let platform = open(&engine, admin.id(), None).await;
    let stranger = open(&engine, admin.id(), Some(organization)).await;

    let of_platform = live(&engine, &platform).await;
    assert_eq!((of_platform.organization, of_platform.member), (None, None));
    let of_stranger = live(&engine, &stranger).await;
    assert_eq!((of_stranger.organization, of_stranger.member), (Some(organization), None));
    assert_eq!(live_of(&engine, engine.ids.next()).await, None);
});

on_both_engines!(the_live_sessions_of_a_user_are_listed_longest_unused_first, async |engine: Engine| {
    let marie = engine.account("marie@example.org").await;
    let other = engine.account("pierre@example.org").await;
    open(&engine, other.id(), None).await;
    let first = open(&engine, marie.id(), None).await;
    engine.clock.advance(TimeDelta::milliseconds(1));
    let second = open(&engine, marie.id(), None).await;
    engine.clock.advance(TimeDelta::microseconds(1));
    let third = open(&engine, marie.id(), None).await;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.sessions().update(&ended(&engine, &third)).await.unwrap();
    let mut used = first.snapshot().clone();
    used.last_used_at = engine.clock.now();
    used.network = Some("2001:db8::/48".to_owned());
    let first = Session::restore(used);
    work.sessions().update(&first).await.unwrap();

    let now = engine.clock.now();
    let listed = work.sessions().live_of_user(marie.id(), now).await.unwrap();
    assert_eq!(listed, [second.clone(), first.clone()]);
    let found = work.sessions().find_for_update(third.snapshot().id).await.unwrap();
    assert_eq!(found, Some(ended(&engine, &third)));
    let later = work.sessions().live_of_user(marie.id(), now + TimeDelta::days(2)).await.unwrap();
    assert_eq!(later, []);
});
