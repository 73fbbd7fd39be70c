//! `POST /auth/register`

use super::sign_up::{SignUpAnswer, SignUpRequest, create};
use super::view::SessionView;
use crate::extract::Body;
use crate::problem::ApiError;
use actix_web::{HttpRequest, post, web};
use vigie_auth::AuthService;

/// The same as `POST /auth/signup`, under another name.
#[utoipa::path(
    operation_id = "auth_register", tag = "auth", security(()),
    request_body = SignUpRequest,
    responses((status = 201, body = SessionView), (status = 202, description = "A mail goes to the address; its link finishes it"))
)]
#[post("/auth/register")]
pub(crate) async fn register(
    req: HttpRequest,
    auth: web::Data<dyn AuthService>,
    body: Body<SignUpRequest>,
) -> Result<SignUpAnswer, ApiError> {
    create(&req, &**auth, body).await
}
