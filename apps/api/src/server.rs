//! Running the server.

use crate::metrics;
use crate::middleware::{Gate, Throttle, authenticate, edge, leave_small_bodies};
use crate::openapi::{ApiDocument, PREFIX};
use crate::routes;
use crate::services::Services;
use crate::stream::{Slots, StreamSettings, Streams};
use actix_cors::Cors;
use actix_web::middleware::{Compress, Condition, from_fn};
use actix_web::{App, HttpServer, dev, http, web};
use secrecy::SecretString;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::scope::scope;
use vigie_composition::Network;

/// Time that the head of a request may take.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// Time that an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Connections of one worker thread.
const CONNECTIONS: usize = 2048;
/// Seconds that running requests get when the server stops.
const STOP_TIME: u64 = 30;

/// How the server listens and whom it lets in.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Worker threads; the number of cores when absent.
    pub workers: Option<usize>,
    /// Token that `/metrics` asks for. Without one, figures are told on a loopback address only.
    pub metrics_token: Option<SecretString>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Host` count.
    pub trusted_proxies: Vec<Network>,
    /// The largest upload, in bytes.
    pub upload_bytes: u64,
    /// Origins of browsers that may call, besides the server's own.
    pub allowed_origins: Vec<String>,
    /// Whether every change of something with a version must say by `If-Match` which one it is about.
    pub require_if_match: bool,
    /// Streams of events.
    pub streams: StreamSettings,
    /// Time between telling that the server is not ready any more and closing the door.
    pub drain: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            workers: None,
            metrics_token: None,
            trusted_proxies: Vec::new(),
            upload_bytes: 64 * 1024 * 1024,
            allowed_origins: Vec::new(),
            require_if_match: false,
            streams: StreamSettings::default(),
            drain: Duration::ZERO,
        }
    }
}

/// What the operational routes need to know of the server.
pub(crate) struct ServerState {
    /// The runtime of the process, which outlives those of the server's threads.
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) metrics_token: Option<SecretString>,
    pub(crate) on_loopback: bool,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) upload_bytes: u64,
    pub(crate) require_if_match: bool,
    pub(crate) prometheus: metrics_exporter_prometheus::PrometheusHandle,
}

/// Starts to answer on a listener. The future ends once `stop` has ended and running requests are answered.
///
/// # Errors
/// When the listener cannot be used, or the program was put together wrongly (metrics, API document).
pub fn serve(
    services: Services,
    settings: ServerSettings,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<dev::Server> {
    let state = web::Data::new(ServerState {
        runtime: tokio::runtime::Handle::current(),
        metrics_token: settings.metrics_token,
        on_loopback: listener.local_addr().is_ok_and(|address: SocketAddr| address.ip().is_loopback()),
        trusted_proxies: settings.trusted_proxies,
        upload_bytes: settings.upload_bytes,
        require_if_match: settings.require_if_match,
        prometheus: metrics::recorder().map_err(io::Error::other)?,
    });
    let document = web::Data::new(ApiDocument::load().map_err(io::Error::other)?);
    let upkeep = tokio::spawn(metrics::upkeep(state.prometheus.clone()));
    let gate = web::Data::new(Gate {
        auth: web::Data::from(Arc::clone(&services.auth)),
        tenancy: web::Data::from(Arc::clone(&services.tenancy)),
        document: document.clone(),
        state: state.clone(),
        throttle: Throttle::new(Arc::clone(&services.limiter)),
    });
    let stop_streams = CancellationToken::new();
    let streams = web::Data::new(streams(&services, settings.streams, stop_streams.clone()));
    let (health, drain) = (Arc::clone(&services.health), settings.drain);
    let workers = settings.workers;
    let origins: Arc<[String]> = settings.allowed_origins.into();

    let factory = move || {
        App::new()
            .configure(|config| services.register(config))
            .app_data(state.clone())
            .app_data(document.clone())
            .app_data(gate.clone())
            .app_data(streams.clone())
            .into_utoipa_app()
            .service(scope(PREFIX).configure(routes::configure).wrap(from_fn(authenticate)))
            .configure(routes::health::configure)
            .configure(routes::well_known::configure)
            .into_app()
            .configure(routes::docs::configure)
            .default_service(web::to(routes::nothing_here))
            .wrap(from_fn(leave_small_bodies))
            .wrap(Compress::default())
            .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
            .wrap(from_fn(edge))
    };
    let mut server = HttpServer::new(factory)
        .client_request_timeout(HEAD_TIME)
        .keep_alive(KEEP_ALIVE)
        .max_connections(CONNECTIONS)
        .shutdown_timeout(STOP_TIME)
        .shutdown_signal(async move {
            stop.await;
            tracing::info!("stopping: not ready any more");
            health.drain();
            tokio::time::sleep(drain).await;
            // With the door: who comes back must meet another server.
            stop_streams.cancel();
            upkeep.abort();
        });
    if let Some(workers) = workers {
        server = server.workers(workers);
    }
    Ok(server.listen(listener)?.run())
}

fn streams(services: &Services, settings: StreamSettings, stop: CancellationToken) -> Streams {
    let retry_after = settings.heartbeat.as_secs().max(1);
    Streams {
        settings,
        slots: Arc::new(Slots::new(settings.per_user, settings.per_process, retry_after)),
        auth: Arc::clone(&services.auth),
        stop,
        runtime: tokio::runtime::Handle::current(),
    }
}

fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .block_on_origin_mismatch(true)
        .allowed_methods([
            http::Method::GET,
            http::Method::POST,
            http::Method::PUT,
            http::Method::PATCH,
            http::Method::DELETE,
        ])
        .allowed_headers([
            http::header::AUTHORIZATION,
            http::header::CONTENT_TYPE,
            http::header::IF_MATCH,
            http::header::ACCEPT_LANGUAGE,
        ])
        .allowed_header("x-tenant-id")
        .allowed_header("x-request-id")
        .allowed_header("idempotency-key")
        .allowed_header("last-event-id")
        .expose_headers([http::header::ETAG, http::header::LOCATION, http::header::LINK])
        .expose_headers(["x-request-id", "idempotency-replayed"])
        .max_age(600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
