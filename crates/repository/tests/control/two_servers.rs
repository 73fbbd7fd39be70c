//! One of two PostgreSQL servers goes away.

use crate::common::{Engine, Gate};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use vigie_auth::SecretText;
use vigie_kernel::{OperatorContext, PageRequest, StoreError, TenantContext};
use vigie_kpis::{DashboardFilter, KpiStore};
use vigie_repository::{DEFAULT_SERVER, NewServer, PoolLimits, ServerAddress, ServerChange, ServerState};

/// Two servers, the second one behind a door, with two organizations on each.
struct Two {
    engine: Arc<Engine>,
    gate: Gate,
    first: Vec<TenantContext>,
    second: Vec<TenantContext>,
}

impl Two {
    async fn new() -> Self {
        let limits = PoolLimits { patience: Duration::from_secs(20), ..PoolLimits::default() };
        let engine = Engine::postgres_with(limits).await;
        let (gate, through) = Gate::to(&engine.second_postgres()).await.unwrap();
        let operator = OperatorContext::new(None, "test".to_owned());
        let new = NewServer {
            name: "second".to_owned(),
            address: ServerAddress::Sealed(SecretText::new(through.to_string())),
            weight: 100,
            max_databases: None,
            connection_budget: Some(10),
            state: ServerState::Accept,
        };
        engine.servers.add(&operator, new, true).await.unwrap();
        let mut two = Self { engine: Arc::new(engine), gate, first: Vec::new(), second: Vec::new() };
        for (draining, accepting) in [("second", DEFAULT_SERVER), (DEFAULT_SERVER, "second")] {
            for (name, state) in [(accepting, ServerState::Accept), (draining, ServerState::Drain)] {
                let change = ServerChange { state: Some(state), ..ServerChange::default() };
                two.engine.servers.set(&operator, name, change, false).await.unwrap();
            }
            let there = vec![two.engine.organization().await, two.engine.organization().await];
            if accepting == DEFAULT_SERVER { two.first = there } else { two.second = there }
        }
        two
    }

    async fn look(&self, tenant: &TenantContext) -> Result<(), StoreError> {
        let mut reads = KpiStore::read(&self.engine.tenants, tenant).await?;
        reads
            .dashboards(&DashboardFilter::default(), &PageRequest { limit: 10, after: None })
            .await
            .map(|_| ())
    }

    /// Asks for the second server's organizations until they are refused without being tried.
    async fn until_left_alone(&self) {
        for _ in 0..50 {
            match self.look(&self.second[0]).await {
                Err(StoreError::TenantUnavailable("server_down")) if !self.second_is_up() => return,
                Err(StoreError::TenantUnavailable("server_down") | StoreError::Unavailable(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        panic!("the server is asked again and again");
    }

    fn second_is_up(&self) -> bool {
        self.engine.registry.usage().iter().any(|usage| usage.server == "second" && usage.up)
    }

    async fn until_back(&self) {
        for _ in 0..600 {
            match self.look(&self.second[0]).await {
                Ok(()) => return,
                Err(StoreError::TenantUnavailable("server_down") | StoreError::Unavailable(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server is not asked again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_costs_its_own_organizations_only() {
    let two = Two::new().await;
    for tenant in two.first.iter().chain(&two.second) {
        two.look(tenant).await.unwrap();
    }

    two.gate.shut().await;

    two.until_left_alone().await;
    // Mixed requests at once: the one half is served, the other half is told at once, and never waits for the dead server.
    let two = Arc::new(two);
    let mut asking = JoinSet::new();
    for number in 0..100_usize {
        let two = Arc::clone(&two);
        asking.spawn(async move {
            two.look(&two.first[number % 2]).await.unwrap();
            let refused = two.look(&two.second[number % 2]).await;
            assert!(matches!(refused, Err(StoreError::TenantUnavailable("server_down"))), "{refused:?}");
        });
    }
    while let Some(asked) = asking.join_next().await {
        asked.unwrap();
    }
    // The relay goes past it too.
    two.engine.relay.sweep().await.unwrap();

    two.gate.open().await.unwrap();
    two.until_back().await;
    two.look(&two.second[1]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_is_left_alone_too() {
    let two = Two::new().await;
    two.gate.hang().await.unwrap();
    two.until_left_alone().await;
    two.look(&two.first[0]).await.unwrap();
    two.gate.open().await.unwrap();
    two.until_back().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_is_used_again() {
    let two = Two::new().await;
    for tenant in &two.second {
        two.look(tenant).await.unwrap();
    }
    // Every connection is cut, and new ones are let in at once.
    two.gate.open().await.unwrap();
    two.until_back().await;
    for tenant in two.second.iter().chain(&two.first) {
        two.look(tenant).await.unwrap();
    }
}
