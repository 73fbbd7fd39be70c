use crate::{Installation, server};
use futures_util::future::join_all;
use std::net::IpAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use vigie_adapters::{LimitKey, LimitPolicy, LimitVerdict, Limits, Rate, SharedLimiter};

fn ip(text: &str) -> LimitKey {
    LimitKey::ip(text.parse::<IpAddr>().unwrap())
}

#[tokio::test]
async fn processes_count_together() {
    let installation = Installation::new();
    let limits = Limits { login_by_ip: Rate::per_hour(10), ..Limits::default() };
    let processes = [(); 2].map(|()| SharedLimiter::through(installation.process(), &limits));
    let asked = (0..40).map(|number| {
        let (limiter, key) = (&processes[number % 2], ip("192.0.2.1"));
        async move { limiter.check(LimitPolicy::LoginByIp, &key).await }
    });
    let answers = join_all(asked).await;
    let allowed = answers.iter().filter(|answer| matches!(answer, LimitVerdict::Allow { .. })).count();
    assert_eq!(allowed, 10, "{answers:?}");
    let denied = answers.iter().find(|answer| matches!(answer, LimitVerdict::Deny { .. })).unwrap();
    let LimitVerdict::Deny { limit: 10, retry_after } = denied else { panic!("{denied:?}") };
    assert!((350..=360).contains(retry_after), "{retry_after}");
    for other in [ip("192.0.2.2"), LimitKey::Text("192.0.2.1".to_owned())] {
        let answer = processes[0].check(LimitPolicy::LoginByIp, &other).await;
        assert!(matches!(answer, LimitVerdict::Allow { limit: 10, remaining: 9, .. }), "{answer:?}");
    }
    let other = processes[0].check(LimitPolicy::RefreshByIp, &ip("192.0.2.1")).await;
    assert!(matches!(other, LimitVerdict::Allow { limit: 60, remaining: 59, reset: 1 }), "{other:?}");
}

#[tokio::test]
async fn what_is_left_is_told() {
    let installation = Installation::new();
    let limits = Limits { signup_by_ip: Rate::per_hour(4), ..Limits::default() };
    let limiter = SharedLimiter::through(installation.process(), &limits);
    for (left, back) in [(3, 900), (2, 1800), (1, 2700), (0, 3600)] {
        let answer = limiter.check(LimitPolicy::SignupByIp, &ip("192.0.2.1")).await;
        let LimitVerdict::Allow { limit: 4, remaining, reset } = answer else { panic!("{answer:?}") };
        assert_eq!(remaining, left);
        assert!((back - 20..=back).contains(&reset), "{reset}, not {back}");
    }
    let answer = limiter.check(LimitPolicy::SignupByIp, &ip("192.0.2.1")).await;
    assert!(matches!(answer, LimitVerdict::Deny { limit: 4, .. }), "{answer:?}");
}

#[tokio::test]
async fn names_of_counters_tell_nothing() {
    let installation = Installation::new();
    let limiter = SharedLimiter::through(installation.process(), &Limits::default());
    let keys = [ip("192.0.2.1"), LimitKey::Text("jeanne@example.org".to_owned())];
    for key in &keys {
        let _ = limiter.check(LimitPolicy::SignupByEmail, key).await;
    }
    let names = installation.names();
    assert_eq!(names.len(), 2);
    for name in names {
        let (start, pseudonym) = name.rsplit_once(':').unwrap();
        assert!(start.ends_with(":all:rate:signup-address"), "{name}");
        assert!(pseudonym.len() == 64 && pseudonym.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    }
}

/// A way to the server that can be cut.
async fn way(server: &str) -> (String, CancellationToken) {
    let cut = CancellationToken::new();
    let (start, rest) = server.split_once('@').unwrap();
    let (address, database) = rest.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("{start}@{}/{database}", listener.local_addr().unwrap());
    let (address, stop) = (address.to_owned(), cut.clone());
    tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let (address, stop) = (address.clone(), stop.clone());
            tokio::spawn(stop.run_until_cancelled_owned(async move {
                let mut far = TcpStream::connect(address).await.unwrap();
                tokio::io::copy_bidirectional(&mut near, &mut far).await
            }));
        }
    }));
    (url, cut)
}

#[tokio::test]
async fn doors_to_accounts_have_counted_all_along_when_redis_goes() {
    let limits = Limits { login_by_ip: Rate::per_hour(10), ..Limits::default() };
    let (url, cut) = way(&server()).await;
    let limiter = SharedLimiter::through(Installation::new().process_at(&url), &limits);
    let (known, stranger) = (ip("192.0.2.1"), ip("192.0.2.2"));
    for _ in 0..10 {
        let answer = limiter.check(LimitPolicy::LoginByIp, &known).await;
        assert!(matches!(answer, LimitVerdict::Allow { limit: 10, .. }), "{answer:?}");
    }
    cut.cancel();
    let answer = limiter.check(LimitPolicy::LoginByIp, &known).await;
    assert!(matches!(answer, LimitVerdict::Deny { limit: 5, .. }), "{answer:?}");
    for _ in 0..5 {
        let answer = limiter.check(LimitPolicy::LoginByIp, &stranger).await;
        assert!(matches!(answer, LimitVerdict::Allow { limit: 5, .. }), "{answer:?}");
    }
    let answer = limiter.check(LimitPolicy::LoginByIp, &stranger).await;
    assert!(matches!(answer, LimitVerdict::Deny { limit: 5, .. }), "{answer:?}");
}
