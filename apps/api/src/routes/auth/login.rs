//! `POST /auth/login`

use super::view::{SessionView, client_of};
use crate::extract::{Body, Checks, Named, RequestBody, SecretField};
use crate::problem::ApiError;
use actix_web::{HttpRequest, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_auth::{AuthService, Login};
use vigie_kernel::OrganizationId;

/// An address and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    #[schema(value_type = String, format = "email")]
    email: Option<String>,
    #[schema(value_type = String, format = "password")]
    password: Option<SecretField>,
}

impl RequestBody for LoginRequest {
    const LIMIT: usize = 8 * 1024;
}

impl LoginRequest {
    fn command(self, organization: Option<OrganizationId>, checks: &mut Checks) -> Login {
        Login {
            email: checks.required("email", self.email),
            password: checks.required("password", self.password).into(),
            organization,
        }
    }
}

/// Logs in, to the organization that the request names or else to the user's only or last one.
#[utoipa::path(
    operation_id = "auth_login", tag = "auth", security(()),
    request_body = LoginRequest,
    responses((status = 200, body = SessionView))
)]
#[post("/auth/login")]
pub(crate) async fn login(
    req: HttpRequest,
    Named(organization): Named,
    auth: web::Data<dyn AuthService>,
    body: Body<LoginRequest>,
) -> Result<web::Json<SessionView>, ApiError> {
    let command = body.read(|body, checks| body.command(organization, checks))?;
    Ok(web::Json(auth.login(command, &client_of(&req)).await?.into()))
}
