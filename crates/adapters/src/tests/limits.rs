use crate::{LimitKey, LimitPolicy, LimitVerdict, Limiter, Limits, Rate};
use governor::clock::FakeRelativeClock;
use std::net::IpAddr;
use std::time::Duration;
use uuid::Uuid;

fn limiter(limits: &Limits) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Limiter::with_clock(limits, &clock), clock)
}

fn ip(text: &str) -> LimitKey {
    LimitKey::ip(text.parse::<IpAddr>().unwrap())
}

#[test]
fn ten_logins_go_through_and_then_one_every_six_seconds() {
    let (limiter, clock) = limiter(&Limits::default());
    let key = ip("192.0.2.1");
    for left in (0..10).rev() {
        let LimitVerdict::Allow { limit: 10, remaining, .. } = limiter.check(LimitPolicy::LoginByIp, &key)
        else {
            panic!("{left} are left");
        };
        assert_eq!(remaining, left);
    }
    let denied = LimitVerdict::Deny { limit: 10, retry_after: 6 };
    assert_eq!(limiter.check(LimitPolicy::LoginByIp, &key), denied);
    clock.advance(Duration::from_secs(6));
    assert!(matches!(limiter.check(LimitPolicy::LoginByIp, &key), LimitVerdict::Allow { remaining: 0, .. }));
    assert_eq!(limiter.check(LimitPolicy::LoginByIp, &key), denied);
    clock.advance(Duration::from_mins(1));
    assert!(matches!(
        limiter.check(LimitPolicy::LoginByIp, &key),
        LimitVerdict::Allow { remaining: 9, reset: 6, .. }
    ));
}

#[test]
fn policies_and_keys_are_counted_apart() {
    let (limiter, _) = limiter(&Limits { signup_by_ip: Rate::per_hour(1), ..Limits::default() });
    let allowed = |policy, key: &LimitKey| matches!(limiter.check(policy, key), LimitVerdict::Allow { .. });
    assert!(allowed(LimitPolicy::SignupByIp, &ip("192.0.2.1")));
    assert!(!allowed(LimitPolicy::SignupByIp, &ip("192.0.2.1")));
    assert!(allowed(LimitPolicy::SignupByIp, &ip("192.0.2.2")));
    assert!(allowed(LimitPolicy::LoginByIp, &ip("192.0.2.1")));
    assert!(allowed(LimitPolicy::MemberByUser, &LimitKey::Id(Uuid::nil())));
    assert!(allowed(LimitPolicy::SignupByEmail, &LimitKey::Text("key".to_owned())));
}

#[test]
fn a_network_counts_as_one() {
    assert_eq!(ip("2001:db8:1:2:3:4:5:6"), ip("2001:db8:1:2:ffff::1"));
    assert_ne!(ip("2001:db8:1:2::1"), ip("2001:db8:1:3::1"));
    assert_eq!(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
    assert_ne!(ip("192.0.2.1"), ip("192.0.2.2"));
}

#[test]
fn switched_off_nothing_is_counted() {
    let (limiter, _) =
        limiter(&Limits { enabled: false, login_by_ip: Rate::per_hour(1), ..Limits::default() });
    for _ in 0..100 {
        assert_eq!(limiter.check(LimitPolicy::LoginByIp, &ip("192.0.2.1")), LimitVerdict::Unlimited);
    }
}

#[test]
fn a_full_table_refuses_strangers_and_keeps_those_it_knows() {
    let (limiter, clock) = limiter(&Limits { refresh_by_ip: Rate::per_minute(2), ..Limits::default() });
    let key = |number: u32| LimitKey::Id(Uuid::from_u128(u128::from(number)));
    for number in 0..10_000 {
        let _ = limiter.check(LimitPolicy::RefreshByIp, &key(number));
    }
    let stranger = limiter.check(LimitPolicy::RefreshByIp, &key(10_000));
    assert_eq!(stranger, LimitVerdict::Deny { limit: 2, retry_after: 60 });
    assert!(matches!(limiter.check(LimitPolicy::RefreshByIp, &key(5)), LimitVerdict::Allow { .. }));
    clock.advance(Duration::from_mins(2));
    assert!(matches!(limiter.check(LimitPolicy::RefreshByIp, &key(10_000)), LimitVerdict::Allow { .. }));
}
