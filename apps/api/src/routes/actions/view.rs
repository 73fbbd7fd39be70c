//! How an action is shown.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_action_plans::{Action, ActionHint, ActionListItem, ActionOutcome, ActionWarning};

/// An action.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActionView {
    id: Uuid,
    kpi_id: Uuid,
    title: String,
    description: Option<String>,
    /// The member who carries it.
    owner_id: Option<Uuid>,
    /// The last day on which it is in time.
    due_date: Option<NaiveDate>,
    /// 0..=100.
    progress: u8,
    /// `OPEN`, `IN_PROGRESS`, `DONE` or `CANCELLED`.
    status: &'static str,
    /// Why it has this status, where a reason was given.
    status_reason: Option<String>,
    /// Whether the due date has passed and it is neither done nor cancelled.
    late: bool,
    /// `READY_TO_CLOSE` when the progress is 100 and nobody has declared it done.
    hint: Option<&'static str>,
    done_at: Option<DateTime<Utc>>,
    done_by: Option<Uuid>,
    created_by: Uuid,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl ActionView {
    /// The action as it stands on that day.
    pub(crate) fn on(today: NaiveDate, action: &Action) -> Self {
        let shown = action.snapshot();
        Self {
            id: shown.id.as_uuid(),
            kpi_id: shown.kpi_id.as_uuid(),
            title: shown.title.clone(),
            description: shown.description.clone(),
            owner_id: shown.owner_id.map(Uuid::from),
            due_date: shown.due_date,
            progress: shown.progress,
            status: shown.status.name(),
            status_reason: shown.status_reason.clone(),
            late: action.late(today),
            hint: action.hint().map(ActionHint::name),
            done_at: shown.done_at,
            done_by: shown.done_by.map(Uuid::from),
            created_by: shown.created_by.as_uuid(),
            created_at: shown.created_at,
            updated_at: shown.updated_at,
            version: shown.version,
        }
    }
}

/// An action that was just created or changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActionOutcomeView {
    #[serde(flatten)]
    action: ActionView,
    /// What was accepted but deserves a second look, such as `DUE_DATE_PAST`.
    warnings: Vec<&'static str>,
}

impl ActionOutcomeView {
    pub(crate) fn on(today: NaiveDate, outcome: &ActionOutcome) -> Self {
        Self {
            action: ActionView::on(today, &outcome.action),
            warnings: outcome.warnings.iter().copied().map(ActionWarning::name).collect(),
        }
    }
}

/// An action with what a list over all KPIs shows of its KPI.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActionItemView {
    #[serde(flatten)]
    action: ActionView,
    kpi_code: String,
    kpi_name: String,
    dashboard_id: Uuid,
}

impl ActionItemView {
    pub(crate) fn on(today: NaiveDate, item: &ActionListItem) -> Self {
        Self {
            action: ActionView::on(today, &item.action),
            kpi_code: item.kpi_code.clone(),
            kpi_name: item.kpi_name.clone(),
            dashboard_id: item.dashboard_id.as_uuid(),
        }
    }
}
