//! `GET /user/notifications/unread-count`

use crate::extract::Tenant;
use crate::problem::ApiError;
use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_notifications::NotificationService;

/// How much is unread.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnreadCountView {
    /// Entries of the inbox that were not marked as read.
    unread: u64,
}

/// Counts what the caller has not read.
#[utoipa::path(
    operation_id = "notification_unread_count", tag = "notifications",
    responses((status = 200, body = UnreadCountView)),
    extensions(("x-permission" = json!("inbox:read")))
)]
#[get("/user/notifications/unread-count")]
pub(crate) async fn count_unread(
    Tenant(tenant): Tenant,
    notifications: web::Data<dyn NotificationService>,
) -> Result<web::Json<UnreadCountView>, ApiError> {
    let unread = notifications.unread(&tenant).await?;
    Ok(web::Json(UnreadCountView { unread }))
}
