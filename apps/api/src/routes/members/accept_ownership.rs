//! `POST /user/organizations/me/ownership-transfer/accept`

use super::view::MemberView;
use crate::extract::Tenant;
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Told;
use actix_web::{post, web};
use vigie_auth::MembershipService;

/// Accepts the organization that was offered to the caller.
#[utoipa::path(
    operation_id = "ownership_accept", tag = "user",
    params(IdempotencyHeader),
    responses((status = 200, body = MemberView)),
    extensions(("x-permission" = json!("organization:read")))
)]
#[post("/user/organizations/me/ownership-transfer/accept")]
pub(crate) async fn accept_ownership(
    Tenant(tenant): Tenant,
    members: web::Data<dyn MembershipService>,
    once: Once,
) -> Result<Answered<Told<MemberView>>, ApiError> {
    let accept = async { Ok(Told(members.accept_ownership(&tenant).await?.into())) };
    once.of_path().run(&tenant, accept).await
}
