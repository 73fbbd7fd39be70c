//! `GET /health/ready`

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_platform_monitoring::{HealthService, Readiness};

/// Whether requests should come.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadyView {
    /// `ready`, `degraded` (something that is not essential does not work), `draining` or `failing`.
    status: &'static str,
}

impl From<&Readiness> for ReadyView {
    fn from(readiness: &Readiness) -> Self {
        let status = match (readiness.is_ready(), readiness.draining) {
            (true, _) if readiness.is_degraded() => "degraded",
            (true, _) => "ready",
            (false, true) => "draining",
            (false, false) => "failing",
        };
        Self { status }
    }
}

/// Tells whether requests should come: 200, or 503 while something essential fails or the server stops.
#[utoipa::path(
    operation_id = "health_ready", tag = "health", security(()),
    responses((status = 200, body = ReadyView), (status = 503, body = ReadyView))
)]
#[get("/health/ready")]
pub(crate) async fn ready(health: web::Data<dyn HealthService>) -> HttpResponse {
    let readiness = health.ready().await;
    let code = StatusCode::from_u16(readiness.http_status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    HttpResponse::build(code).json(ReadyView::from(&readiness))
}
