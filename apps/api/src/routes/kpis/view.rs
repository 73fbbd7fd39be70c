//! How a KPI is shown.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_kernel::{Dec, Frequency, Period};
use vigie_kpis::Kpi;

/// A KPI.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiView {
    id: Uuid,
    dashboard_id: Uuid,
    /// Unique in the organization.
    code: String,
    name: String,
    description: Option<String>,
    /// Empty for a plain number.
    unit: String,
    /// `DAILY`, `WEEKLY` or `MONTHLY`.
    frequency: &'static str,
    /// `UP_IS_BETTER` or `DOWN_IS_BETTER`.
    direction: &'static str,
    #[schema(value_type = Option<String>)]
    threshold_green: Option<Dec>,
    #[schema(value_type = Option<String>)]
    threshold_orange: Option<Dec>,
    /// Where the score reaches 0. Never decides a colour.
    #[schema(value_type = Option<String>)]
    threshold_red: Option<Dec>,
    /// Number of the newest threshold version; null when there has never been one.
    threshold_version: Option<i32>,
    /// False once it is archived: readable, without new values, out of reports.
    is_active: bool,
    #[schema(value_type = String)]
    weight: Dec,
    /// Whether its red forbids a green headline.
    critical: bool,
    display_decimals: u8,
    /// `SUM`, `AVG`, `LAST`, `MIN`, `MAX` or `NONE`.
    aggregation: &'static str,
    owner_id: Uuid,
    /// Days after the end of a period within which a value is on time.
    grace_days: u8,
    /// Key of the first expected period.
    start_period: Option<String>,
    /// Key of the last expected period.
    end_period: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<&Kpi> for KpiView {
    fn from(kpi: &Kpi) -> Self {
        let shown = kpi.snapshot();
        Self {
            id: shown.id.as_uuid(),
            dashboard_id: shown.dashboard_id.as_uuid(),
            code: shown.code.clone(),
            name: shown.name.clone(),
            description: shown.description.clone(),
            unit: shown.unit.clone(),
            frequency: shown.frequency.name(),
            direction: kpi.direction().name(),
            threshold_green: shown.thresholds.green(),
            threshold_orange: shown.thresholds.orange(),
            threshold_red: shown.thresholds.red(),
            threshold_version: shown.threshold_version,
            is_active: !shown.archived,
            weight: shown.weight,
            critical: shown.critical,
            display_decimals: shown.display_decimals,
            aggregation: shown.aggregation.name(),
            owner_id: shown.owner_id.as_uuid(),
            grace_days: shown.grace_days,
            start_period: key(shown.start_period, shown.frequency),
            end_period: key(shown.end_period, shown.frequency),
            created_at: shown.created_at,
            updated_at: shown.updated_at,
            version: shown.version,
        }
    }
}

fn key(start: Option<NaiveDate>, frequency: Frequency) -> Option<String> {
    start.map(|date| Period::containing(date, frequency).key())
}
