//! `GET /user/organizations/me/users/{id}`

use super::view::MemberView;
use crate::extract::{Id, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{get, web};
use vigie_auth::MembershipService;
use vigie_kernel::UserId;

/// Shows a member of the organization.
#[utoipa::path(
    operation_id = "member_get", tag = "user",
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 200, body = MemberView)),
    extensions(("x-permission" = json!("member:list")))
)]
#[get("/user/organizations/me/users/{id}")]
pub(crate) async fn get_member(
    Tenant(tenant): Tenant,
    Id(user): Id<UserId>,
    members: web::Data<dyn MembershipService>,
) -> Result<Versioned<MemberView>, ApiError> {
    let member = members.member(&tenant, user).await?;
    Ok(Versioned { version: member.version, body: member.into() })
}
