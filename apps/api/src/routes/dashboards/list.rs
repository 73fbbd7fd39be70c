//! `GET /dashboards`

use super::view::DashboardView;
use crate::extract::{Checks, Pages, Params, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use vigie_kernel::PageRequest;
use vigie_kpis::{DashboardFilter, KpiService};

/// Which dashboards, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DashboardsQuery {
    /// Only those of this process, spelt exactly so.
    process_name: Option<String>,
    /// Items of a page, 1..=100; 25 when absent.
    #[param(value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl DashboardsQuery {
    fn read(self, pages: &Pages, checks: &mut Checks) -> (DashboardFilter, PageRequest) {
        let page = pages.request(self.limit.as_deref(), self.cursor.as_deref(), checks);
        (DashboardFilter { process_name: self.process_name }, page)
    }
}

/// Lists dashboards by title.
#[utoipa::path(
    operation_id = "dashboard_list", tag = "dashboards",
    params(DashboardsQuery),
    responses((status = 200, body = List<DashboardView>)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/dashboards")]
pub(crate) async fn list_dashboards(
    Tenant(tenant): Tenant,
    kpis: web::Data<dyn KpiService>,
    pages: Pages,
    params: Params<DashboardsQuery>,
) -> Result<List<DashboardView>, ApiError> {
    let (filter, page) = params.read(|query, checks| query.read(&pages, checks))?;
    let found = kpis.dashboards(&tenant, filter, page).await?;
    Ok(pages.answer(found, |dashboard| DashboardView::from(&dashboard)))
}
