//! Figures for Prometheus. None of them names an organization.

use std::time::Duration;

/// What is open to one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The server's name.
    pub server: String,
    /// Connections in use.
    pub in_use: usize,
    /// Idle connections.
    pub idle: usize,
    /// Connections that are being closed, and still counted.
    pub closing: usize,
    /// Units of work and reads that wait for a connection.
    pub waiting: usize,
    /// Whether the server answers, as far as is known.
    pub up: bool,
}

const ACQUIRE: &str = "tenant_pool_acquire_seconds";
const OPENS: &str = "tenant_pool_opens_total";
const EVICTIONS: &str = "tenant_pool_evictions_total";
const REJECTIONS: &str = "tenant_pool_rejections_total";
const ERRORS: &str = "tenant_db_errors_total";
const CONNECTIONS: &str = "tenant_pool_connections";
const UP: &str = "tenant_server_up";
const POOLS: &str = "tenant_pools_open";

/// A connection was had after so long, opening included.
pub(super) fn acquired(took: Duration) {
    metrics::histogram!(ACQUIRE).record(took);
}

/// A connection was opened.
pub(super) fn opened() {
    metrics::counter!(OPENS).increment(1);
}

/// A connection, or an organization's pool, was closed for that cause.
pub(crate) fn evicted(cause: &'static str) {
    metrics::counter!(EVICTIONS, "cause" => cause).increment(1);
}

/// Somebody was told to come back.
pub(crate) fn rejected(reason: &'static str) {
    metrics::counter!(REJECTIONS, "reason" => reason).increment(1);
}

/// A server could not be connected to.
pub(super) fn failed() {
    metrics::counter!(ERRORS, "kind" => "connect").increment(1);
}

/// Shows what is open now.
pub(crate) fn shown(pools: usize, servers: &[Usage]) {
    metrics::gauge!(POOLS).set(number(pools));
    for server in servers {
        let states = [
            ("in_use", server.in_use),
            ("idle", server.idle),
            ("closing", server.closing),
            ("waiting", server.waiting),
        ];
        for (state, count) in states {
            let name = server.server.clone();
            metrics::gauge!(CONNECTIONS, "server" => name, "state" => state).set(number(count));
        }
        metrics::gauge!(UP, "server" => server.server.clone()).set(f64::from(u8::from(server.up)));
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
