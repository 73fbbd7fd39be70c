//! `PATCH /actions/{id}`

use super::view::ActionOutcomeView;
use crate::extract::{Body, Checks, Id, IfMatch, Patch, RequestBody, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{patch, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_action_plans::{ActionPlanService, ActionStatus, ChangeAction};
use vigie_kernel::{ActionId, Clock};

/// What changes. A field that is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeActionRequest {
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    title: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    owner_id: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<chrono::NaiveDate>)]
    due_date: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, nullable = false)]
    progress: Patch<i64>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    status: Patch<String>,
    /// Why the status changes; required to cancel and to reopen.
    reason: Option<String>,
}

impl RequestBody for ChangeActionRequest {}

impl ChangeActionRequest {
    fn command(self, expected_version: Option<i64>, checks: &mut Checks) -> ChangeAction {
        let status = checks.not_null("status", self.status);
        ChangeAction {
            title: checks.not_null("title", self.title),
            description: self.description.into_option(),
            owner_id: checks.patch(self.owner_id, |checks, id| checks.id("owner_id", Some(&id))),
            due_date: checks.patch(self.due_date, |checks, date| checks.date("due_date", Some(&date))),
            progress: checks.not_null("progress", self.progress),
            status: checks.one_of("status", status.as_deref(), ActionStatus::from_name),
            reason: self.reason,
            expected_version,
        }
    }
}

/// Changes an action.
#[utoipa::path(
    operation_id = "action_change", tag = "actions",
    params(("id" = Uuid, Path, description = "The action"), ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")),
    request_body = ChangeActionRequest,
    responses((status = 200, body = ActionOutcomeView)),
    extensions(("x-permission" = json!("action:change-own")))
)]
#[patch("/actions/{id}")]
pub(crate) async fn change_action(
    Tenant(tenant): Tenant,
    Id(id): Id<ActionId>,
    IfMatch(expected): IfMatch,
    actions: web::Data<dyn ActionPlanService>,
    clock: web::Data<dyn Clock>,
    body: Body<ChangeActionRequest>,
) -> Result<Versioned<ActionOutcomeView>, ApiError> {
    let command = body.read(|body, checks| body.command(expected, checks))?;
    let outcome = actions.change_action(&tenant, id, command).await?;
    Ok(Versioned {
        version: outcome.action.snapshot().version,
        body: ActionOutcomeView::on(tenant.today(clock.now()), &outcome),
    })
}
