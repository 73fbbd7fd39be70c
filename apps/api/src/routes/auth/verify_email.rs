//! `POST /auth/verify-email`

use super::view::{SessionOrganizationView, client_of};
use crate::extract::{Body, Checks, RequestBody, SecretField};
use crate::problem::ApiError;
use actix_web::{HttpRequest, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_auth::{AuthService, Verified, VerifyEmail};

/// A token that was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyEmailRequest {
    /// Good once.
    #[schema(value_type = String, format = "password")]
    token: Option<SecretField>,
    /// Another short name for the organization of a sign-up, when the one that was chosen is taken meanwhile.
    organization_slug: Option<String>,
}

impl RequestBody for VerifyEmailRequest {
    const LIMIT: usize = 8 * 1024;
}

impl VerifyEmailRequest {
    fn command(self, checks: &mut Checks) -> VerifyEmail {
        VerifyEmail {
            token: checks.required("token", self.token).into(),
            organization_slug: self.organization_slug,
        }
    }
}

/// An address that has been proved.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerifiedView {
    user_id: Uuid,
    /// The organization that the sign-up has made; null when there was an account already.
    organization: Option<SessionOrganizationView>,
}

impl From<Verified> for VerifiedView {
    fn from(verified: Verified) -> Self {
        let Verified { user, organization } = verified;
        Self {
            user_id: user.as_uuid(),
            organization: organization.as_ref().map(SessionOrganizationView::from),
        }
    }
}

/// Proves an address with the token that was mailed to it. When a sign-up waited for that, its organization and its owner's account are
/// made; he can log in then.
#[utoipa::path(
    operation_id = "auth_verify_email", tag = "auth", security(()),
    request_body = VerifyEmailRequest,
    responses((status = 200, body = VerifiedView))
)]
#[post("/auth/verify-email")]
pub(crate) async fn verify_email(
    req: HttpRequest,
    auth: web::Data<dyn AuthService>,
    body: Body<VerifyEmailRequest>,
) -> Result<web::Json<VerifiedView>, ApiError> {
    let command = body.read(VerifyEmailRequest::command)?;
    Ok(web::Json(auth.verify_email(command, &client_of(&req)).await?.into()))
}
