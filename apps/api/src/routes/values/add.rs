//! `POST /kpis/{id}/values`

use super::entry::EntryFields;
use super::view::{ValueView, location};
use crate::extract::{Body, Checks, DecimalText, Id, RequestBody, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Created;
use actix_web::{post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_kernel::KpiId;
use vigie_kpis::{KpiService, PeriodInput, RecordValue, Source};

/// A value for a period, which is named by `period` or by its first and last date.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddValueRequest {
    /// A key such as `2026-02` or `2026-W07`, or any date inside.
    period: Option<String>,
    #[schema(value_type = Option<chrono::NaiveDate>)]
    period_start: Option<String>,
    #[schema(value_type = Option<chrono::NaiveDate>)]
    period_end: Option<String>,
    /// The number; absent when `not_applicable` is true.
    value: Option<DecimalText>,
    /// There is nothing to measure that period.
    not_applicable: Option<bool>,
    /// Why there is nothing to measure.
    reason: Option<String>,
    /// At most 2,000 characters.
    comment: Option<String>,
    /// Why it is written into a closed period; takes the right to close periods.
    override_reason: Option<String>,
}

impl RequestBody for AddValueRequest {}

impl AddValueRequest {
    fn command(self, kpi_id: KpiId, checks: &mut Checks) -> RecordValue {
        let fields = EntryFields {
            value: self.value.as_ref(),
            not_applicable: self.not_applicable,
            reason: self.reason,
        };
        let entry = fields.read(checks);
        let start = checks.date("period_start", self.period_start.as_deref());
        let end = checks.date("period_end", self.period_end.as_deref());
        let bounds_given = self.period_start.is_some() || self.period_end.is_some();
        let period = match (self.period, bounds_given) {
            (Some(text), false) => PeriodInput::Text(text),
            (Some(text), true) => {
                checks.refuse("period", "period_twice");
                PeriodInput::Text(text)
            }
            (None, true) => {
                for (field, text) in [("period_start", &self.period_start), ("period_end", &self.period_end)]
                {
                    if text.is_none() {
                        checks.refuse(field, "required");
                    }
                }
                PeriodInput::Bounds { start: start.unwrap_or_default(), end: end.unwrap_or_default() }
            }
            (None, false) => PeriodInput::Text(checks.required("period", None)),
        };
        RecordValue {
            kpi_id,
            period,
            entry,
            comment: Some(self.comment),
            source: Source::Manual,
            override_reason: self.override_reason,
            expected_version: None,
        }
    }
}

/// Adds the value of a period, which must have none yet.
#[utoipa::path(
    operation_id = "value_add", tag = "values",
    params(("id" = Uuid, Path, description = "The KPI"), IdempotencyHeader),
    request_body = AddValueRequest,
    responses((status = 201, body = ValueView)),
    extensions(("x-permission" = json!("value:record-own")))
)]
#[post("/kpis/{id}/values")]
pub(crate) async fn add_value(
    Tenant(tenant): Tenant,
    Id(kpi): Id<KpiId>,
    kpis: web::Data<dyn KpiService>,
    once: Once,
    body: Body<AddValueRequest>,
) -> Result<Answered<Created<ValueView>>, ApiError> {
    let once = once.of(&body);
    let command = body.read(|body, checks| body.command(kpi, checks))?;
    let add = async {
        let recorded = kpis.add_value(&tenant, command).await?;
        Ok(Created {
            location: location(&recorded.shown),
            version: Some(recorded.shown.value.snapshot().version),
            body: ValueView::from(&recorded.shown),
        })
    };
    once.run(&tenant, add).await
}
