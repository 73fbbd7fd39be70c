//! `POST /user/organizations/me/users/invite`

use super::view::InvitationView;
use crate::extract::{Body, Checks, RequestBody, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Created;
use actix_web::{post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_auth::{Invite, MembershipService};
use vigie_kernel::{Clock, Role};

/// Who is invited, and as what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteRequest {
    #[schema(value_type = String, format = "email")]
    email: Option<String>,
    /// `OWNER`, `ADMIN`, `MANAGER` or `USER`.
    #[schema(value_type = String)]
    role: Option<String>,
    /// At most 120 characters.
    full_name: Option<String>,
}

impl RequestBody for InviteRequest {}

impl InviteRequest {
    fn command(self, checks: &mut Checks) -> Invite {
        let given = self.role.is_some();
        let role = checks.one_of("role", self.role.as_deref(), Role::from_name);
        if !given {
            checks.refuse("role", "required");
        }
        Invite {
            email: checks.required("email", self.email),
            role: role.unwrap_or(Role::User),
            full_name: self.full_name,
        }
    }
}

/// Invites somebody to the organization: a mail goes to the address, whose link is good for 72 hours.
#[utoipa::path(
    operation_id = "invitation_create", tag = "user",
    params(IdempotencyHeader),
    request_body = InviteRequest,
    responses((status = 201, body = InvitationView)),
    extensions(("x-permission" = json!("member:invite")))
)]
#[post("/user/organizations/me/users/invite")]
pub(crate) async fn invite(
    Tenant(tenant): Tenant,
    members: web::Data<dyn MembershipService>,
    clock: web::Data<dyn Clock>,
    once: Once,
    body: Body<InviteRequest>,
) -> Result<Answered<Created<InvitationView>>, ApiError> {
    let once = once.of(&body);
    let command = body.read(InviteRequest::command)?;
    let invite = async {
        let invitation = members.invite(&tenant, command).await?;
        let body = InvitationView::new(&invitation, clock.now());
        let location = "/api/v1/user/organizations/me/invitations".to_owned();
        Ok(Created { body, location, version: None })
    };
    once.run(&tenant, invite).await
}
