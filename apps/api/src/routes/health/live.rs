//! `GET /health/live`

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_platform_monitoring::HealthService;

/// Whether the process lives.
#[derive(Serialize, ToSchema)]
pub(crate) struct LiveView {
    /// `ok` or `failing`.
    status: &'static str,
}

/// Tells that the process lives.
#[utoipa::path(
    operation_id = "health_live", tag = "health", security(()),
    responses((status = 200, body = LiveView))
)]
#[get("/health/live")]
pub(crate) async fn live(health: web::Data<dyn HealthService>) -> HttpResponse {
    let (code, status) =
        if health.live() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "failing") };
    HttpResponse::build(code).json(LiveView { status })
}
