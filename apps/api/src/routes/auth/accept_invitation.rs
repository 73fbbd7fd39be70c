//! `POST /auth/accept-invitation`

use super::view::{SessionView, client_of};
use crate::extract::{Body, Checks, RequestBody, SecretField};
use crate::problem::ApiError;
use actix_web::{HttpRequest, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_auth::{AcceptInvitation, MembershipService};

/// The token that was mailed, and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptInvitationRequest {
    /// Good once.
    #[schema(value_type = String, format = "password")]
    token: Option<SecretField>,
    /// The name of a new account, at most 120 characters; that of the invitation when absent.
    full_name: Option<String>,
    /// The password of the account that the address has, or of the new one: at least 12 characters, no well-known password.
    #[schema(value_type = String, format = "password")]
    password: Option<SecretField>,
}

impl RequestBody for AcceptInvitationRequest {
    const LIMIT: usize = 8 * 1024;
}

impl AcceptInvitationRequest {
    fn command(self, checks: &mut Checks) -> AcceptInvitation {
        AcceptInvitation {
            token: checks.required("token", self.token).into(),
            full_name: self.full_name,
            password: checks.required("password", self.password).into(),
        }
    }
}

/// Accepts an invitation and logs in to its organization.
#[utoipa::path(
    operation_id = "auth_accept_invitation", tag = "auth", security(()),
    request_body = AcceptInvitationRequest,
    responses((status = 200, body = SessionView))
)]
#[post("/auth/accept-invitation")]
pub(crate) async fn accept_invitation(
    req: HttpRequest,
    members: web::Data<dyn MembershipService>,
    body: Body<AcceptInvitationRequest>,
) -> Result<web::Json<SessionView>, ApiError> {
    let command = body.read(AcceptInvitationRequest::command)?;
    Ok(web::Json(members.accept_invitation(command, &client_of(&req)).await?.into()))
}
