//! `GET /.well-known/jwks.json`

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpResponse, get, web};
use utoipa_actix_web::service_config::ServiceConfig;
use vigie_auth::AuthService;

/// Registers the route.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config.service(public_keys);
}

/// Shows the public keys of access tokens (RFC 7517). A new one is shown a day before it signs.
#[utoipa::path(
    operation_id = "auth_public_keys", tag = "auth", security(()),
    responses((status = 200, body = Value))
)]
#[get("/.well-known/jwks.json")]
pub(crate) async fn public_keys(auth: web::Data<dyn AuthService>) -> HttpResponse {
    let mut response = HttpResponse::Ok().json(auth.public_keys());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
