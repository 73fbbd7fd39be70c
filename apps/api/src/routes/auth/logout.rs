//! `POST /auth/logout`

use crate::extract::LoggedIn;
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{post, web};
use vigie_auth::AuthService;

/// Ends the session of the access token.
#[utoipa::path(
    operation_id = "auth_logout", tag = "auth",
    responses((status = 204)),
    extensions(("x-permission" = json!("login")))
)]
#[post("/auth/logout")]
pub(crate) async fn logout(
    LoggedIn(caller): LoggedIn,
    auth: web::Data<dyn AuthService>,
) -> Result<NoContent, ApiError> {
    auth.logout(&caller).await?;
    Ok(NoContent)
}
