use crate::{Installation, LONG, ask, live_session, organization};
use chrono::TimeDelta;
use std::sync::Arc;
use vigie_adapters::{News, RedisResolutions, RedisSessions};
use vigie_auth::{LiveSession, SessionCache, SessionName};
use vigie_kernel::{Invalidation, Invalidations, OrganizationId, OrganizationStatus, Recalled, Slug, Ticket};
use vigie_tenancy::{OrganizationRef, ResolutionCache, TenantName};

fn name_of(live: &LiveSession) -> SessionName {
    SessionName { session: live.session, user: live.user.id, organization: live.organization }
}

fn known<T>(recalled: Recalled<T>) -> (T, TimeDelta) {
    match recalled {
        Recalled::Known { value, good_for } => (value, good_for),
        Recalled::Unknown(ticket) => panic!("nothing is known: {ticket:?}"),
    }
}

fn ticket<T: std::fmt::Debug>(recalled: Recalled<T>) -> Ticket {
    match recalled {
        Recalled::Unknown(ticket) => ticket,
        Recalled::Known { value, .. } => panic!("known: {value:?}"),
    }
}

#[tokio::test]
async fn a_session_that_one_process_found_out_is_known_to_the_others() {
    let installation = Installation::new();
    let (one, other) =
        (RedisSessions::new(installation.process()), RedisSessions::new(installation.process()));
    let admin = LiveSession { organization: None, member: None, ..live_session(10, organization(1)) };
    for live in [live_session(20, organization(1)), admin] {
        let given = ticket(one.recall(&name_of(&live)).await);
        one.remember(&live, given, TimeDelta::seconds(30)).await;
        let (value, good_for) = known(other.recall(&name_of(&live)).await);
        assert_eq!(value, live);
        assert!(good_for > TimeDelta::zero() && good_for <= TimeDelta::seconds(30), "{good_for}");
    }
}

#[tokio::test]
async fn a_session_is_not_found_under_another_organization_or_user() {
    let installation = Installation::new();
    let sessions = RedisSessions::new(installation.process());
    let live = live_session(20, organization(1));
    let name = name_of(&live);
    sessions.remember(&live, ticket(sessions.recall(&name).await), LONG).await;
    let foreign = [
        SessionName { organization: Some(organization(2)), ..name },
        SessionName { organization: None, ..name },
        SessionName { user: live_session(50, organization(1)).user.id, ..name },
    ];
    for foreign in foreign {
        ticket(sessions.recall(&foreign).await);
    }
    known(sessions.recall(&name).await);
}

#[tokio::test]
async fn a_membership_of_another_organization_is_not_kept() {
    let installation = Installation::new();
    let sessions = RedisSessions::new(installation.process());
    let mut live = live_session(20, organization(1));
    live.organization = Some(organization(2));
    sessions.remember(&live, ticket(sessions.recall(&name_of(&live)).await), LONG).await;
    ticket(sessions.recall(&name_of(&live)).await);
}

#[tokio::test]
async fn what_is_told_makes_older_answers_worthless() {
    let installation = Installation::new();
    let redis = installation.process();
    let (sessions, news) = (RedisSessions::new(Arc::clone(&redis)), News::through(redis));
    let live = live_session(20, organization(1));
    let name = name_of(&live);
    for what in [Invalidation::User(live.user.id), Invalidation::Organization(organization(1))] {
        let early = ticket(sessions.recall(&name).await);
        let kept = ticket(sessions.recall(&name).await);
        sessions.remember(&live, kept, LONG).await;
        known(sessions.recall(&name).await);
        news.announce(what);
        news.settle().await;
        ticket(sessions.recall(&name).await);
        // Whoever asked the database before the change and comes late is not believed either.
        sessions.remember(&live, early, LONG).await;
        ticket(sessions.recall(&name).await);
        sessions.remember(&live, ticket(sessions.recall(&name).await), LONG).await;
        known(sessions.recall(&name).await);
        assert_ne!(installation.process().erase(organization(1)).await, Ok(0));
    }
    sessions.remember(&live, ticket(sessions.recall(&name).await), LONG).await;
    news.announce(Invalidation::Organization(organization(2)));
    news.settle().await;
    known(sessions.recall(&name).await);
}

