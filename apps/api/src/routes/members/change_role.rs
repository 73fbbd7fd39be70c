//! `PATCH /user/organizations/me/users/{id}/role`

use super::view::MemberView;
use crate::extract::{Body, Checks, Id, IfMatch, RequestBody, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{patch, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_auth::{ChangeRole, MembershipService};
use vigie_kernel::{Role, UserId};

/// The new role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeRoleRequest {
    /// `OWNER`, `ADMIN`, `MANAGER` or `USER`.
    #[schema(value_type = String)]
    role: Option<String>,
}

impl RequestBody for ChangeRoleRequest {}

impl ChangeRoleRequest {
    fn command(self, user: UserId, expected_version: Option<i64>, checks: &mut Checks) -> ChangeRole {
        let given = self.role.is_some();
        let role = checks.one_of("role", self.role.as_deref(), Role::from_name);
        if !given {
            checks.refuse("role", "required");
        }
        ChangeRole { user, role: role.unwrap_or(Role::User), expected_version }
    }
}

/// Gives a member another role, which counts at his next request.
#[utoipa::path(
    operation_id = "member_role_change", tag = "user",
    params(("id" = Uuid, Path, description = "The user"), ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")),
    request_body = ChangeRoleRequest,
    responses((status = 200, body = MemberView)),
    extensions(("x-permission" = json!("member:manage")))
)]
#[patch("/user/organizations/me/users/{id}/role")]
pub(crate) async fn change_role(
    Tenant(tenant): Tenant,
    Id(user): Id<UserId>,
    IfMatch(expected): IfMatch,
    members: web::Data<dyn MembershipService>,
    body: Body<ChangeRoleRequest>,
) -> Result<Versioned<MemberView>, ApiError> {
    let command = body.read(|body, checks| body.command(user, expected, checks))?;
    let member = members.change_role(&tenant, command).await?;
    Ok(Versioned { version: member.version, body: member.into() })
}
