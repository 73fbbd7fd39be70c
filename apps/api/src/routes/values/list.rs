//! `GET /kpis/{id}/values`

use super::view::ValueView;
use crate::extract::{Checks, Id, Pages, Params, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use vigie_kernel::KpiId;
use vigie_kpis::{HistoryQuery, KpiService};

const MAX_LIMIT: u16 = 1000;
const DEFAULT_LIMIT: u16 = 100;

/// Which periods, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ValuesQuery {
    /// First period: a key or any date inside.
    from: Option<String>,
    /// Last period: a key or any date inside.
    to: Option<String>,
    /// Items of a page, 1..=1000; 100 when absent.
    #[param(value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl ValuesQuery {
    fn read(self, kpi_id: KpiId, pages: &Pages, checks: &mut Checks) -> HistoryQuery {
        let (limit, cursor) = (self.limit.as_deref(), self.cursor.as_deref());
        let page = pages.request_up_to(MAX_LIMIT, DEFAULT_LIMIT, limit, cursor, checks);
        HistoryQuery {
            kpi_id,
            from: self.from,
            to: self.to,
            limit: Some(i64::from(page.limit)),
            after: page.after,
        }
    }
}

/// Lists the values of a KPI by period.
#[utoipa::path(
    operation_id = "value_list", tag = "values",
    params(("id" = Uuid, Path, description = "The KPI"), ValuesQuery),
    responses((status = 200, body = List<ValueView>)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/kpis/{id}/values")]
pub(crate) async fn list_values(
    Tenant(tenant): Tenant,
    Id(kpi): Id<KpiId>,
    kpis: web::Data<dyn KpiService>,
    pages: Pages,
    params: Params<ValuesQuery>,
) -> Result<List<ValueView>, ApiError> {
    let query = params.read(|query, checks| query.read(kpi, &pages, checks))?;
    let found = kpis.history(&tenant, query).await.map_err(|error| ApiError::from(error).in_query())?;
    Ok(pages.answer(found, |shown| ValueView::from(&shown)))
}
