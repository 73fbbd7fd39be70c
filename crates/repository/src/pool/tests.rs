//! The pool on SQLite files: what needs no server.

use super::*;
use crate::mark::Mark;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

struct Rig {
    pool: ServerPool,
    server: Arc<TenantServer>,
    _folder: TempDir,
}

fn org(number: u128) -> OrganizationId {
    Uuid::from_u128(number).into()
}

impl Rig {
    async fn new(connections: usize, each: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = TenantServer::sqlite(folder.path().to_owned());
        for number in 1..=4 {
            let mark = Mark { organization: org(number), installation: Uuid::from_u128(9) };
            server.create(&format!("db{number}"), mark).await.unwrap();
        }
        let limits =
            PoolLimits { connections, each, idle: Duration::from_millis(20), ..PoolLimits::default() };
        Self {
            pool: ServerPool::new("test", limits, Duration::ZERO),
            server: Arc::new(server),
            _folder: folder,
        }
    }

    async fn lease(&self, number: u128, patience: Duration) -> Result<Lease, StoreError> {
        let deadline = Instant::now() + patience;
        self.pool.lease(org(number), &self.server, &format!("db{number}"), deadline).await
    }

    async fn now(&self, number: u128) -> Lease {
        self.lease(number, Duration::from_secs(20)).await.unwrap()
    }

    async fn until(&self, holds: impl Fn(&Usage) -> bool) {
        for _ in 0..1000 {
            if holds(&self.pool.usage()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{:?}", self.pool.usage());
    }
}

#[tokio::test]
async fn who_waits_gets_the_connection_that_comes_back() {
    let rig = Rig::new(3, 1).await;
    let held = rig.now(1).await;
    let waiting = rig.lease(1, Duration::from_secs(20));
    let mut waiting = std::pin::pin!(waiting);
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    assert_eq!(rig.pool.usage().waiting, 1);
    drop(held);
    waiting.await.unwrap();
    assert_eq!(rig.pool.usage().waiting, 0);
}

#[tokio::test]
async fn who_goes_away_leaves_the_line() {
    let rig = Rig::new(3, 1).await;
    let held = rig.now(1).await;
    {
        let mut first = Box::pin(rig.lease(1, Duration::from_secs(20)));
        let second = rig.lease(1, Duration::from_secs(20));
        let mut second = std::pin::pin!(second);
        assert!(futures_util::poll!(first.as_mut()).is_pending());
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        // The permit has been sent to the first one, who never takes it.
        drop(held);
        drop(first);
        second.await.unwrap();
    }
    rig.until(|usage| (usage.in_use, usage.waiting) == (0, 0)).await;
}

#[tokio::test]
async fn patience_has_an_end() {
    let rig = Rig::new(3, 1).await;
    let _held = rig.now(1).await;
    let refused = rig.lease(1, Duration::from_millis(1)).await.map(|_| ());
    assert!(matches!(refused, Err(StoreError::TenantUnavailable(CAPACITY))), "{refused:?}");
    assert_eq!(rig.pool.usage().waiting, 0);
    rig.now(2).await;
}

#[tokio::test]
async fn an_idle_connection_makes_room_for_another_organization() {
    let rig = Rig::new(3, 1).await;
    for number in 1..=4 {
        drop(rig.now(number).await);
    }
    let usage = rig.pool.usage();
    assert!(usage.idle + usage.closing <= 3, "{usage:?}");
}

#[tokio::test]
async fn a_connection_to_another_database_does_not_serve() {
    let rig = Rig::new(8, 3).await;
    drop(rig.now(1).await);
    let deadline = Instant::now() + Duration::from_secs(20);
    let moved = rig.pool.lease(org(1), &rig.server, "db2", deadline).await.unwrap();
    let file = moved.connection().get_sqlite_connection_pool().connect_options();
    assert!(file.get_filename().ends_with("db2/tenant.sqlite3"));
}

#[tokio::test]
async fn what_was_retired_is_closed_when_it_comes_back() {
    let rig = Rig::new(8, 3).await;
    drop(rig.now(1).await);
    let held = rig.now(1).await;
    let other = rig.now(2).await;
    assert!(!rig.pool.drain(org(1), Duration::from_millis(1)).await, "one is in use");
    drop((held, other));
    assert!(rig.pool.drain(org(1), Duration::from_secs(20)).await);
    rig.until(|usage| (usage.idle, usage.closing) == (1, 0)).await;
    // Those that are opened later stay.
    drop(rig.now(1).await);
    assert_eq!(rig.pool.usage().idle, 2);
}

#[tokio::test]
async fn what_is_idle_for_too_long_is_closed() {
    let rig = Rig::new(8, 3).await;
    let held = rig.now(2).await;
    drop(rig.now(1).await);
    tokio::time::sleep(Duration::from_millis(25)).await;
    rig.pool.tidy();
    rig.until(|usage| (usage.in_use, usage.idle, usage.closing) == (1, 0, 0)).await;
    drop(held);
}

#[tokio::test]
async fn a_database_that_is_not_there_is_no_matter_of_the_server() {
    let rig = Rig::new(8, 3).await;
    for _ in 0..5 {
        assert!(rig.lease(9, Duration::from_secs(20)).await.is_err());
    }
    assert!(rig.pool.usage().up);
    rig.now(1).await;
    rig.until(|usage| usage.closing == 0).await;
}

#[tokio::test]
async fn at_the_end_nothing_is_open() {
    let rig = Rig::new(8, 3).await;
    let held = rig.now(1).await;
    drop(rig.now(2).await);
    assert!(!rig.pool.shut(Duration::from_millis(1)).await);
    drop(held);
    assert!(rig.pool.shut(Duration::from_secs(20)).await);
}
