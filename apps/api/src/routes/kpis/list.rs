//! `GET /dashboards/{id}/kpis`

use super::view::KpiView;
use crate::extract::{Checks, Id, Pages, Params, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use vigie_kernel::{DashboardId, PageRequest};
use vigie_kpis::KpiService;

/// Which KPIs of the dashboard, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KpisQuery {
    /// Only those in use, or only the archived ones; both when absent.
    #[param(value_type = Option<bool>)]
    is_active: Option<String>,
    /// Items of a page, 1..=100; 25 when absent.
    #[param(value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl KpisQuery {
    fn read(self, pages: &Pages, checks: &mut Checks) -> (Option<bool>, PageRequest) {
        let is_active = checks.flag("?is_active", self.is_active.as_deref());
        let page = pages.request(self.limit.as_deref(), self.cursor.as_deref(), checks);
        (is_active.map(|active| !active), page)
    }
}

/// Lists the KPIs of a dashboard by name.
#[utoipa::path(
    operation_id = "kpi_list", tag = "kpis",
    params(("id" = Uuid, Path, description = "The dashboard"), KpisQuery),
    responses((status = 200, body = List<KpiView>)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/dashboards/{id}/kpis")]
pub(crate) async fn list_kpis(
    Tenant(tenant): Tenant,
    Id(dashboard): Id<DashboardId>,
    kpis: web::Data<dyn KpiService>,
    pages: Pages,
    params: Params<KpisQuery>,
) -> Result<List<KpiView>, ApiError> {
    let (archived, page) = params.read(|query, checks| query.read(&pages, checks))?;
    let found = kpis.kpis(&tenant, dashboard, archived, page).await?;
    Ok(pages.answer(found, |kpi| KpiView::from(&kpi)))
}
