//! `PATCH /comments/{id}`

use super::view::{CommentRequest, CommentView};
use crate::extract::{Body, Id, IfMatch, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{patch, web};
use vigie_action_plans::{ActionPlanService, ChangeComment};
use vigie_kernel::CommentId;

/// Changes a comment of one's own.
#[utoipa::path(
    operation_id = "comment_change", tag = "comments",
    params(("id" = Uuid, Path, description = "The comment"), ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")),
    request_body = CommentRequest,
    responses((status = 200, body = CommentView)),
    extensions(("x-permission" = json!("comment:write")))
)]
#[patch("/comments/{id}")]
pub(crate) async fn change_comment(
    Tenant(tenant): Tenant,
    Id(id): Id<CommentId>,
    IfMatch(expected_version): IfMatch,
    actions: web::Data<dyn ActionPlanService>,
    body: Body<CommentRequest>,
) -> Result<Versioned<CommentView>, ApiError> {
    let content = body.read(CommentRequest::content)?;
    let comment = actions.change_comment(&tenant, ChangeComment { id, content, expected_version }).await?;
    Ok(Versioned { version: comment.snapshot().version, body: CommentView::from(&comment) })
}
