//! `POST /actions/{id}/comments`

use super::view::{CommentRequest, CommentView, created};
use crate::extract::{Body, Id, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Created;
use actix_web::{post, web};
use vigie_action_plans::{ActionPlanService, CommentTarget, WriteComment};
use vigie_kernel::ActionId;

/// Writes a comment on an action.
#[utoipa::path(
    operation_id = "comment_write_on_action", tag = "comments",
    params(("id" = Uuid, Path, description = "The action"), IdempotencyHeader),
    request_body = CommentRequest,
    responses((status = 201, body = CommentView)),
    extensions(("x-permission" = json!("comment:write")))
)]
#[post("/actions/{id}/comments")]
pub(crate) async fn write_comment_on_action(
    Tenant(tenant): Tenant,
    Id(id): Id<ActionId>,
    actions: web::Data<dyn ActionPlanService>,
    once: Once,
    body: Body<CommentRequest>,
) -> Result<Answered<Created<CommentView>>, ApiError> {
    let once = once.of(&body);
    let content = body.read(CommentRequest::content)?;
    let command = WriteComment { target: CommentTarget::Action(id), content };
    once.run(&tenant, async { Ok(created(&actions.write_comment(&tenant, command).await?)) }).await
}
