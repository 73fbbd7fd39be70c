//! `POST /auth/switch-organization`

use super::view::{SessionView, client_of};
use crate::extract::{Body, Checks, LoggedIn, RequestBody};
use crate::problem::ApiError;
use actix_web::{HttpRequest, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_auth::AuthService;
use vigie_kernel::OrganizationId;

/// Where to go on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchOrganizationRequest {
    /// An organization that the caller is a member of.
    #[schema(value_type = Uuid)]
    organization_id: Option<String>,
}

impl RequestBody for SwitchOrganizationRequest {
    const LIMIT: usize = 8 * 1024;
}

impl SwitchOrganizationRequest {
    fn organization(self, checks: &mut Checks) -> OrganizationId {
        let id = checks.id("organization_id", self.organization_id.as_deref());
        checks.required_or("organization_id", id, || Uuid::nil().into())
    }
}

/// Goes on in another organization of the caller's: a session there takes the place of this one, and ends when this one would have.
#[utoipa::path(
    operation_id = "auth_switch_organization", tag = "auth",
    request_body = SwitchOrganizationRequest,
    responses((status = 200, body = SessionView)),
    extensions(("x-permission" = json!("login")))
)]
#[post("/auth/switch-organization")]
pub(crate) async fn switch_organization(
    req: HttpRequest,
    LoggedIn(caller): LoggedIn,
    auth: web::Data<dyn AuthService>,
    body: Body<SwitchOrganizationRequest>,
) -> Result<web::Json<SessionView>, ApiError> {
    let organization = body.read(SwitchOrganizationRequest::organization)?;
    let signed_in = auth.switch_organization(&caller, organization, &client_of(&req)).await?;
    Ok(web::Json(signed_in.into()))
}
