//! Connections are counted: on our side, and as the server sees them.

use crate::common::Engine;
use crate::registry::dashboard;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, FromQueryResult, Statement};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use vigie_kernel::{PageRequest, StoreError, TenantContext};
use vigie_kpis::{DashboardFilter, KpiStore};
use vigie_repository::{PoolLimits, TenantStore};

const CAP: usize = 20;

fn limits(patience: Duration) -> PoolLimits {
    PoolLimits { connections: CAP, patience, ..PoolLimits::default() }
}

/// Looks again and again at how many sessions the databases of the test have, until it is told to stop; the most it saw.
struct Watch {
    stop: Arc<AtomicBool>,
    watching: tokio::task::JoinHandle<(i64, u32)>,
}

impl Watch {
    async fn over(engine: &Engine) -> Self {
        let url = std::env::var("VIGIE_TEST_POSTGRES_URL").unwrap();
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        let connection = Database::connect(options).await.unwrap();
        let prefix = engine.tenant_prefix();
        let stop = Arc::new(AtomicBool::new(false));
        let watching = tokio::spawn({
            let stop = Arc::clone(&stop);
            async move {
                let (mut most, mut looks) = (0, 0);
                while !stop.load(Ordering::Relaxed) {
                    most = most.max(sessions(&connection, &prefix).await);
                    looks += 1;
                }
                (most, looks)
            }
        });
        Self { stop, watching }
    }

    async fn most(self) -> i64 {
        self.stop.store(true, Ordering::Relaxed);
        let (most, looks) = self.watching.await.unwrap();
        assert!(looks > 20, "looked {looks} times only");
        most
    }
}

async fn sessions(connection: &DatabaseConnection, prefix: &str) -> i64 {
    #[derive(FromQueryResult)]
    struct Count {
        n: i64,
    }
    let sql = format!("SELECT COUNT(*) AS n FROM pg_stat_activity WHERE starts_with(datname, '{prefix}')");
    let statement = Statement::from_string(sea_orm::DbBackend::Postgres, sql);
    Count::find_by_statement(statement).one(connection).await.unwrap().unwrap().n
}

/// Organizations, each with one dashboard that bears its own id.
async fn marked(engine: &Arc<Engine>, count: usize) -> Vec<TenantContext> {
    let mut making = JoinSet::new();
    let mut tenants = Vec::new();
    for number in 0..count {
        let engine = Arc::clone(engine);
        making.spawn(async move {
            let tenant = engine.organization_named(&format!("marked-{number}")).await;
            let mut planted = dashboard(&engine, &tenant).snapshot().clone();
            planted.title = tenant.organization().to_string();
            let mut work = KpiStore::begin(&engine.tenants, &tenant).await.unwrap();
            work.dashboards().insert(&vigie_kpis::Dashboard::restore(planted)).await.unwrap();
            work.commit().await.unwrap();
            tenant
        });
        if making.len() >= 8 {
            tenants.push(making.join_next().await.unwrap().unwrap());
        }
    }
    tenants.extend(making.join_all().await);
    tenants
}

async fn titles(store: &TenantStore, tenant: &TenantContext) -> Result<Vec<String>, StoreError> {
    let mut reads = KpiStore::read(store, tenant).await?;
    let page = PageRequest { limit: 100, after: None };
    let found = reads.dashboards(&DashboardFilter::default(), &page).await?;
    Ok(found.items.iter().map(|dashboard| dashboard.snapshot().title.clone()).collect())
}

async fn rename(store: &TenantStore, engine: &Engine, tenant: &TenantContext) -> Result<(), StoreError> {
    let mut work = KpiStore::begin(store, tenant).await?;
    let mut second = dashboard(engine, tenant).snapshot().clone();
    second.title = tenant.organization().to_string();
    work.dashboards().insert(&vigie_kpis::Dashboard::restore(second)).await?;
    work.commit().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_organizations_share_twenty_connections() {
    let engine = Arc::new(Engine::postgres_with(limits(Duration::from_secs(20))).await);
    let watch = Watch::over(&engine).await;
    let tenants = Arc::new(marked(&engine, 100).await);

    let mut hammering = JoinSet::new();
    for hammer in 0..40_usize {
        let (engine, tenants) = (Arc::clone(&engine), Arc::clone(&tenants));
        hammering.spawn(async move {
            for turn in 0..15_usize {
                // Everybody at once, in an order of his own; some of them often.
                let tenant =
                    &tenants[(hammer * 31 + turn * 17) % if turn % 3 == 0 { 5 } else { tenants.len() }];
                if turn % 5 == 4 {
                    rename(&engine.tenants, &engine, tenant).await.unwrap();
                }
                let seen: BTreeSet<String> =
                    titles(&engine.tenants, tenant).await.unwrap().into_iter().collect();
                assert_eq!(seen, BTreeSet::from([tenant.organization().to_string()]));
            }
        });
    }
    while let Some(hammered) = hammering.join_next().await {
        hammered.unwrap();
    }

    let most = watch.most().await;
    assert!((1..=20).contains(&most), "the server saw {most} sessions");
    let usage = &engine.registry.usage()[0];
    assert_eq!((usage.in_use, usage.waiting), (0, 0));
    assert!(usage.idle + usage.closing <= CAP, "{usage:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_turn_in_time_is_told_to_come_back() {
    let engine = Arc::new(Engine::postgres_with(limits(Duration::from_millis(50))).await);
    let greedy = engine.organization().await;
    let modest = engine.organization().await;
    let mut held = Vec::new();
    let refused = loop {
        match KpiStore::begin(&engine.tenants, &greedy).await {
            Ok(work) => held.push(work),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::TenantUnavailable("capacity")), "{refused:?}");
    assert_eq!(held.len(), 4, "an organization holds four connections at most");

    // Nobody else notices.
    titles(&engine.tenants, &modest).await.unwrap();
    held.pop();
    titles(&engine.tenants, &greedy).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_given_up_leaves_its_turn_to_the_others() {
    let engine = Arc::new(Engine::postgres_with(limits(Duration::from_secs(20))).await);
    let tenants = Arc::new(marked(&engine, 6).await);
    let mut asking = Vec::new();
    for number in 0..300_usize {
        let (engine, tenant) = (Arc::clone(&engine), tenants[number % tenants.len()].clone());
        asking.push(tokio::spawn(async move { titles(&engine.tenants, &tenant).await }));
    }
    // Two thirds of them go away, wherever they are: in line, opening a connection, reading.
    for (number, asked) in asking.iter().enumerate() {
        if number % 3 != 0 {
            tokio::task::yield_now().await;
            asked.abort();
        }
    }
    let mut served = 0;
    for asked in asking {
        match asked.await {
            Ok(titles) => {
                assert_eq!(titles.unwrap().len(), 1);
                served += 1;
            }
            Err(ended) => assert!(ended.is_cancelled(), "{ended}"),
        }
    }
    assert!(served >= 100, "{served}");
    for tenant in tenants.iter() {
        assert!(engine.registry.drain(tenant.organization(), Duration::from_secs(20)).await.unwrap());
    }
    engine.registry.close(Duration::from_secs(20)).await;
    let usage = &engine.registry.usage()[0];
    assert_eq!((usage.in_use, usage.idle, usage.closing, usage.waiting), (0, 0, 0, 0));
}
