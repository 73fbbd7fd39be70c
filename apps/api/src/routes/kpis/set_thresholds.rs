//! `POST /kpis/{id}/thresholds`

use super::thresholds::{ThresholdVersionView, cuts};
use crate::extract::{Body, Checks, DecimalText, Id, IfMatch, RequestBody, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Created;
use actix_web::{post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_kernel::KpiId;
use vigie_kpis::{Direction, KpiService, SetThresholds, ThresholdMode};

/// New thresholds. A threshold that is absent is no longer there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetThresholdsRequest {
    /// The current one when absent.
    direction: Option<String>,
    /// `ABSOLUTE`.
    threshold_mode: Option<String>,
    threshold_green: Option<DecimalText>,
    threshold_orange: Option<DecimalText>,
    threshold_red: Option<DecimalText>,
    /// First period that they judge, a key or any date inside; the first one that is not closed when absent.
    effective_from: Option<String>,
}

impl RequestBody for SetThresholdsRequest {}

impl SetThresholdsRequest {
    fn command(self, kpi_id: KpiId, expected_version: Option<i64>, checks: &mut Checks) -> SetThresholds {
        let thresholds =
            [self.threshold_green.as_ref(), self.threshold_orange.as_ref(), self.threshold_red.as_ref()];
        SetThresholds {
            kpi_id,
            expected_version,
            direction: checks.one_of("direction", self.direction.as_deref(), Direction::from_name),
            threshold_mode: checks.one_of(
                "threshold_mode",
                self.threshold_mode.as_deref(),
                ThresholdMode::from_name,
            ),
            thresholds: cuts(thresholds, checks),
            effective_from: self.effective_from,
        }
    }
}

/// Gives a KPI new thresholds. Values keep the colours they have; `POST /kpis/{id}/recompute` judges them again.
#[utoipa::path(
    operation_id = "threshold_set", tag = "kpis",
    params(("id" = Uuid, Path, description = "The KPI"), ("If-Match" = Option<String>, Header, description = "The tag of the version of the KPI that was read"), IdempotencyHeader),
    request_body = SetThresholdsRequest,
    responses((status = 201, body = ThresholdVersionView)),
    extensions(("x-permission" = json!("dashboard:change-own")))
)]
#[post("/kpis/{id}/thresholds")]
pub(crate) async fn set_thresholds(
    Tenant(tenant): Tenant,
    Id(id): Id<KpiId>,
    IfMatch(expected): IfMatch,
    kpis: web::Data<dyn KpiService>,
    once: Once,
    body: Body<SetThresholdsRequest>,
) -> Result<Answered<Created<ThresholdVersionView>>, ApiError> {
    let once = once.of(&body);
    let command = body.read(|body, checks| body.command(id, expected, checks))?;
    let set = async {
        let version = kpis.set_thresholds(&tenant, command).await?;
        let location = format!("/api/v1/kpis/{id}/thresholds");
        Ok(Created { body: ThresholdVersionView::from(&version), location, version: None })
    };
    once.run(&tenant, set).await
}
