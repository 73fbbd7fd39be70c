//! Redis that is not there, and Redis that never answers.

use super::{Installation, live_session, organization};
use crate::{
    LimitKey, LimitPolicy, LimitVerdict, Limits, News, Rate, Redis, RedisProbe, RedisResolutions,
    RedisSessions, SharedLimiter,
};
use chrono::TimeDelta;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;
use vigie_auth::{SessionCache, SessionName};
use vigie_kernel::{Invalidation, Invalidations, Recalled, Ticket};
use vigie_platform_monitoring::{HealthProbe, Impact};
use vigie_tenancy::{ResolutionCache, TenantName};

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("redis://{}", listener.local_addr().unwrap())
}

/// An address at which somebody takes connections, counts them and says nothing.
fn silent() -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("redis://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicU32::new(0));
    std::thread::spawn({
        let taken = Arc::clone(&taken);
        move || {
            let mut kept = Vec::new();
            while let Ok((connection, _)) = listener.accept() {
                taken.fetch_add(1, Ordering::SeqCst);
                kept.push(connection);
            }
        }
    });
    (address, taken)
}

async fn everything_goes_on(redis: Arc<Redis>) {
    let sessions = RedisSessions::new(Arc::clone(&redis));
    let live = live_session(20, organization(1));
    let name = SessionName { session: live.session, user: live.user.id, organization: live.organization };
    let answer = sessions.recall(&name).await;
    assert!(matches!(&answer, Recalled::Unknown(ticket) if ticket.state().is_none()), "{answer:?}");
    sessions.remember(&live, Ticket::new(String::new()), TimeDelta::seconds(1)).await;

    let names = RedisResolutions::new(Arc::clone(&redis));
    let answer = names.recall(&TenantName::Domain("kpi.example.org".to_owned())).await;
    assert!(matches!(&answer, Recalled::Unknown(ticket) if ticket.state().is_none()), "{answer:?}");

    let limits = Limits { login_by_ip: Rate::per_hour(10), ..Limits::default() };
    let limiter = SharedLimiter::through(Arc::clone(&redis), &limits);
    let key = LimitKey::Id(Uuid::from_u128(1));
    for left in (0..5).rev() {
        let answer = limiter.check(LimitPolicy::LoginByIp, &key).await;
        assert!(
            matches!(answer, LimitVerdict::Allow { limit: 5, remaining, .. } if remaining == left),
            "{answer:?}"
        );
    }
    assert!(matches!(limiter.check(LimitPolicy::LoginByIp, &key).await, LimitVerdict::Deny { .. }));
    for _ in 0..2_000 {
        assert_eq!(limiter.check(LimitPolicy::MemberByUser, &key).await, LimitVerdict::Unlimited);
    }

    let news = News::through(Arc::clone(&redis));
    news.announce(Invalidation::Organization(organization(1)));
    let probe = RedisProbe::new(redis);
    assert_eq!((probe.name(), probe.impact()), ("redis", Impact::Degrading));
    probe.check().await.unwrap_err();
}

#[tokio::test]
async fn without_redis_everything_goes_on() {
    everything_goes_on(Installation::new().process_at(&nobody())).await;
}

#[tokio::test]
async fn with_a_redis_that_says_nothing_everything_goes_on() {
    let (address, taken) = silent();
    everything_goes_on(Installation::new().process_at(&address)).await;
    // Thousands of requests have not each tried their luck.
    assert!(taken.load(Ordering::SeqCst) < 20, "{taken:?} connections");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_telling_it() {
    for url in ["", "localhost", "http://:hunter2@localhost", "redis//:hunter2@localhost"] {
        let refused = Redis::try_new(url, Installation::new().signer).err().unwrap();
        assert!(!refused.to_string().contains("hunter2"), "{url}");
    }
}
