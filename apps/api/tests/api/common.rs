//! The server under test, in the test's own process.

use vigie_api::{ServerSettings, Services, serve};
use vigie_composition::Config;
use vigie_test_support::{TestApp, TestServer};

/// A server on SQLite without throttles.
pub(crate) async fn server() -> TestServer {
    server_with(|_| {}).await
}

/// A server on SQLite with a changed configuration.
pub(crate) async fn server_with(change: impl FnOnce(&mut Config)) -> TestServer {
    server_set(change, |_| {}).await
}

/// A server on SQLite with a changed configuration, and with settings that are none.
pub(crate) async fn server_set(
    change: impl FnOnce(&mut Config),
    set: impl FnOnce(&mut ServerSettings),
) -> TestServer {
    let test = TestApp::with(change).await;
    TestServer::start(test, |app, listener, stop| {
        let mut settings = ServerSettings { workers: Some(2), ..ServerSettings::from(&*app.config) };
        set(&mut settings);
        serve(Services::from(app), settings, listener, stop).unwrap()
    })
}
