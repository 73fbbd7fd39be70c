//! The worker's figures, for Prometheus: `GET /metrics` at `metrics.bind`.
//!
//! A worker has no other address, so this is all of HTTP that it speaks: one request for each connection, answered and closed.

use crate::CommandError;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use vigie_composition::{
    App, JOB_DURATION, JOB_SECONDS, JobQueue, describe_jobs, describe_organizations, measure_organizations,
    measure_queue,
};
use vigie_kernel::Clock;
use vigie_platform_monitoring::SampleService;

/// Time for a request and its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest head of a request, in bytes.
const LONGEST_HEAD: usize = 8 * 1024;
/// Requests under way at once.
const AT_ONCE: usize = 16;
/// How often histograms are drained.
const UPKEEP: Duration = Duration::from_secs(5);

struct Figures {
    prometheus: PrometheusHandle,
    queue: Arc<JobQueue>,
    samples: Arc<dyn SampleService>,
    clock: Arc<dyn Clock>,
    token: Option<SecretString>,
    on_loopback: bool,
}

/// Answers until what it gives back is dropped; nothing when no address is configured.
pub(crate) async fn serve(app: &App) -> Result<JoinSet<()>, CommandError> {
    let mut tasks = JoinSet::new();
    let Some(address) = app.config.metrics.bind else { return Ok(tasks) };
    let failed = |error: &dyn std::fmt::Display| CommandError::Metrics(format!("{address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(|error| failed(&error))?;
    let prometheus = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(JOB_DURATION.to_owned()), &JOB_SECONDS)
        .map_err(|error| failed(&error))?
        .install_recorder()
        .map_err(|error| failed(&error))?;
    describe_jobs();
    describe_organizations();
    metrics::describe_gauge!("app_build_info", "1, with the version of the program.");
    metrics::gauge!("app_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    tracing::info!(metrics.address = %address, "figures at http://{address}/metrics");
    let figures = Figures {
        prometheus,
        queue: Arc::clone(&app.queue),
        samples: Arc::clone(&app.samples),
        clock: Arc::clone(&app.clock),
        token: app.config.metrics.token.clone(),
        on_loopback: address.ip().is_loopback(),
    };
    tasks.spawn(upkeep(figures.prometheus.clone()));
    tasks.spawn(accept(listener, Arc::new(figures)));
    Ok(tasks)
}

async fn upkeep(prometheus: PrometheusHandle) {
    let mut tick = tokio::time::interval(UPKEEP);
    loop {
        tick.tick().await;
        prometheus.run_upkeep();
    }
}

async fn accept(listener: TcpListener, figures: Arc<Figures>) {
    let mut answering = JoinSet::new();
    loop {
        while answering.len() >= AT_ONCE {
            answering.join_next().await;
        }
        while answering.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((connection, _)) => {
                let figures = Arc::clone(&figures);
                answering.spawn(async move {
                    // A scraper that goes away, or never says what it wants, is nobody's trouble.
                    let _gone = tokio::time::timeout(PATIENCE, answer(connection, &figures)).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection of a scraper could be accepted");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer(mut connection: TcpStream, figures: &Figures) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= LONGEST_HEAD || connection.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head);
    let (status, body) = if figures.may_see(&head) {
        // The other figures are worth having when the database is away, and then most of all.
        if let Err(error) = measure_queue(&figures.queue, figures.clock.now()).await {
            tracing::warn!(%error, "the job queue could not be measured");
        }
        if let Err(error) = measure_organizations(&*figures.samples).await {
            tracing::warn!(%error, "the organizations could not be counted");
        }
        ("200 OK", figures.prometheus.render())
    } else {
        ("404 Not Found", String::new())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(body.as_bytes()).await?;
    connection.shutdown().await
}

impl Figures {
    /// To who may not see them there is nothing here, as in the API.
    fn may_see(&self, head: &str) -> bool {
        let mut lines = head.split("\r\n");
        let asked = lines.next().is_some_and(|line| line.starts_with("GET /metrics "));
        let given = lines.filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
            name.eq_ignore_ascii_case("authorization").then(|| value.trim().strip_prefix("Bearer "))
        });
        let allowed = match (&self.token, given.flatten()) {
            (Some(token), Some(given)) => same(token.expose_secret(), given),
            (Some(_), None) => false,
            (None, _) => self.on_loopback,
        };
        asked && allowed
    }
}

/// Compares without telling by its time how much is right.
fn same(wanted: &str, given: &str) -> bool {
    wanted.len() == given.len()
        && wanted.bytes().zip(given.bytes()).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}
