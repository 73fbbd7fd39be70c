//! `POST /auth/resend-verification-email`

use super::address::AddressRequest;
use super::view::client_of;
use crate::extract::Body;
use crate::problem::ApiError;
use crate::respond::Accepted;
use actix_web::{HttpRequest, post, web};
use vigie_auth::AuthService;

/// Mails the link that proves the address once more, when a sign-up or an account waits for it. At most once a minute and five times a
/// day; the answer is the same in any case.
#[utoipa::path(
    operation_id = "auth_resend_verification", tag = "auth", security(()),
    request_body = AddressRequest,
    responses((status = 202))
)]
#[post("/auth/resend-verification-email")]
pub(crate) async fn resend_verification(
    req: HttpRequest,
    auth: web::Data<dyn AuthService>,
    body: Body<AddressRequest>,
) -> Result<Accepted, ApiError> {
    let email = body.read(AddressRequest::email)?;
    auth.resend_verification(&email, &client_of(&req)).await?;
    Ok(Accepted)
}
