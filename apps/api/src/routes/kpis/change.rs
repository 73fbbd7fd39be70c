//! `PATCH /kpis/{id}`

use super::view::KpiView;
use crate::extract::{Body, Checks, DecimalText, Id, IfMatch, Patch, RequestBody, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{patch, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_kernel::{Dec, Frequency, KpiId};
use vigie_kpis::{Aggregation, ChangeKpi, Direction, KpiService, ThresholdMode, ThresholdPatch};

/// What changes. A field that is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeKpiRequest {
    /// Moves it to another dashboard.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>, nullable = false)]
    dashboard_id: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    code: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    unit: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, nullable = false)]
    display_decimals: Patch<i64>,
    /// Cannot change once there are values.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    frequency: Patch<String>,
    /// With values, thresholds must come along.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    direction: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<DecimalText>)]
    threshold_green: Patch<DecimalText>,
    #[serde(default)]
    #[schema(value_type = Option<DecimalText>)]
    threshold_orange: Patch<DecimalText>,
    #[serde(default)]
    #[schema(value_type = Option<DecimalText>)]
    threshold_red: Patch<DecimalText>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    threshold_mode: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    aggregation: Patch<String>,
    /// Reserved.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    formula: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<DecimalText>, nullable = false)]
    weight: Patch<DecimalText>,
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    critical: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<Uuid>, nullable = false)]
    owner_id: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<i64>, nullable = false)]
    grace_days: Patch<i64>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    start_period: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    end_period: Patch<String>,
    /// False archives it, true restores it.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    is_active: Patch<bool>,
}

impl RequestBody for ChangeKpiRequest {}

impl ChangeKpiRequest {
    fn command(self, id: KpiId, expected_version: Option<i64>, checks: &mut Checks) -> ChangeKpi {
        let thresholds = ThresholdPatch {
            green: cut("threshold_green", self.threshold_green, checks),
            orange: cut("threshold_orange", self.threshold_orange, checks),
            red: cut("threshold_red", self.threshold_red, checks),
        };
        let weight = checks.not_null("weight", self.weight);
        let dashboard_id = checks.not_null("dashboard_id", self.dashboard_id);
        let owner_id = checks.not_null("owner_id", self.owner_id);
        ChangeKpi {
            id,
            expected_version,
            dashboard_id: checks.id("dashboard_id", dashboard_id.as_deref()),
            name: checks.not_null("name", self.name),
            code: checks.not_null("code", self.code),
            description: self.description.into_option(),
            unit: self.unit.into_option(),
            display_decimals: checks.not_null("display_decimals", self.display_decimals),
            frequency: named("frequency", self.frequency, Frequency::from_name, checks),
            direction: named("direction", self.direction, Direction::from_name, checks),
            thresholds,
            threshold_mode: named("threshold_mode", self.threshold_mode, ThresholdMode::from_name, checks),
            aggregation: named("aggregation", self.aggregation, Aggregation::from_name, checks),
            formula: self.formula.into_option(),
            weight: checks.decimal("weight", weight.as_ref()),
            critical: checks.not_null("critical", self.critical),
            owner_id: checks.id("owner_id", owner_id.as_deref()),
            grace_days: checks.not_null("grace_days", self.grace_days),
            start_period: self.start_period.into_option(),
            end_period: self.end_period.into_option(),
            archived: checks.not_null("is_active", self.is_active).map(|active| !active),
        }
    }
}

fn cut(field: &str, text: Patch<DecimalText>, checks: &mut Checks) -> Option<Option<Dec>> {
    checks.patch(text, |checks, text| checks.decimal(field, Some(&text)))
}

fn named<T>(
    field: &str,
    name: Patch<String>,
    read: impl FnOnce(&str) -> Option<T>,
    checks: &mut Checks,
) -> Option<T> {
    let name = checks.not_null(field, name);
    checks.one_of(field, name.as_deref(), read)
}

/// Changes, archives or restores a KPI.
#[utoipa::path(
    operation_id = "kpi_change", tag = "kpis",
    params(("id" = Uuid, Path, description = "The KPI"), ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")),
    request_body = ChangeKpiRequest,
    responses((status = 200, body = KpiView)),
    extensions(("x-permission" = json!("dashboard:change-own")))
)]
#[patch("/kpis/{id}")]
pub(crate) async fn change_kpi(
    Tenant(tenant): Tenant,
    Id(id): Id<KpiId>,
    IfMatch(expected): IfMatch,
    kpis: web::Data<dyn KpiService>,
    body: Body<ChangeKpiRequest>,
) -> Result<Versioned<KpiView>, ApiError> {
    let command = body.read(|body, checks| body.command(id, expected, checks))?;
    let kpi = kpis.change_kpi(&tenant, command).await?;
    Ok(Versioned { version: kpi.snapshot().version, body: KpiView::from(&kpi) })
}
