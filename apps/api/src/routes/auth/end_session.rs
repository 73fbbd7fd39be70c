//! `DELETE /auth/sessions/{id}`

use crate::extract::{Id, LoggedIn};
use crate::problem::ApiError;
use crate::respond::NoContent;
use actix_web::{delete, web};
use vigie_auth::AuthService;
use vigie_kernel::SessionId;

/// Ends one of the caller's sessions.
#[utoipa::path(
    operation_id = "auth_session_end", tag = "auth",
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 204)),
    extensions(("x-permission" = json!("login")))
)]
#[delete("/auth/sessions/{id}")]
pub(crate) async fn end_session(
    LoggedIn(caller): LoggedIn,
    Id(id): Id<SessionId>,
    auth: web::Data<dyn AuthService>,
) -> Result<NoContent, ApiError> {
    auth.end_session(&caller, id).await?;
    Ok(NoContent)
}
