//! `GET /user/me`

use crate::extract::LoggedIn;
use crate::routes::auth::UserView;
use actix_web::{get, web};

/// Shows the caller's account.
#[utoipa::path(
    operation_id = "user_me", tag = "user",
    responses((status = 200, body = UserView)),
    extensions(("x-permission" = json!("login")))
)]
#[get("/user/me")]
pub(crate) async fn own_account(LoggedIn(caller): LoggedIn) -> web::Json<UserView> {
    web::Json(UserView::from(&caller.profile()))
}
