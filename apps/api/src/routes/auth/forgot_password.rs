//! `POST /auth/forgot-password`

use super::address::AddressRequest;
use super::view::client_of;
use crate::extract::Body;
use crate::problem::ApiError;
use crate::respond::Accepted;
use actix_web::{HttpRequest, post, web};
use vigie_auth::AuthService;

/// Mails the address a link that sets a new password, when it has an account. The answer is the same when it has none.
#[utoipa::path(
    operation_id = "auth_forgot_password", tag = "auth", security(()),
    request_body = AddressRequest,
    responses((status = 202))
)]
#[post("/auth/forgot-password")]
pub(crate) async fn forgot_password(
    req: HttpRequest,
    auth: web::Data<dyn AuthService>,
    body: Body<AddressRequest>,
) -> Result<Accepted, ApiError> {
    let email = body.read(AddressRequest::email)?;
    auth.forgot_password(&email, &client_of(&req)).await?;
    Ok(Accepted)
}
