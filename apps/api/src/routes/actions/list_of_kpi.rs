//! `GET /kpis/{id}/actions`

use super::view::ActionView;
use crate::extract::{Id, Pages, Params, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use crate::routes::page_query::PageQuery;
use actix_web::{get, web};
use vigie_action_plans::ActionPlanService;
use vigie_kernel::{Clock, KpiId};

/// Lists the actions on a KPI, newest first.
#[utoipa::path(
    operation_id = "action_list_of_kpi", tag = "actions",
    params(("id" = Uuid, Path, description = "The KPI"), PageQuery),
    responses((status = 200, body = List<ActionView>)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/kpis/{id}/actions")]
pub(crate) async fn list_actions_of_kpi(
    Tenant(tenant): Tenant,
    Id(kpi): Id<KpiId>,
    actions: web::Data<dyn ActionPlanService>,
    clock: web::Data<dyn Clock>,
    pages: Pages,
    params: Params<PageQuery>,
) -> Result<List<ActionView>, ApiError> {
    let page = params.read(|query, checks| query.page(&pages, checks))?;
    let found = actions.actions_of_kpi(&tenant, kpi, &page).await?;
    let today = tenant.today(clock.now());
    Ok(pages.answer(found, |action| ActionView::on(today, &action)))
}
