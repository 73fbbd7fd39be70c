//! The OpenAPI document, Swagger UI and the figures: what describes the server and is no part of the API itself.

use crate::openapi::{ApiDocument, PREFIX};
use crate::problem::{ApiError, Code};
use crate::server::ServerState;
use actix_web::http::{Uri, header};
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret as _;
use std::net::IpAddr;
use utoipa_swagger_ui::{Config, SwaggerUi};
use vigie_composition::{JobQueue, measure_organizations, measure_queue};
use vigie_kernel::Clock;
use vigie_platform_monitoring::SampleService;

/// Where the document is, under the prefix of the API.
pub(crate) const DOCUMENT: &str = "/openapi.json";

/// Registers the routes outside the prefix.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    let document = format!("{PREFIX}{DOCUMENT}");
    config
        .route("/metrics", web::get().to(figures))
        .route("/docs", web::get().to(to_docs))
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from(document)));
}

/// Gives the document.
pub(crate) async fn openapi_document(document: web::Data<ApiDocument>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.json.clone())
}

async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

/// The figures. To who may not see them there is nothing here.
async fn figures(
    req: HttpRequest,
    state: web::Data<ServerState>,
    queue: web::Data<JobQueue>,
    samples: web::Data<dyn SampleService>,
    clock: web::Data<dyn Clock>,
) -> Result<HttpResponse, ApiError> {
    if !may_see_figures(&req, &state) {
        return Err(ApiError::new(Code::RouteNotFound));
    }
    // The other figures are worth having when the database is away, and then most of all.
    if let Err(error) = measure_queue(&queue, clock.now()).await {
        tracing::warn!(%error, "the job queue could not be measured");
    }
    if let Err(error) = measure_organizations(&**samples).await {
        tracing::warn!(%error, "the organizations could not be counted");
    }
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(state.prometheus.render()))
}

fn may_see_figures(req: &HttpRequest, state: &ServerState) -> bool {
    let header = req.headers().get(header::AUTHORIZATION);
    let given = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match (state.metrics_token.as_ref(), given) {
        (Some(token), Some(given)) => same(token.expose_secret(), given),
        (Some(_), None) => false,
        (None, _) => state.on_loopback && is_from_here(req),
    }
}

/// Whether the request was made on this machine for this machine. A proxy here that passes on what comes from elsewhere says so in a
/// header, or asks for another host.
fn is_from_here(req: &HttpRequest) -> bool {
    let passed_on = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
    let host = req.uri().host().map(str::to_owned).or_else(|| {
        let host = req.headers().get(header::HOST)?.to_str().ok()?;
        format!("http://{host}").parse::<Uri>().ok()?.host().map(str::to_owned)
    });
    let is_loopback = |host: &str| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    };
    req.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && passed_on.iter().all(|name| !req.headers().contains_key(*name))
        && host.is_some_and(|host| is_loopback(&host))
}

/// Compares without telling by its time how much is right.
fn same(wanted: &str, given: &str) -> bool {
    wanted.len() == given.len()
        && wanted.bytes().zip(given.bytes()).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}
