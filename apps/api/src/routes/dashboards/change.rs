//! `PATCH /dashboards/{id}`

use super::view::DashboardView;
use crate::extract::{Body, Checks, Id, IfMatch, Patch, RequestBody, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{patch, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_kernel::DashboardId;
use vigie_kpis::{ChangeDashboard, KpiService};

/// What changes. A field that is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeDashboardRequest {
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    title: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    process_name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<Uuid>, nullable = false)]
    owner_id: Patch<String>,
}

impl RequestBody for ChangeDashboardRequest {}

impl ChangeDashboardRequest {
    fn command(self, id: DashboardId, expected_version: Option<i64>, checks: &mut Checks) -> ChangeDashboard {
        let owner_id = checks.not_null("owner_id", self.owner_id);
        ChangeDashboard {
            id,
            expected_version,
            title: checks.not_null("title", self.title),
            description: self.description.into_option(),
            process_name: self.process_name.into_option(),
            owner_id: checks.id("owner_id", owner_id.as_deref()),
        }
    }
}

/// Changes a dashboard.
#[utoipa::path(
    operation_id = "dashboard_change", tag = "dashboards",
    params(("id" = Uuid, Path, description = "The dashboard"), ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")),
    request_body = ChangeDashboardRequest,
    responses((status = 200, body = DashboardView)),
    extensions(("x-permission" = json!("dashboard:change-own")))
)]
#[patch("/dashboards/{id}")]
pub(crate) async fn change_dashboard(
    Tenant(tenant): Tenant,
    Id(id): Id<DashboardId>,
    IfMatch(expected): IfMatch,
    kpis: web::Data<dyn KpiService>,
    body: Body<ChangeDashboardRequest>,
) -> Result<Versioned<DashboardView>, ApiError> {
    let command = body.read(|body, checks| body.command(id, expected, checks))?;
    let dashboard = kpis.change_dashboard(&tenant, command).await?;
    Ok(Versioned { version: dashboard.snapshot().version, body: DashboardView::from(&dashboard) })
}
