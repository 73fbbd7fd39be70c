//! `GET /user/notifications`

use super::view::NotificationView;
use crate::extract::{Checks, Pages, Params, ReaderLanguage, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use vigie_notifications::{InboxQuery, NotificationService};

/// Which entries, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NotificationsQuery {
    /// Only those that are unread, or only those that are read.
    #[param(value_type = Option<bool>)]
    unread: Option<String>,
    /// Items of a page, 1..=100; 25 when absent.
    #[param(value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl NotificationsQuery {
    fn read(self, pages: &Pages, checks: &mut Checks) -> InboxQuery {
        InboxQuery {
            unread: checks.flag("?unread", self.unread.as_deref()),
            page: pages.request(self.limit.as_deref(), self.cursor.as_deref(), checks),
        }
    }
}

/// Lists what the caller was told in the last 90 days, newest first.
#[utoipa::path(
    operation_id = "notification_list", tag = "notifications",
    params(
        NotificationsQuery,
        ("Accept-Language" = Option<String>, Header, description = "The language of the texts; the reader's own, else the organization's, when absent")
    ),
    responses((status = 200, body = List<NotificationView>)),
    extensions(("x-permission" = json!("inbox:read")))
)]
#[get("/user/notifications")]
pub(crate) async fn list_notifications(
    Tenant(tenant): Tenant,
    ReaderLanguage(locale): ReaderLanguage,
    notifications: web::Data<dyn NotificationService>,
    pages: Pages,
    params: Params<NotificationsQuery>,
) -> Result<List<NotificationView>, ApiError> {
    let query = params.read(|query, checks| query.read(&pages, checks))?;
    let found = notifications.inbox(&tenant, query).await?;
    Ok(pages.answer(found, |entry| NotificationView::in_language(locale, &entry)))
}
