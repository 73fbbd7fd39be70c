//! `DELETE /actions/{id}`

use crate::extract::{Id, IfMatch, Tenant};
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{delete, web};
use vigie_action_plans::ActionPlanService;
use vigie_kernel::ActionId;

/// Deletes an action with its comments.
#[utoipa::path(
    operation_id = "action_delete", tag = "actions",
    params(("id" = Uuid, Path, description = "The action"), ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")),
    responses((status = 204)),
    extensions(("x-permission" = json!("action:change")))
)]
#[delete("/actions/{id}")]
pub(crate) async fn delete_action(
    Tenant(tenant): Tenant,
    Id(id): Id<ActionId>,
    IfMatch(expected): IfMatch,
    actions: web::Data<dyn ActionPlanService>,
) -> Result<NoContent, ApiError> {
    actions.delete_action(&tenant, id, expected).await?;
    Ok(NoContent)
}
