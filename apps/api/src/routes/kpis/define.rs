//! `POST /dashboards/{id}/kpis`

use super::thresholds::cuts;
use super::view::KpiView;
use crate::extract::{Body, Checks, DecimalText, Id, RequestBody, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Created;
use actix_web::{post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_kernel::{DashboardId, Frequency};
use vigie_kpis::{Aggregation, DefineKpi, Direction, KpiService, ThresholdMode};

/// A new KPI.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefineKpiRequest {
    /// 1..=200 characters.
    #[schema(value_type = String)]
    name: Option<String>,
    /// 1..=40 letters, digits, `_`, `.` and `-`, unique in the organization; made from the name when absent.
    code: Option<String>,
    /// At most 2,000 characters.
    description: Option<String>,
    /// At most 20 characters; absent for a plain number.
    unit: Option<String>,
    /// `DAILY`, `WEEKLY` or `MONTHLY`.
    #[schema(value_type = String)]
    frequency: Option<String>,
    /// `UP_IS_BETTER` or `DOWN_IS_BETTER`.
    #[schema(value_type = String)]
    direction: Option<String>,
    threshold_green: Option<DecimalText>,
    threshold_orange: Option<DecimalText>,
    threshold_red: Option<DecimalText>,
    /// `ABSOLUTE`.
    threshold_mode: Option<String>,
    /// 0..=6; 2 when absent.
    display_decimals: Option<i64>,
    /// `SUM`, `AVG`, `LAST`, `MIN`, `MAX` or `NONE`; by unit when absent.
    aggregation: Option<String>,
    /// Reserved.
    formula: Option<String>,
    /// Zero or more; 1 when absent.
    weight: Option<DecimalText>,
    /// Whether its red forbids a green headline.
    critical: Option<bool>,
    /// The caller when absent.
    #[schema(value_type = Option<Uuid>)]
    owner_id: Option<String>,
    /// 0..=60; by frequency when absent.
    grace_days: Option<i64>,
    /// First expected period: a key or any date inside.
    start_period: Option<String>,
    /// Last expected period: a key or any date inside.
    end_period: Option<String>,
}

impl RequestBody for DefineKpiRequest {}

impl DefineKpiRequest {
    fn command(self, dashboard_id: DashboardId, checks: &mut Checks) -> DefineKpi {
        let frequency = checks.required("frequency", self.frequency);
        let direction = checks.required("direction", self.direction);
        let thresholds =
            [self.threshold_green.as_ref(), self.threshold_orange.as_ref(), self.threshold_red.as_ref()];
        DefineKpi {
            dashboard_id,
            name: checks.required("name", self.name),
            code: self.code,
            description: self.description,
            unit: self.unit,
            display_decimals: self.display_decimals,
            frequency: checks
                .one_of("frequency", given(&frequency), Frequency::from_name)
                .unwrap_or(Frequency::Monthly),
            direction: checks
                .one_of("direction", given(&direction), Direction::from_name)
                .unwrap_or(Direction::UpIsBetter),
            thresholds: cuts(thresholds, checks),
            threshold_mode: checks.one_of(
                "threshold_mode",
                self.threshold_mode.as_deref(),
                ThresholdMode::from_name,
            ),
            aggregation: checks.one_of("aggregation", self.aggregation.as_deref(), Aggregation::from_name),
            formula: self.formula,
            weight: checks.decimal("weight", self.weight.as_ref()),
            critical: self.critical.unwrap_or(false),
            owner_id: checks.id("owner_id", self.owner_id.as_deref()),
            grace_days: self.grace_days,
            start_period: self.start_period,
            end_period: self.end_period,
        }
    }
}

/// A name that was given; a missing one has been told as missing.
fn given(name: &str) -> Option<&str> {
    (!name.is_empty()).then_some(name)
}

/// Defines a KPI on a dashboard.
#[utoipa::path(
    operation_id = "kpi_define", tag = "kpis",
    params(("id" = Uuid, Path, description = "The dashboard"), IdempotencyHeader),
    request_body = DefineKpiRequest,
    responses((status = 201, body = KpiView)),
    extensions(("x-permission" = json!("dashboard:change-own")))
)]
#[post("/dashboards/{id}/kpis")]
pub(crate) async fn define_kpi(
    Tenant(tenant): Tenant,
    Id(dashboard): Id<DashboardId>,
    kpis: web::Data<dyn KpiService>,
    once: Once,
    body: Body<DefineKpiRequest>,
) -> Result<Answered<Created<KpiView>>, ApiError> {
    let once = once.of(&body);
    let command = body.read(|body, checks| body.command(dashboard, checks))?;
    let define = async {
        let kpi = kpis.define_kpi(&tenant, command).await?;
        Ok(Created {
            location: format!("/api/v1/kpis/{}", kpi.id()),
            version: Some(kpi.snapshot().version),
            body: KpiView::from(&kpi),
        })
    };
    once.run(&tenant, define).await
}
