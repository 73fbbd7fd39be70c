//! `PATCH /user/organizations/me/users/{id}`

use super::view::MemberView;
use crate::extract::{Body, Checks, Id, IfMatch, RequestBody, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{patch, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_auth::{MembershipService, SetMemberActive};
use vigie_kernel::UserId;

/// Whether a member may come in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeMemberRequest {
    #[schema(value_type = bool)]
    is_active: Option<bool>,
}

impl RequestBody for ChangeMemberRequest {}

impl ChangeMemberRequest {
    fn command(self, user: UserId, expected_version: Option<i64>, checks: &mut Checks) -> SetMemberActive {
        SetMemberActive { user, active: checks.required("is_active", self.is_active), expected_version }
    }
}

/// Lets a member in or keeps him out. Who is kept out is out at once, and holds no place of the plan.
#[utoipa::path(
    operation_id = "member_change", tag = "user",
    params(("id" = Uuid, Path, description = "The user"), ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")),
    request_body = ChangeMemberRequest,
    responses((status = 200, body = MemberView)),
    extensions(("x-permission" = json!("member:manage")))
)]
#[patch("/user/organizations/me/users/{id}")]
pub(crate) async fn change_member(
    Tenant(tenant): Tenant,
    Id(user): Id<UserId>,
    IfMatch(expected): IfMatch,
    members: web::Data<dyn MembershipService>,
    body: Body<ChangeMemberRequest>,
) -> Result<Versioned<MemberView>, ApiError> {
    let command = body.read(|body, checks| body.command(user, expected, checks))?;
    let member = members.set_member_active(&tenant, command).await?;
    Ok(Versioned { version: member.version, body: member.into() })
}
