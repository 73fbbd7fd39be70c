//! `DELETE /kpis/{id}/values/{period}`

use crate::extract::{Id, IfMatch, Key, Params, Tenant};
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{delete, web};
use serde::Deserialize;
use utoipa::IntoParams;
use vigie_kernel::KpiId;
use vigie_kpis::{DeleteValue, KpiService, PeriodInput, Source};

/// Why a closed period is touched.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteValueQuery {
    /// Why it is deleted from a closed period; takes the right to close periods.
    override_reason: Option<String>,
}

/// Deletes the value of a period. Its history stays.
#[utoipa::path(
    operation_id = "value_delete", tag = "values",
    params(
        ("id" = Uuid, Path, description = "The KPI"),
        ("period" = String, Path, description = "A key such as `2026-02`, or any date inside"),
        ("If-Match" = Option<String>, Header, description = "The tag of the version that was read"),
        DeleteValueQuery
    ),
    responses((status = 204)),
    extensions(("x-permission" = json!("value:record-own")))
)]
#[delete("/kpis/{id}/values/{period}")]
pub(crate) async fn delete_value(
    Tenant(tenant): Tenant,
    Id(kpi_id): Id<KpiId>,
    Key(period): Key,
    IfMatch(expected_version): IfMatch,
    kpis: web::Data<dyn KpiService>,
    params: Params<DeleteValueQuery>,
) -> Result<NoContent, ApiError> {
    let override_reason = params.read(|query, _| query.override_reason)?;
    let period = PeriodInput::Text(period);
    let command = DeleteValue { kpi_id, period, source: Source::Manual, override_reason, expected_version };
    kpis.delete_value(&tenant, command).await?;
    Ok(NoContent)
}
