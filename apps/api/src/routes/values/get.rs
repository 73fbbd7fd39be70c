//! `GET /kpis/{id}/values/{period}`

use super::view::ValueView;
use crate::extract::{Id, Key, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{get, web};
use vigie_kernel::KpiId;
use vigie_kpis::{KpiService, PeriodInput};

/// Shows the value of a period.
#[utoipa::path(
    operation_id = "value_get", tag = "values",
    params(
        ("id" = Uuid, Path, description = "The KPI"),
        ("period" = String, Path, description = "A key such as `2026-02`, or any date inside")
    ),
    responses((status = 200, body = ValueView)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/kpis/{id}/values/{period}")]
pub(crate) async fn get_value(
    Tenant(tenant): Tenant,
    Id(kpi): Id<KpiId>,
    Key(period): Key,
    kpis: web::Data<dyn KpiService>,
) -> Result<Versioned<ValueView>, ApiError> {
    let shown = kpis.value(&tenant, kpi, PeriodInput::Text(period)).await?;
    Ok(Versioned { version: shown.value.snapshot().version, body: ValueView::from(&shown) })
}
