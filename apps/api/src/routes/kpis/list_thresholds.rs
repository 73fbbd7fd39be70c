//! `GET /kpis/{id}/thresholds`

use super::thresholds::ThresholdVersionView;
use crate::extract::{Id, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use vigie_kernel::KpiId;
use vigie_kpis::KpiService;

/// Lists the threshold versions of a KPI by number.
#[utoipa::path(
    operation_id = "threshold_list", tag = "kpis",
    params(("id" = Uuid, Path, description = "The KPI")),
    responses((status = 200, body = List<ThresholdVersionView>)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/kpis/{id}/thresholds")]
pub(crate) async fn list_thresholds(
    Tenant(tenant): Tenant,
    Id(id): Id<KpiId>,
    kpis: web::Data<dyn KpiService>,
) -> Result<List<ThresholdVersionView>, ApiError> {
    let versions = kpis.threshold_versions(&tenant, id).await?;
    Ok(List::whole(versions.iter().map(ThresholdVersionView::from).collect()))
}