#[tokio::test]
async fn nothing_is_remembered_with_a_void_ticket_or_for_no_time() {
    let installation = Installation::new();
    let sessions = RedisSessions::new(installation.process());
    let live = live_session(20, organization(1));
    sessions.remember(&live, Ticket::void(), LONG).await;
    let given = ticket(sessions.recall(&name_of(&live)).await);
    sessions.remember(&live, given, TimeDelta::zero()).await;
    ticket(sessions.recall(&name_of(&live)).await);
}

fn paris(id: OrganizationId) -> OrganizationRef {
    OrganizationRef { id, slug: Slug::parse("gmah-paris").unwrap(), status: OrganizationStatus::Suspended }
}

#[tokio::test]
async fn a_name_that_one_process_found_out_is_known_to_the_others_until_something_changes() {
    let installation = Installation::new();
    let redis = installation.process();
    let (one, other) =
        (RedisResolutions::new(Arc::clone(&redis)), RedisResolutions::new(installation.process()));
    let news = News::through(redis);
    let found = paris(organization(1));
    for name in [TenantName::Slug(found.slug.clone()), TenantName::Domain("kpi.example.org".to_owned())] {
        one.remember(&name, &found, ticket(one.recall(&name).await), TimeDelta::seconds(2)).await;
        let (value, good_for) = known(other.recall(&name).await);
        assert_eq!(value, found);
        assert!(good_for <= TimeDelta::seconds(2));
    }
    // Any organization's names may have come to stand for another one.
    news.announce(Invalidation::Organization(organization(2)));
    news.settle().await;
    ticket(other.recall(&TenantName::Slug(found.slug.clone())).await);
    ticket(other.recall(&TenantName::Domain("gmah-paris".to_owned())).await);
}

#[tokio::test]
async fn who_reads_redis_learns_nothing_of_people_and_can_change_nothing() {
    let installation = Installation::new();
    let redis = installation.process();
    let sessions = RedisSessions::new(Arc::clone(&redis));
    let names = RedisResolutions::new(Arc::clone(&redis));
    let (live, victim) = (live_session(20, organization(1)), live_session(60, organization(2)));
    for live in [&live, &victim] {
        sessions.remember(live, ticket(sessions.recall(&name_of(live)).await), LONG).await;
    }
    let name = TenantName::Domain("kpi.example.org".to_owned());
    names.remember(&name, &paris(organization(1)), ticket(names.recall(&name).await), LONG).await;
    let names = installation.names();
    assert_eq!(names.len(), 3);
    for name in &names {
        let all = format!("{name} {:?}", ask(&["GET", name])).to_lowercase();
        for clear in ["jeanne", "martin", "example", "gmah", "paris", "manager"] {
            assert!(!all.contains(clear), "{clear} is in {name}");
        }
    }
    // One organization's session, copied to where another's is looked for, is no session; nor is anything made up.
    let name_in = |id| names.iter().find(|name| name.contains(&format!(":org:{id}:session:"))).unwrap();
    let (from, to) = (name_in(organization(1)), name_in(organization(2)));
    ask(&["COPY", from, to, "REPLACE"]);
    ask(&["SET", from, "{}", "PX", "60000"]);
    ticket(sessions.recall(&name_of(&victim)).await);
    ticket(sessions.recall(&name_of(&live)).await);
}

#[tokio::test]
async fn everything_of_an_organization_can_be_erased() {
    let installation = Installation::new();
    let redis = installation.process();
    let sessions = RedisSessions::new(Arc::clone(&redis));
    let kept = live_session(5_000, organization(2));
    for number in 0..30 {
        let live = live_session(1_000 + number * 10, organization(1));
        sessions.remember(&live, ticket(sessions.recall(&name_of(&live)).await), LONG).await;
    }
    sessions.remember(&kept, ticket(sessions.recall(&name_of(&kept)).await), LONG).await;
    assert_eq!(redis.erase(organization(1)).await, Ok(30));
    assert_eq!(redis.erase(organization(1)).await, Ok(0));
    known(sessions.recall(&name_of(&kept)).await);
}
