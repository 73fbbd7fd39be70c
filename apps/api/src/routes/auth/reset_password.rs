//! `POST /auth/reset-password`

use super::view::client_of;
use crate::extract::{Body, Checks, RequestBody, SecretField};
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{HttpRequest, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_auth::{AuthService, SetPassword};

/// A token that was given for it, and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetPasswordRequest {
    /// Good once.
    #[schema(value_type = String, format = "password")]
    token: Option<SecretField>,
    /// At least 12 characters, no well-known password.
    #[schema(value_type = String, format = "password")]
    new_password: Option<SecretField>,
}

impl RequestBody for ResetPasswordRequest {
    const LIMIT: usize = 8 * 1024;
}

impl ResetPasswordRequest {
    fn command(self, checks: &mut Checks) -> SetPassword {
        SetPassword {
            token: checks.required("token", self.token).into(),
            new_password: checks.required("new_password", self.new_password).into(),
        }
    }
}

/// Sets the password of an account with a token, and ends every session of the account.
#[utoipa::path(
    operation_id = "auth_reset_password", tag = "auth", security(()),
    request_body = ResetPasswordRequest,
    responses((status = 204))
)]
#[post("/auth/reset-password")]
pub(crate) async fn reset_password(
    req: HttpRequest,
    auth: web::Data<dyn AuthService>,
    body: Body<ResetPasswordRequest>,
) -> Result<NoContent, ApiError> {
    let command = body.read(ResetPasswordRequest::command)?;
    auth.set_password(command, &client_of(&req)).await?;
    Ok(NoContent)
}
