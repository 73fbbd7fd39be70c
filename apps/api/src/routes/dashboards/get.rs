//! `GET /dashboards/{id}`

use super::view::DashboardView;
use crate::extract::{Id, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{get, web};
use vigie_kernel::DashboardId;
use vigie_kpis::KpiService;

/// Shows a dashboard.
#[utoipa::path(
    operation_id = "dashboard_get", tag = "dashboards",
    params(("id" = Uuid, Path, description = "The dashboard")),
    responses((status = 200, body = DashboardView)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/dashboards/{id}")]
pub(crate) async fn get_dashboard(
    Tenant(tenant): Tenant,
    Id(id): Id<DashboardId>,
    kpis: web::Data<dyn KpiService>,
) -> Result<Versioned<DashboardView>, ApiError> {
    let dashboard = kpis.dashboard(&tenant, id).await?;
    Ok(Versioned { version: dashboard.snapshot().version, body: DashboardView::from(&dashboard) })
}
