//! `GET /kpis/{id}/values/{period}/revisions`

use crate::extract::{Id, Key, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_kernel::{Dec, KpiId};
use vigie_kpis::{Entry, KpiService, PeriodInput, Revision, Status};

/// One change of the value of a period.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevisionView {
    id: Uuid,
    /// The value, which may be gone since.
    value_id: Uuid,
    kpi_id: Uuid,
    period_start: NaiveDate,
    /// What was there before; null when nothing was.
    old: Option<EntryView>,
    /// What is there since; null after a deletion.
    new: Option<EntryView>,
    old_status: Option<&'static str>,
    new_status: Option<&'static str>,
    actor_id: Uuid,
    /// `MANUAL`, `IMPORT`, `API` or `RECOMPUTE`.
    source: &'static str,
    /// Why it was written into a closed period.
    reason: Option<String>,
    /// The import that did it.
    import_job_id: Option<Uuid>,
    at: DateTime<Utc>,
    /// Whether the period was closed at the time.
    overrides_lock: bool,
}

/// What was recorded.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryView {
    #[schema(value_type = Option<String>)]
    value: Option<Dec>,
    not_applicable: bool,
    /// Why it was not applicable.
    reason: Option<String>,
}

impl From<&Entry> for EntryView {
    fn from(entry: &Entry) -> Self {
        match entry {
            Entry::Number(number) => Self { value: Some(*number), not_applicable: false, reason: None },
            Entry::NotApplicable { reason } => {
                Self { value: None, not_applicable: true, reason: Some(reason.clone()) }
            }
        }
    }
}

impl From<&Revision> for RevisionView {
    fn from(revision: &Revision) -> Self {
        Self {
            id: revision.id.as_uuid(),
            value_id: revision.value_id.as_uuid(),
            kpi_id: revision.kpi_id.as_uuid(),
            period_start: revision.period_start,
            old: revision.old_entry.as_ref().map(EntryView::from),
            new: revision.new_entry.as_ref().map(EntryView::from),
            old_status: revision.old_status.map(Status::name),
            new_status: revision.new_status.map(Status::name),
            actor_id: revision.actor.as_uuid(),
            source: revision.source.name(),
            reason: revision.reason.clone(),
            import_job_id: revision.import_run_id.map(Uuid::from),
            at: revision.at,
            overrides_lock: revision.overrides_lock,
        }
    }
}

/// Lists everything that happened to the value of a period, the oldest first.
#[utoipa::path(
    operation_id = "value_revisions", tag = "values",
    params(
        ("id" = Uuid, Path, description = "The KPI"),
        ("period" = String, Path, description = "A key such as `2026-02`, or any date inside")
    ),
    responses((status = 200, body = List<RevisionView>)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/kpis/{id}/values/{period}/revisions")]
pub(crate) async fn list_revisions(
    Tenant(tenant): Tenant,
    Id(kpi): Id<KpiId>,
    Key(period): Key,
    kpis: web::Data<dyn KpiService>,
) -> Result<List<RevisionView>, ApiError> {
    let revisions = kpis.revisions(&tenant, kpi, PeriodInput::Text(period)).await?;
    Ok(List::whole(revisions.iter().map(RevisionView::from).collect()))
}
