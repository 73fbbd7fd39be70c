//! `POST /kpis/{id}/actions`

use super::view::ActionOutcomeView;
use crate::extract::{Body, Checks, Id, RequestBody, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Created;
use actix_web::{post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_action_plans::{ActionPlanService, ActionStatus, CreateAction};
use vigie_kernel::{Clock, KpiId};

/// A new action.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateActionRequest {
    /// 1..=200 characters.
    #[schema(value_type = String)]
    title: Option<String>,
    /// At most 4,000 characters.
    description: Option<String>,
    /// A member of the organization.
    #[schema(value_type = Option<Uuid>)]
    owner_id: Option<String>,
    #[schema(value_type = Option<chrono::NaiveDate>)]
    due_date: Option<String>,
    /// 0..=100; 0 when absent.
    progress: Option<i64>,
    /// `OPEN` (the default), `IN_PROGRESS`, `DONE` or `CANCELLED`.
    status: Option<String>,
    /// Why; required for an action that is created as cancelled.
    reason: Option<String>,
}

impl RequestBody for CreateActionRequest {}

impl CreateActionRequest {
    fn command(self, kpi_id: KpiId, checks: &mut Checks) -> CreateAction {
        CreateAction {
            kpi_id,
            title: checks.required("title", self.title),
            description: self.description,
            owner_id: checks.id("owner_id", self.owner_id.as_deref()),
            due_date: checks.date("due_date", self.due_date.as_deref()),
            progress: self.progress,
            status: checks.one_of("status", self.status.as_deref(), ActionStatus::from_name),
            reason: self.reason,
        }
    }
}

/// Creates an action on a KPI.
#[utoipa::path(
    operation_id = "action_create", tag = "actions",
    params(("id" = Uuid, Path, description = "The KPI"), IdempotencyHeader),
    request_body = CreateActionRequest,
    responses((status = 201, body = ActionOutcomeView)),
    extensions(("x-permission" = json!("action:create")))
)]
#[post("/kpis/{id}/actions")]
pub(crate) async fn create_action(
    Tenant(tenant): Tenant,
    Id(kpi): Id<KpiId>,
    actions: web::Data<dyn ActionPlanService>,
    clock: web::Data<dyn Clock>,
    once: Once,
    body: Body<CreateActionRequest>,
) -> Result<Answered<Created<ActionOutcomeView>>, ApiError> {
    let once = once.of(&body);
    let command = body.read(|body, checks| body.command(kpi, checks))?;
    let create = async {
        let outcome = actions.create_action(&tenant, command).await?;
        let shown = outcome.action.snapshot();
        Ok(Created {
            location: format!("/api/v1/actions/{}", shown.id),
            version: Some(shown.version),
            body: ActionOutcomeView::on(tenant.today(clock.now()), &outcome),
        })
    };
    once.run(&tenant, create).await
}
