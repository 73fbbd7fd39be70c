//! `POST /auth/logout-all`

use crate::extract::LoggedIn;
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{post, web};
use vigie_auth::AuthService;

/// Ends every session of the caller.
#[utoipa::path(
    operation_id = "auth_logout_all", tag = "auth",
    responses((status = 204)),
    extensions(("x-permission" = json!("login")))
)]
#[post("/auth/logout-all")]
pub(crate) async fn logout_all(
    LoggedIn(caller): LoggedIn,
    auth: web::Data<dyn AuthService>,
) -> Result<NoContent, ApiError> {
    auth.logout_all(&caller).await?;
    Ok(NoContent)
}
