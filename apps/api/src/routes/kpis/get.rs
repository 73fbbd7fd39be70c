//! `GET /kpis/{id}`

use super::view::KpiView;
use crate::extract::{Id, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{get, web};
use vigie_kernel::KpiId;
use vigie_kpis::KpiService;

/// Shows a KPI.
#[utoipa::path(
    operation_id = "kpi_get", tag = "kpis",
    params(("id" = Uuid, Path, description = "The KPI")),
    responses((status = 200, body = KpiView)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/kpis/{id}")]
pub(crate) async fn get_kpi(
    Tenant(tenant): Tenant,
    Id(id): Id<KpiId>,
    kpis: web::Data<dyn KpiService>,
) -> Result<Versioned<KpiView>, ApiError> {
    let kpi = kpis.kpi(&tenant, id).await?;
    Ok(Versioned { version: kpi.snapshot().version, body: KpiView::from(&kpi) })
}
