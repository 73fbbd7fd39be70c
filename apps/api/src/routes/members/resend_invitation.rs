//! `POST /user/organizations/me/invitations/{id}/resend`

use super::view::InvitationView;
use crate::extract::{Id, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Told;
use actix_web::{post, web};
use vigie_auth::MembershipService;
use vigie_kernel::{Clock, InvitationId};

/// Sends an invitation once more, with a new link that is good for 72 hours. At most once a minute and five times a day.
#[utoipa::path(
    operation_id = "invitation_resend", tag = "user",
    params(("id" = Uuid, Path, description = "The invitation"), IdempotencyHeader),
    responses((status = 200, body = InvitationView)),
    extensions(("x-permission" = json!("member:invite")))
)]
#[post("/user/organizations/me/invitations/{id}/resend")]
pub(crate) async fn resend_invitation(
    Tenant(tenant): Tenant,
    Id(id): Id<InvitationId>,
    members: web::Data<dyn MembershipService>,
    clock: web::Data<dyn Clock>,
    once: Once,
) -> Result<Answered<Told<InvitationView>>, ApiError> {
    let resend = async {
        let invitation = members.resend_invitation(&tenant, id).await?;
        Ok(Told(InvitationView::new(&invitation, clock.now())))
    };
    once.of_path().run(&tenant, resend).await
}
