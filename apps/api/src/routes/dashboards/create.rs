//! `POST /dashboards`

use super::view::DashboardView;
use crate::extract::{Body, Checks, RequestBody, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Created;
use actix_web::{post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_kpis::{CreateDashboard, KpiService};

/// A new dashboard.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDashboardRequest {
    /// 1..=200 characters.
    #[schema(value_type = String)]
    title: Option<String>,
    /// At most 2,000 characters.
    description: Option<String>,
    /// The process above it, at most 200 characters.
    process_name: Option<String>,
    /// The caller when absent.
    #[schema(value_type = Option<Uuid>)]
    owner_id: Option<String>,
}

impl RequestBody for CreateDashboardRequest {}

impl CreateDashboardRequest {
    fn command(self, checks: &mut Checks) -> CreateDashboard {
        CreateDashboard {
            title: checks.required("title", self.title),
            description: self.description,
            process_name: self.process_name,
            owner_id: checks.id("owner_id", self.owner_id.as_deref()),
        }
    }
}

/// Creates a dashboard.
#[utoipa::path(
    operation_id = "dashboard_create", tag = "dashboards",
    params(IdempotencyHeader),
    request_body = CreateDashboardRequest,
    responses((status = 201, body = DashboardView)),
    extensions(("x-permission" = json!("dashboard:create")))
)]
#[post("/dashboards")]
pub(crate) async fn create_dashboard(
    Tenant(tenant): Tenant,
    kpis: web::Data<dyn KpiService>,
    once: Once,
    body: Body<CreateDashboardRequest>,
) -> Result<Answered<Created<DashboardView>>, ApiError> {
    let once = once.of(&body);
    let command = body.read(CreateDashboardRequest::command)?;
    let create = async {
        let dashboard = kpis.create_dashboard(&tenant, command).await?;
        Ok(Created {
            location: format!("/api/v1/dashboards/{}", dashboard.id()),
            version: Some(dashboard.snapshot().version),
            body: DashboardView::from(&dashboard),
        })
    };
    once.run(&tenant, create).await
}
