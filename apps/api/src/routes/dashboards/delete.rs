//! `DELETE /dashboards/{id}`

use crate::extract::{Id, IfMatch, Tenant};
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{delete, web};
use vigie_kernel::DashboardId;
use vigie_kpis::{DeleteDashboard, KpiService};

/// Deletes a dashboard that has no KPIs.
#[utoipa::path(
    operation_id = "dashboard_delete", tag = "dashboards",
    params(("id" = Uuid, Path, description = "The dashboard"), ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")),
    responses((status = 204)),
    extensions(("x-permission" = json!("dashboard:change-own")))
)]
#[delete("/dashboards/{id}")]
pub(crate) async fn delete_dashboard(
    Tenant(tenant): Tenant,
    Id(id): Id<DashboardId>,
    IfMatch(expected_version): IfMatch,
    kpis: web::Data<dyn KpiService>,
) -> Result<NoContent, ApiError> {
    kpis.delete_dashboard(&tenant, DeleteDashboard { id, expected_version }).await?;
    Ok(NoContent)
}
