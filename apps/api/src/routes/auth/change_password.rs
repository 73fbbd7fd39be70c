//! `POST /auth/change-password`

use crate::extract::{Body, Checks, LoggedIn, RequestBody, SecretField};
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_auth::{AuthService, ChangePassword};

/// The password that the caller has, and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePasswordRequest {
    #[schema(value_type = String, format = "password")]
    current_password: Option<SecretField>,
    /// At least 12 characters, no well-known password.
    #[schema(value_type = String, format = "password")]
    new_password: Option<SecretField>,
}

impl RequestBody for ChangePasswordRequest {
    const LIMIT: usize = 8 * 1024;
}

impl ChangePasswordRequest {
    fn command(self, checks: &mut Checks) -> ChangePassword {
        ChangePassword {
            current_password: checks.required("current_password", self.current_password).into(),
            new_password: checks.required("new_password", self.new_password).into(),
        }
    }
}

/// Changes the caller's password, ends his other sessions and tells him by mail.
#[utoipa::path(
    operation_id = "auth_change_password", tag = "auth",
    request_body = ChangePasswordRequest,
    responses((status = 204)),
    extensions(("x-permission" = json!("login")))
)]
#[post("/auth/change-password")]
pub(crate) async fn change_password(
    LoggedIn(caller): LoggedIn,
    auth: web::Data<dyn AuthService>,
    body: Body<ChangePasswordRequest>,
) -> Result<NoContent, ApiError> {
    let command = body.read(ChangePasswordRequest::command)?;
    auth.change_password(&caller, command).await?;
    Ok(NoContent)
}
