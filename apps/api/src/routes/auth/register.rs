//! `POST /auth/register`

use super::sign_up::{SignUpRequest, create};
use super::view::SessionView;
use crate::extract::Body;
use crate::problem::ApiError;
use crate::respond::Created;
use actix_web::{HttpRequest, post, web};
use vigie_auth::AuthService;

/// The same as `POST /auth/signup`, under another name.
#[utoipa::path(
    operation_id = "auth_register", tag = "auth", security(()),
    request_body = SignUpRequest,
    responses((status = 201, body = SessionView))
)]
#[post("/auth/register")]
pub(crate) async fn register(
    req: HttpRequest,
    auth: web::Data<dyn AuthService>,
    body: Body<SignUpRequest>,
) -> Result<Created<SessionView>, ApiError> {
    create(&req, &**auth, body).await
}
