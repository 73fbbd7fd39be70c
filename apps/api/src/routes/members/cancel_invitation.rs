//! `DELETE /user/organizations/me/invitations/{id}`

use crate::extract::{Id, Tenant};
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{delete, web};
use vigie_auth::MembershipService;
use vigie_kernel::InvitationId;

/// Takes an invitation back: its link is good no more.
#[utoipa::path(
    operation_id = "invitation_cancel", tag = "user",
    params(("id" = Uuid, Path, description = "The invitation")),
    responses((status = 204)),
    extensions(("x-permission" = json!("member:invite")))
)]
#[delete("/user/organizations/me/invitations/{id}")]
pub(crate) async fn cancel_invitation(
    Tenant(tenant): Tenant,
    Id(id): Id<InvitationId>,
    members: web::Data<dyn MembershipService>,
) -> Result<NoContent, ApiError> {
    members.cancel_invitation(&tenant, id).await?;
    Ok(NoContent)
}
