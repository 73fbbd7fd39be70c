//! `GET /auth/me`

use super::view::ProfileView;
use crate::extract::LoggedIn;
use actix_web::{get, web};

/// Shows the caller and the organization of his session.
#[utoipa::path(
    operation_id = "auth_me", tag = "auth",
    responses((status = 200, body = ProfileView)),
    extensions(("x-permission" = json!("login")))
)]
#[get("/auth/me")]
pub(crate) async fn me(LoggedIn(caller): LoggedIn) -> web::Json<ProfileView> {
    web::Json(ProfileView::from(&caller.profile()))
}
