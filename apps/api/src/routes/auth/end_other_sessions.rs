//! `DELETE /auth/sessions`

use crate::extract::LoggedIn;
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{delete, web};
use vigie_auth::AuthService;

/// Ends every session of the caller but this one.
#[utoipa::path(
    operation_id = "auth_session_end_others", tag = "auth",
    responses((status = 204)),
    extensions(("x-permission" = json!("login")))
)]
#[delete("/auth/sessions")]
pub(crate) async fn end_other_sessions(
    LoggedIn(caller): LoggedIn,
    auth: web::Data<dyn AuthService>,
) -> Result<NoContent, ApiError> {
    auth.end_other_sessions(&caller).await?;
    Ok(NoContent)
}
