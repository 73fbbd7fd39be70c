//! `DELETE /kpis/{id}`

use crate::extract::{Id, IfMatch, Tenant};
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{delete, web};
use vigie_kernel::KpiId;
use vigie_kpis::{DeleteKpi, KpiService};

/// Deletes a KPI that has no values and no actions; another one can be archived.
#[utoipa::path(
    operation_id = "kpi_delete", tag = "kpis",
    params(("id" = Uuid, Path, description = "The KPI"), ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")),
    responses((status = 204)),
    extensions(("x-permission" = json!("dashboard:change-own")))
)]
#[delete("/kpis/{id}")]
pub(crate) async fn delete_kpi(
    Tenant(tenant): Tenant,
    Id(id): Id<KpiId>,
    IfMatch(expected_version): IfMatch,
    kpis: web::Data<dyn KpiService>,
) -> Result<NoContent, ApiError> {
    kpis.delete_kpi(&tenant, DeleteKpi { id, expected_version }).await?;
    Ok(NoContent)
}
