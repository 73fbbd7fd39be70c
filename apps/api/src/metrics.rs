//! Figures for Prometheus.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;
use vigie_composition::{JOB_DURATION, JOB_SECONDS, describe_jobs, describe_organizations};

/// Upper bounds of the buckets of request times, in seconds.
const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const DURATION: &str = "http_request_duration_seconds";
const REQUESTS: &str = "http_requests_total";
const IN_FLIGHT: &str = "http_requests_in_flight";
const ACQUIRE: &str = "tenant_pool_acquire_seconds";
/// Upper bounds of the buckets of the time until a connection is had: most are idle, and after a quarter of a second a request gives up.
const ACQUIRE_SECONDS: [f64; 9] = [0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];

/// The process's one recorder. Several servers of one process (as in tests) share it.
///
/// # Errors
/// When the buckets are refused or another recorder is installed: a bug of the program.
pub(crate) fn recorder() -> Result<PrometheusHandle, String> {
    static HANDLE: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    HANDLE.get_or_init(install).clone()
}

fn install() -> Result<PrometheusHandle, String> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Full(JOB_DURATION.to_owned()), &JOB_SECONDS)
        })
        .map_err(|error| error.to_string())?
        .set_buckets_for_metric(Matcher::Full(ACQUIRE.to_owned()), &ACQUIRE_SECONDS)
        .map_err(|error| error.to_string())?
        .install_recorder()
        .map_err(|error| error.to_string())?;
    metrics::describe_counter!(REQUESTS, "Requests by route template, method and class of status.");
    metrics::describe_histogram!(DURATION, metrics::Unit::Seconds, "Time to answer, by route and method.");
    metrics::describe_gauge!(IN_FLIGHT, "Requests being answered.");
    describe_jobs();
    describe_organizations();
    metrics::describe_gauge!("redis_up", "1 while Redis answers; absent where none is used.");
    metrics::describe_counter!("redis_failures_total", "Times that Redis gave no answer.");
    metrics::describe_counter!("redis_news_lost_total", "News that no other process could be told.");
    metrics::describe_counter!("rate_limit_fail_open_total", "Requests let through uncounted, by policy.");
    metrics::describe_histogram!(
        ACQUIRE,
        metrics::Unit::Seconds,
        "Time until a connection to an organization's database is had."
    );
    metrics::describe_gauge!("tenant_pools_open", "Organizations whose databases are open.");
    metrics::describe_gauge!("tenant_pool_connections", "Connections to each database server, by state.");
    metrics::describe_gauge!("tenant_server_up", "1 while the database server answers.");
    metrics::describe_counter!("tenant_pool_opens_total", "Connections that were opened.");
    metrics::describe_counter!(
        "tenant_pool_evictions_total",
        "Connections and organizations closed, by cause."
    );
    metrics::describe_counter!("tenant_pool_rejections_total", "Requests told to come back, by reason.");
    metrics::describe_counter!("tenant_db_errors_total", "Failures of database servers, by kind.");
    metrics::describe_gauge!("app_build_info", "1, with the version of the program.");
    metrics::gauge!("app_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// Drains histograms every few seconds until it is dropped.
pub(crate) async fn upkeep(handle: PrometheusHandle) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    loop {
        tick.tick().await;
        handle.run_upkeep();
    }
}

/// Counts a request as being answered for as long as it lives.
pub(crate) struct InFlight;

impl InFlight {
    pub(crate) fn start() -> Self {
        metrics::gauge!(IN_FLIGHT).increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        metrics::gauge!(IN_FLIGHT).decrement(1.0);
    }
}

/// Counts an answered request.
pub(crate) fn answered(route: &str, method: &str, status: u16, took: Duration) {
    let method = known_method(method);
    let class = status_class(status);
    metrics::counter!(REQUESTS, "route" => route.to_owned(), "method" => method, "status_class" => class)
        .increment(1);
    metrics::histogram!(DURATION, "route" => route.to_owned(), "method" => method).record(took);
}

/// The method as a label of bounded variety.
fn known_method(method: &str) -> &'static str {
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("OTHER")
}

const fn status_class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
