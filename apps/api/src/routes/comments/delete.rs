//! `DELETE /comments/{id}`

use crate::extract::{Id, IfMatch, Tenant};
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{delete, web};
use vigie_action_plans::ActionPlanService;
use vigie_kernel::CommentId;

/// Deletes a comment of one's own, or anybody's with the right to moderate.
#[utoipa::path(
    operation_id = "comment_delete", tag = "comments",
    params(("id" = Uuid, Path, description = "The comment"), ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")),
    responses((status = 204)),
    extensions(("x-permission" = json!("comment:write")))
)]
#[delete("/comments/{id}")]
pub(crate) async fn delete_comment(
    Tenant(tenant): Tenant,
    Id(id): Id<CommentId>,
    IfMatch(expected): IfMatch,
    actions: web::Data<dyn ActionPlanService>,
) -> Result<NoContent, ApiError> {
    actions.delete_comment(&tenant, id, expected).await?;
    Ok(NoContent)
}
