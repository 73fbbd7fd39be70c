//! `GET /kpis/{id}/comments`

use super::view::CommentView;
use crate::extract::{Id, Pages, Params, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use crate::routes::page_query::PageQuery;
use actix_web::{get, web};
use vigie_action_plans::{ActionPlanService, CommentTarget};
use vigie_kernel::KpiId;

/// Lists the comments on a KPI, newest first.
#[utoipa::path(
    operation_id = "comment_list_of_kpi", tag = "comments",
    params(("id" = Uuid, Path, description = "The KPI"), PageQuery),
    responses((status = 200, body = List<CommentView>)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/kpis/{id}/comments")]
pub(crate) async fn list_comments_of_kpi(
    Tenant(tenant): Tenant,
    Id(id): Id<KpiId>,
    actions: web::Data<dyn ActionPlanService>,
    pages: Pages,
    params: Params<PageQuery>,
) -> Result<List<CommentView>, ApiError> {
    let page = params.read(|query, checks| query.page(&pages, checks))?;
    let found = actions.comments(&tenant, CommentTarget::Kpi(id), &page).await?;
    Ok(pages.answer(found, |comment| CommentView::from(&comment)))
}
