//! `DELETE /user/organizations/me/users/{id}`

use crate::extract::{Id, Tenant};
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{delete, web};
use vigie_auth::MembershipService;
use vigie_kernel::UserId;

/// Removes a member, or leaves when it is the caller himself. What he made and owned stays; the last owner cannot go.
#[utoipa::path(
    operation_id = "member_remove", tag = "user",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 204)),
    extensions(("x-permission" = json!("organization:read")))
)]
#[delete("/user/organizations/me/users/{id}")]
pub(crate) async fn remove_member(
    Tenant(tenant): Tenant,
    Id(user): Id<UserId>,
    members: web::Data<dyn MembershipService>,
) -> Result<NoContent, ApiError> {
    members.remove_member(&tenant, user).await?;
    Ok(NoContent)
}
