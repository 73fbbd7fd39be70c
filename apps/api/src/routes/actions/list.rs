//! `GET /actions`

use super::view::ActionItemView;
use crate::extract::{Checks, Pages, Params, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use vigie_action_plans::{ActionFilter, ActionPlanService, ActionStatus};
use vigie_kernel::{Clock, PageRequest};

/// Which actions, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActionsQuery {
    /// Carried by this member.
    #[param(value_type = Option<Uuid>)]
    owner: Option<String>,
    /// `OPEN`, `IN_PROGRESS`, `DONE` or `CANCELLED`.
    status: Option<String>,
    /// Late or not late.
    #[param(value_type = Option<bool>)]
    late: Option<String>,
    /// On KPIs of this dashboard.
    #[param(value_type = Option<Uuid>)]
    dashboard: Option<String>,
    /// On KPIs of the dashboards of this process.
    process: Option<String>,
    /// Items of a page, 1..=100; 25 when absent.
    #[param(value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl ActionsQuery {
    fn read(self, pages: &Pages, checks: &mut Checks) -> (ActionFilter, PageRequest) {
        let filter = ActionFilter {
            owner: checks.id("?owner", self.owner.as_deref()),
            status: checks.one_of("?status", self.status.as_deref(), ActionStatus::from_name),
            late: checks.flag("?late", self.late.as_deref()),
            dashboard: checks.id("?dashboard", self.dashboard.as_deref()),
            process_name: self.process,
        };
        (filter, pages.request(self.limit.as_deref(), self.cursor.as_deref(), checks))
    }
}

/// Lists the actions on all KPIs, newest first.
#[utoipa::path(
    operation_id = "action_list", tag = "actions",
    params(ActionsQuery),
    responses((status = 200, body = List<ActionItemView>)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/actions")]
pub(crate) async fn list_actions(
    Tenant(tenant): Tenant,
    actions: web::Data<dyn ActionPlanService>,
    clock: web::Data<dyn Clock>,
    pages: Pages,
    params: Params<ActionsQuery>,
) -> Result<List<ActionItemView>, ApiError> {
    let (filter, page) = params.read(|query, checks| query.read(&pages, checks))?;
    let found = actions.actions(&tenant, &filter, &page).await?;
    let today = tenant.today(clock.now());
    Ok(pages.answer(found, |item| ActionItemView::on(today, &item)))
}
