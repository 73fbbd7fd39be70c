//! Organizations on several database servers, as their members see them.

use crate::common::server_with;
use vigie_auth::SecretText;
use vigie_composition::{DEFAULT_SERVER, NewServer, ServerAddress, ServerChange, ServerState};
use vigie_kernel::OperatorContext;
use vigie_test_support::{Gate, SecondServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_is_told_to_its_own_organizations_only() {
    let second = SecondServer::unique().unwrap();
    let (gate, through) = Gate::to(second.url()).await.unwrap();
    let server =
        server_with(|config| second.tenant_prefix().clone_into(&mut config.database.tenant_prefix)).await;
    let servers = &server.test.app.servers;
    let operator = OperatorContext::new(None, "test".to_owned());
    let new = NewServer {
        name: "second".to_owned(),
        address: ServerAddress::Sealed(SecretText::new(through.to_string())),
        weight: 100,
        max_databases: None,
        connection_budget: None,
        state: ServerState::Accept,
    };
    let here = server.sign_up("Here").await;
    servers.add(&operator, new, true).await.unwrap();
    let drain = ServerChange { state: Some(ServerState::Drain), ..ServerChange::default() };
    servers.set(&operator, DEFAULT_SERVER, drain, true).await.unwrap();
    let there = server.sign_up("There").await;
    there.dashboard("Quality").await;

    gate.shut().await;

    // The first one may still find a connection that was cut; then the server is known to be away.
    there.client.get("/dashboards").await;
    for _ in 0..5 {
        let down = there.client.get("/dashboards").await;
        down.expect_problem(503, "server_down");
        assert_eq!(down.header("retry-after"), "5");
        here.client.get("/dashboards").await.expect(200);
        server.client.get("/health/ready").await.expect(200);
    }

    gate.open().await.unwrap();
    for _ in 0..600 {
        if there.client.get("/dashboards").await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the server is not used again");
}
