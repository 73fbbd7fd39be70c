//! `GET /kpis/{id}/series`

use crate::extract::{Checks, Id, Params, Tenant};
use crate::problem::ApiError;
use actix_web::{get, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use vigie_kernel::{Dec, KpiId};
use vigie_kpis::{KpiService, Series, SeriesPoint, SeriesQuery, Status};

/// Which periods.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SeriesParams {
    /// First period, a key or any date inside; 23 periods before the last when absent.
    from: Option<String>,
    /// Last period, a key or any date inside; the one that runs today when absent.
    to: Option<String>,
    /// `raw`: the KPI's own periods.
    view: Option<String>,
}

impl SeriesParams {
    fn read(self, kpi_id: KpiId, checks: &mut Checks) -> SeriesQuery {
        match self.view.as_deref() {
            None | Some("raw") => {}
            Some("month" | "quarter" | "year" | "ytd") => checks.refuse("?view", "not_supported"),
            Some(view) if view.starts_with("rolling:") => checks.refuse("?view", "not_supported"),
            Some(_) => checks.refuse("?view", "value_unknown"),
        }
        SeriesQuery { kpi_id, from: self.from, to: self.to }
    }
}

/// What a chart of a KPI shows.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeriesView {
    kpi_id: Uuid,
    code: String,
    name: String,
    unit: String,
    frequency: &'static str,
    direction: &'static str,
    display_decimals: u8,
    /// Every period from the first to the last, those without a value included.
    points: Vec<SeriesPointView>,
}

/// One period of a chart.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeriesPointView {
    period_key: String,
    period_start: NaiveDate,
    period_end: NaiveDate,
    /// `FUTURE`, `OPEN`, `DUE`, `LATE`, `PROVIDED`, `N_A` or `LOCKED`.
    state: &'static str,
    #[schema(value_type = Option<String>)]
    value: Option<Dec>,
    /// The text of the value at the KPI's decimals.
    display: Option<String>,
    /// `GREEN`, `ORANGE` or `RED`.
    status: Option<&'static str>,
    status_reason: &'static str,
    #[schema(value_type = Option<String>)]
    score: Option<Dec>,
    #[schema(value_type = Option<String>)]
    threshold_green: Option<Dec>,
    #[schema(value_type = Option<String>)]
    threshold_orange: Option<Dec>,
    #[schema(value_type = Option<String>)]
    threshold_red: Option<Dec>,
}

/// Why a period without a value has no colour.
const NO_DATA: &str = "NO_DATA";

impl From<&SeriesPoint> for SeriesPointView {
    fn from(point: &SeriesPoint) -> Self {
        let value = point.value.as_ref().map(|shown| shown.value.snapshot());
        Self {
            period_key: point.period.key(),
            period_start: point.period.start(),
            period_end: point.period.end(),
            state: point.state.name(),
            value: value.and_then(|value| value.entry.number()),
            display: point.value.as_ref().and_then(|shown| shown.display.clone()),
            status: value.and_then(|value| value.status).map(Status::name),
            status_reason: value.map_or(NO_DATA, |value| value.status_reason.name()),
            score: value.and_then(|value| value.score),
            threshold_green: point.thresholds.green(),
            threshold_orange: point.thresholds.orange(),
            threshold_red: point.thresholds.red(),
        }
    }
}

impl From<&Series> for SeriesView {
    fn from(series: &Series) -> Self {
        let kpi = series.kpi.snapshot();
        Self {
            kpi_id: kpi.id.as_uuid(),
            code: kpi.code.clone(),
            name: kpi.name.clone(),
            unit: kpi.unit.clone(),
            frequency: kpi.frequency.name(),
            direction: series.kpi.direction().name(),
            display_decimals: kpi.display_decimals,
            points: series.points.iter().map(SeriesPointView::from).collect(),
        }
    }
}

/// Shows a KPI's periods as a chart needs them: values, thresholds, colours and states.
#[utoipa::path(
    operation_id = "kpi_series", tag = "kpis",
    params(("id" = Uuid, Path, description = "The KPI"), SeriesParams),
    responses((status = 200, body = SeriesView)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/kpis/{id}/series")]
pub(crate) async fn show_series(
    Tenant(tenant): Tenant,
    Id(id): Id<KpiId>,
    kpis: web::Data<dyn KpiService>,
    params: Params<SeriesParams>,
) -> Result<web::Json<SeriesView>, ApiError> {
    let query = params.read(|query, checks| query.read(id, checks))?;
    let series = kpis.series(&tenant, query).await.map_err(|error| ApiError::from(error).in_query())?;
    Ok(web::Json(SeriesView::from(&series)))
}
