//! `POST /user/notifications/read-all`

use crate::extract::{Checks, Params, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Told;
use actix_web::{post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use vigie_notifications::{MarkAllRead, NotificationService};

/// Up to when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReadAllQuery {
    /// Only what came in at or before this instant: the `created_at` of the newest entry that the reader saw, say.
    #[param(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    before: Option<String>,
}

impl ReadAllQuery {
    fn command(self, checks: &mut Checks) -> MarkAllRead {
        MarkAllRead { before: checks.parsed("?before", self.before.as_deref(), "instant_invalid") }
    }
}

/// What marking everything as read did.
#[derive(Serialize, ToSchema)]
pub(crate) struct MarkedReadView {
    /// Entries that were unread before.
    marked: u64,
    /// Entries that still are.
    unread: u64,
}

/// Marks everything in the caller's inbox as read.
#[utoipa::path(
    operation_id = "notification_read_all", tag = "notifications",
    params(ReadAllQuery, IdempotencyHeader),
    responses((status = 200, body = MarkedReadView)),
    extensions(("x-permission" = json!("inbox:read")))
)]
#[post("/user/notifications/read-all")]
pub(crate) async fn mark_all_read(
    Tenant(tenant): Tenant,
    notifications: web::Data<dyn NotificationService>,
    params: Params<ReadAllQuery>,
    once: Once,
) -> Result<Answered<Told<MarkedReadView>>, ApiError> {
    let command = params.read(ReadAllQuery::command)?;
    let before = command.before.map(|before| before.to_rfc3339());
    let mark = async {
        let done = notifications.mark_all_read(&tenant, command).await?;
        Ok(Told(MarkedReadView { marked: done.marked, unread: done.unread }))
    };
    once.of_parameter(before.as_deref()).run(&tenant, mark).await
}
