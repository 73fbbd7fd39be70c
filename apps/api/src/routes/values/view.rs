//! How a value is shown.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_kernel::Dec;
use vigie_kpis::{Entry, ShownValue, Status};

/// The value of a KPI for a period.
#[derive(Serialize, ToSchema)]
pub(crate) struct ValueView {
    id: Uuid,
    kpi_id: Uuid,
    #[schema(example = "2026-02")]
    period_key: String,
    period_start: NaiveDate,
    period_end: NaiveDate,
    /// The exact number; null when the period was declared not applicable.
    #[schema(value_type = Option<String>, example = "84.5")]
    value: Option<Dec>,
    /// The number at the KPI's decimals, or at more where rounding would show another colour.
    display: Option<String>,
    not_applicable: bool,
    /// Why it is not applicable.
    reason: Option<String>,
    /// `GREEN`, `ORANGE` or `RED`.
    status: Option<&'static str>,
    /// `OK`, `NO_THRESHOLDS` or `NOT_APPLICABLE`.
    status_reason: &'static str,
    /// 0 to 100.
    #[schema(value_type = Option<String>)]
    score: Option<Dec>,
    /// Number of the threshold version that judged it.
    threshold_version: Option<i32>,
    comment: Option<String>,
    /// `MANUAL`, `IMPORT`, `API` or `RECOMPUTE`.
    source: &'static str,
    created_at: DateTime<Utc>,
    created_by: Uuid,
    updated_at: DateTime<Utc>,
    updated_by: Uuid,
    version: i64,
}

impl From<&ShownValue> for ValueView {
    fn from(shown: &ShownValue) -> Self {
        let value = shown.value.snapshot();
        let reason = match &value.entry {
            Entry::Number(_) => None,
            Entry::NotApplicable { reason } => Some(reason.clone()),
        };
        Self {
            id: value.id.as_uuid(),
            kpi_id: value.kpi_id.as_uuid(),
            period_key: value.period.key(),
            period_start: value.period.start(),
            period_end: value.period.end(),
            value: value.entry.number(),
            display: shown.display.clone(),
            not_applicable: reason.is_some(),
            reason,
            status: value.status.map(Status::name),
            status_reason: value.status_reason.name(),
            score: value.score,
            threshold_version: value.threshold_version,
            comment: value.comment.clone(),
            source: value.source.name(),
            created_at: value.created_at,
            created_by: value.created_by.as_uuid(),
            updated_at: value.updated_at,
            updated_by: value.updated_by.as_uuid(),
            version: value.version,
        }
    }
}

/// Where the value of a period is.
pub(super) fn location(shown: &ShownValue) -> String {
    let value = shown.value.snapshot();
    format!("/api/v1/kpis/{}/values/{}", value.kpi_id, value.period.key())
}
