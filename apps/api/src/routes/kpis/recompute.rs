//! `POST /kpis/{id}/recompute`

use crate::extract::{Body, Checks, Id, RequestBody, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Told;
use actix_web::{post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_kernel::{Dec, KpiId};
use vigie_kpis::{KpiService, Recomputation, Recompute, RecomputedPeriod, Status};

/// Which values are judged again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecomputeRequest {
    /// First period, a key or any date inside.
    #[schema(value_type = String)]
    from: Option<String>,
    /// Only tells what would change; false when absent.
    dry_run: Option<bool>,
}

impl RequestBody for RecomputeRequest {}

impl RecomputeRequest {
    fn command(self, kpi_id: KpiId, checks: &mut Checks) -> Recompute {
        let from = checks.required("from", self.from);
        Recompute { kpi_id, from, dry_run: self.dry_run.unwrap_or(false) }
    }
}

/// What judging again does, or would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecomputationView {
    kpi_id: Uuid,
    /// Whether nothing was written.
    dry_run: bool,
    /// How many periods change.
    changed: usize,
    /// Every period with a value from the given one on.
    periods: Vec<RecomputedPeriodView>,
}

/// What judging one period again makes of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecomputedPeriodView {
    period_key: String,
    old_status: Option<&'static str>,
    new_status: Option<&'static str>,
    #[schema(value_type = Option<String>)]
    old_score: Option<Dec>,
    #[schema(value_type = Option<String>)]
    new_score: Option<Dec>,
    /// Whether it was left alone because it is closed.
    locked: bool,
    changed: bool,
}

impl From<&RecomputedPeriod> for RecomputedPeriodView {
    fn from(period: &RecomputedPeriod) -> Self {
        Self {
            period_key: period.period.key(),
            old_status: period.old_status.map(Status::name),
            new_status: period.new_status.map(Status::name),
            old_score: period.old_score,
            new_score: period.new_score,
            locked: period.locked,
            changed: period.changed,
        }
    }
}

impl From<&Recomputation> for RecomputationView {
    fn from(done: &Recomputation) -> Self {
        Self {
            kpi_id: done.kpi_id.as_uuid(),
            dry_run: done.dry_run,
            changed: done.changed(),
            periods: done.periods.iter().map(RecomputedPeriodView::from).collect(),
        }
    }
}

/// Judges values again by the thresholds that are in effect now. Closed periods keep their colours.
#[utoipa::path(
    operation_id = "kpi_recompute", tag = "kpis",
    params(("id" = Uuid, Path, description = "The KPI"), IdempotencyHeader),
    request_body = RecomputeRequest,
    responses((status = 200, body = RecomputationView)),
    extensions(("x-permission" = json!("period:close")))
)]
#[post("/kpis/{id}/recompute")]
pub(crate) async fn recompute(
    Tenant(tenant): Tenant,
    Id(id): Id<KpiId>,
    kpis: web::Data<dyn KpiService>,
    once: Once,
    body: Body<RecomputeRequest>,
) -> Result<Answered<Told<RecomputationView>>, ApiError> {
    let once = once.of(&body);
    let command = body.read(|body, checks| body.command(id, checks))?;
    let recompute = async {
        let done = kpis.recompute(&tenant, command).await?;
        Ok(Told(RecomputationView::from(&done)))
    };
    once.run(&tenant, recompute).await
}
