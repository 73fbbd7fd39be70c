//! `POST /user/notifications/{id}/read`

use super::view::NotificationView;
use crate::extract::{Id, ReaderLanguage, Tenant};
use crate::problem::ApiError;
use actix_web::{post, web};
use vigie_kernel::DeliveryId;
use vigie_notifications::NotificationService;

/// Marks an entry of the caller's inbox as read. Doing it again changes nothing.
#[utoipa::path(
    operation_id = "notification_read", tag = "notifications",
    params(
        ("id" = Uuid, Path, description = "The entry of the inbox"),
        ("Accept-Language" = Option<String>, Header, description = "The language of the text; the reader's own, else the organization's, when absent")
    ),
    responses((status = 200, body = NotificationView)),
    extensions(("x-permission" = json!("inbox:read")))
)]
#[post("/user/notifications/{id}/read")]
pub(crate) async fn mark_read(
    Tenant(tenant): Tenant,
    Id(id): Id<DeliveryId>,
    ReaderLanguage(locale): ReaderLanguage,
    notifications: web::Data<dyn NotificationService>,
) -> Result<web::Json<NotificationView>, ApiError> {
    let entry = notifications.mark_read(&tenant, id).await?;
    Ok(web::Json(NotificationView::in_language(locale, &entry)))
}
