//! `PUT /kpis/{id}/values/{period}`

use super::entry::EntryFields;
use super::view::{ValueView, location};
use crate::extract::{Body, Checks, DecimalText, Id, IfMatch, Key, Patch, RequestBody, Tenant};
use crate::problem::ApiError;
use crate::respond::{Created, Versioned};
use actix_web::{Either, put, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_kernel::KpiId;
use vigie_kpis::{KpiService, Outcome, PeriodInput, RecordValue, Source};

/// The value that the period shall have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutValueRequest {
    /// The number; absent when `not_applicable` is true.
    value: Option<DecimalText>,
    /// There is nothing to measure that period.
    not_applicable: Option<bool>,
    /// Why there is nothing to measure.
    reason: Option<String>,
    /// At most 2,000 characters; absent keeps the one that is there.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    comment: Patch<String>,
    /// Why it is written into a closed period; takes the right to close periods.
    override_reason: Option<String>,
}

impl RequestBody for PutValueRequest {}

impl PutValueRequest {
    fn command(
        self,
        kpi_id: KpiId,
        period: String,
        expected_version: Option<i64>,
        checks: &mut Checks,
    ) -> RecordValue {
        let fields = EntryFields {
            value: self.value.as_ref(),
            not_applicable: self.not_applicable,
            reason: self.reason,
        };
        RecordValue {
            kpi_id,
            period: PeriodInput::Text(period),
            entry: fields.read(checks),
            comment: self.comment.into_option(),
            source: Source::Manual,
            override_reason: self.override_reason,
            expected_version,
        }
    }
}

/// Adds or replaces the value of a period. The same value again changes nothing.
#[utoipa::path(
    operation_id = "value_put", tag = "values",
    params(
        ("id" = Uuid, Path, description = "The KPI"),
        ("period" = String, Path, description = "A key such as `2026-02`, or any date inside"),
        ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")
    ),
    request_body = PutValueRequest,
    responses((status = 200, body = ValueView), (status = 201, body = ValueView)),
    extensions(("x-permission" = json!("value:record-own")))
)]
#[put("/kpis/{id}/values/{period}")]
pub(crate) async fn put_value(
    Tenant(tenant): Tenant,
    Id(kpi): Id<KpiId>,
    Key(period): Key,
    IfMatch(expected): IfMatch,
    kpis: web::Data<dyn KpiService>,
    body: Body<PutValueRequest>,
) -> Result<Either<Created<ValueView>, Versioned<ValueView>>, ApiError> {
    let command = body.read(|body, checks| body.command(kpi, period, expected, checks))?;
    let recorded = kpis.put_value(&tenant, command).await?;
    let version = recorded.shown.value.snapshot().version;
    let body = ValueView::from(&recorded.shown);
    Ok(match recorded.outcome {
        Outcome::Created => {
            Either::Left(Created { location: location(&recorded.shown), version: Some(version), body })
        }
        Outcome::Updated | Outcome::Unchanged => Either::Right(Versioned { body, version }),
    })
}
