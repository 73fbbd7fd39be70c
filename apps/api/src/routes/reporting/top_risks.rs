//! `GET /reporting/top-risks`

use crate::extract::{Checks, Params, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use vigie_kernel::Dec;
use vigie_kpis::{MAX_TOP_RISKS, ReportingService, Risk, Status, TopRisksQuery};

/// How many, as of when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TopRisksParams {
    /// 1..=100; 10 when absent.
    #[param(value_type = Option<u16>)]
    limit: Option<String>,
    /// Periods that ended before this date count; today when absent.
    #[param(value_type = Option<NaiveDate>)]
    as_of: Option<String>,
}

impl TopRisksParams {
    fn read(self, checks: &mut Checks) -> TopRisksQuery {
        TopRisksQuery {
            limit: checks.number("?limit", self.limit.as_deref(), 1, MAX_TOP_RISKS),
            as_of: checks.date("?as_of", self.as_of.as_deref()),
        }
    }
}

/// A KPI that is red or orange, with its latest value.
#[derive(Serialize, ToSchema)]
pub(crate) struct RiskView {
    kpi_id: Uuid,
    code: String,
    name: String,
    unit: String,
    direction: &'static str,
    owner_id: Uuid,
    critical: bool,
    #[schema(value_type = String)]
    weight: Dec,
    dashboard_id: Uuid,
    dashboard_title: String,
    process_name: Option<String>,
    period_key: Option<String>,
    #[schema(value_type = Option<String>)]
    value: Option<Dec>,
    /// The text of the value at the KPI's decimals.
    display: Option<String>,
    /// `RED` or `ORANGE`.
    status: Option<&'static str>,
    #[schema(value_type = Option<String>)]
    score: Option<Dec>,
    /// Whether a value is overdue.
    stale: bool,
    actions_open: u32,
    actions_late: u32,
    red_without_action: bool,
}

impl From<&Risk> for RiskView {
    fn from(risk: &Risk) -> Self {
        let latest = risk.kpi.latest.as_ref();
        Self {
            kpi_id: risk.kpi.id.as_uuid(),
            code: risk.kpi.code.clone(),
            name: risk.kpi.name.clone(),
            unit: risk.kpi.unit.clone(),
            direction: risk.kpi.direction.name(),
            owner_id: risk.kpi.owner_id.as_uuid(),
            critical: risk.kpi.critical,
            weight: risk.kpi.weight,
            dashboard_id: risk.dashboard.id.as_uuid(),
            dashboard_title: risk.dashboard.title.clone(),
            process_name: risk.dashboard.process_name.clone(),
            period_key: latest.map(|latest| latest.period.key()),
            value: latest.and_then(|latest| latest.entry.number()),
            display: risk.display.clone(),
            status: risk.kpi.status().map(Status::name),
            score: latest.and_then(|latest| latest.score),
            stale: risk.stale,
            actions_open: risk.kpi.actions.open,
            actions_late: risk.kpi.actions.late,
            red_without_action: risk.red_without_action,
        }
    }
}

/// Lists the worst KPIs: red then orange, the lowest scores first.
#[utoipa::path(
    operation_id = "reporting_top_risks", tag = "reporting",
    params(TopRisksParams),
    responses((status = 200, body = List<RiskView>)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/reporting/top-risks")]
pub(crate) async fn list_top_risks(
    Tenant(tenant): Tenant,
    reporting: web::Data<dyn ReportingService>,
    params: Params<TopRisksParams>,
) -> Result<List<RiskView>, ApiError> {
    let query = params.read(TopRisksParams::read)?;
    let risks =
        reporting.top_risks(&tenant, query).await.map_err(|error| ApiError::from(error).in_query())?;
    Ok(List::whole(risks.iter().map(RiskView::from).collect()))
}
