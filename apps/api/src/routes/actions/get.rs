//! `GET /actions/{id}`

use super::view::ActionView;
use crate::extract::{Id, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{get, web};
use vigie_action_plans::ActionPlanService;
use vigie_kernel::{ActionId, Clock};

/// Shows an action.
#[utoipa::path(
    operation_id = "action_get", tag = "actions",
    params(("id" = Uuid, Path, description = "The action")),
    responses((status = 200, body = ActionView)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/actions/{id}")]
pub(crate) async fn get_action(
    Tenant(tenant): Tenant,
    Id(id): Id<ActionId>,
    actions: web::Data<dyn ActionPlanService>,
    clock: web::Data<dyn Clock>,
) -> Result<Versioned<ActionView>, ApiError> {
    let action = actions.action(&tenant, id).await?;
    let body = ActionView::on(tenant.today(clock.now()), &action);
    Ok(Versioned { version: action.snapshot().version, body })
}
