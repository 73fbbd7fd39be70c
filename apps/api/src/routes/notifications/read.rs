//! `POST /user/notifications/{id}/read`

use super::view::NotificationView;
use crate::extract::{Id, ReaderLanguage, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Told;
use actix_web::{post, web};
use vigie_kernel::DeliveryId;
use vigie_notifications::NotificationService;

/// Marks an entry of the caller's inbox as read. Doing it again changes nothing.
#[utoipa::path(
    operation_id = "notification_read", tag = "notifications",
    params(
        ("id" = Uuid, Path, description = "The entry of the inbox"),
        ("Accept-Language" = Option<String>, Header, description = "The language of the text; the reader's own, else the organization's, when absent"),
        IdempotencyHeader
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
    once: Once,
) -> Result<Answered<Told<NotificationView>>, ApiError> {
    let mark = async {
        let entry = notifications.mark_read(&tenant, id).await?;
        Ok(Told(NotificationView::in_language(locale, &entry)))
    };
    once.of_path().run(&tenant, mark).await
}
