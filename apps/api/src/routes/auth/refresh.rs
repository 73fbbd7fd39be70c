//! `POST /auth/refresh`

use super::view::{SessionView, client_of};
use crate::extract::{Body, Checks, Named, RequestBody, SecretField};
use crate::problem::ApiError;
use actix_web::{HttpRequest, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_auth::{AuthService, Refresh};
use vigie_kernel::OrganizationId;

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    #[schema(value_type = String)]
    refresh_token: Option<SecretField>,
}

impl RequestBody for RefreshRequest {
    const LIMIT: usize = 8 * 1024;
}

impl RefreshRequest {
    fn command(self, organization: Option<OrganizationId>, checks: &mut Checks) -> Refresh {
        Refresh { refresh_token: checks.required("refresh_token", self.refresh_token).into(), organization }
    }
}

/// Exchanges a refresh token for its successor and a new access token.
#[utoipa::path(
    operation_id = "auth_refresh", tag = "auth", security(()),
    request_body = RefreshRequest,
    responses((status = 200, body = SessionView))
)]
#[post("/auth/refresh")]
pub(crate) async fn refresh(
    req: HttpRequest,
    Named(organization): Named,
    auth: web::Data<dyn AuthService>,
    body: Body<RefreshRequest>,
) -> Result<web::Json<SessionView>, ApiError> {
    let command = body.read(|body, checks| body.command(organization, checks))?;
    Ok(web::Json(auth.refresh(command, &client_of(&req)).await?.into()))
}
