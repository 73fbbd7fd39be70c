//! `POST /auth/send-verification-email`

use crate::extract::LoggedIn;
use crate::problem::ApiError;
use crate::respond::Accepted;
use actix_web::{post, web};
use vigie_auth::AuthService;

/// Mails the caller a link that proves his address. Nothing is mailed when it is proved already.
#[utoipa::path(
    operation_id = "auth_send_verification", tag = "auth",
    responses((status = 202)),
    extensions(("x-permission" = json!("login")))
)]
#[post("/auth/send-verification-email")]
pub(crate) async fn send_verification(
    LoggedIn(caller): LoggedIn,
    auth: web::Data<dyn AuthService>,
) -> Result<Accepted, ApiError> {
    auth.send_verification(&caller).await?;
    Ok(Accepted)
}
