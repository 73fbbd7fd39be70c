//! The OpenAPI document, Swagger UI and the figures: what describes the server and is no part of the API itself.

use crate::openapi::{ApiDocument, PREFIX};
use crate::problem::{ApiError, Code};
use crate::server::ServerState;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret as _;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Where the document is, under the prefix of the API.
pub(crate) const DOCUMENT: &str = "/openapi.json";

/// Registers the routes outside the prefix.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    let document = format!("{PREFIX}{DOCUMENT}");
    config
        .route("/metrics", web::get().to(metrics))
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
async fn metrics(req: HttpRequest, state: web::Data<ServerState>) -> Result<HttpResponse, ApiError> {
    let given = req
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let allowed = match (state.metrics_token.as_ref(), given) {
        (Some(token), Some(given)) => same(token.expose_secret(), given),
        (Some(_), None) => false,
        (None, _) => state.on_loopback,
    };
    if !allowed {
        return Err(ApiError::new(Code::RouteNotFound));
    }
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(state.prometheus.render()))
}

/// Compares without telling by its time how much is right.
fn same(wanted: &str, given: &str) -> bool {
    wanted.len() == given.len()
        && wanted.bytes().zip(given.bytes()).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}
