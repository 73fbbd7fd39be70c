//! Thresholds in requests, and how a version of them is shown.

use crate::extract::{Checks, DecimalText};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_kernel::Dec;
use vigie_kpis::{ThresholdFields, ThresholdVersion};

/// Reads the green, the orange and the red threshold.
pub(super) fn cuts(texts: [Option<&DecimalText>; 3], checks: &mut Checks) -> ThresholdFields {
    let [green, orange, red] = texts;
    ThresholdFields::cuts(
        checks.decimal("threshold_green", green),
        checks.decimal("threshold_orange", orange),
        checks.decimal("threshold_red", red),
    )
}

/// Thresholds that are in effect from a period on, until a later version is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ThresholdVersionView {
    id: Uuid,
    kpi_id: Uuid,
    /// 1, 2, 3 .. in the order in which they were set.
    version_no: i32,
    /// First date of the first period that it judges; null from the beginning.
    effective_from: Option<NaiveDate>,
    direction: &'static str,
    #[schema(value_type = Option<String>)]
    threshold_green: Option<Dec>,
    #[schema(value_type = Option<String>)]
    threshold_orange: Option<Dec>,
    #[schema(value_type = Option<String>)]
    threshold_red: Option<Dec>,
    created_at: DateTime<Utc>,
    created_by: Uuid,
}

impl From<&ThresholdVersion> for ThresholdVersionView {
    fn from(version: &ThresholdVersion) -> Self {
        Self {
            id: version.id.as_uuid(),
            kpi_id: version.kpi_id.as_uuid(),
            version_no: version.version_no,
            effective_from: version.effective_from,
            direction: version.thresholds.direction().name(),
            threshold_green: version.thresholds.green(),
            threshold_orange: version.thresholds.orange(),
            threshold_red: version.thresholds.red(),
            created_at: version.created_at,
            created_by: version.created_by.as_uuid(),
        }
    }
}
