//! How organizations and operations are shown to who operates the platform.

use super::sample_view::SampleView;
use crate::routes::user::SettingsView;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_kernel::UserId;
use vigie_platform_monitoring::OrganizationSample;
use vigie_tenancy::{Operation, OperationStep, Organization, SetPassword, StepResult};

/// An organization, as the operator sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminOrganizationView {
    id: Uuid,
    /// Its short name in addresses.
    slug: String,
    name: String,
    /// The host name of its own, where it has one.
    domain: Option<String>,
    database_name: String,
    /// `provisioning`, `active`, `migrating`, `read_only`, `suspended`, `archived`, `failed` or `deleted`.
    status: &'static str,
    /// Why it has this status, where a reason was given.
    status_reason: Option<String>,
    /// `starter`, `community`, `professional` or `enterprise`.
    plan: &'static str,
    /// The schema version of its database; null before the first migration.
    schema_version: Option<i32>,
    settings: SettingsView,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// How it is; null before its first sample, and of one that is not in service.
    sample: Option<SampleView>,
}

impl AdminOrganizationView {
    pub(super) fn new(
        organization: &Organization,
        domain: Option<String>,
        sample: Option<OrganizationSample>,
    ) -> Self {
        let it = organization.snapshot();
        Self {
            id: it.id.as_uuid(),
            slug: it.slug.to_string(),
            name: it.name.clone(),
            domain,
            database_name: it.database_name.to_string(),
            status: it.status.name(),
            status_reason: it.status_reason.clone(),
            plan: it.plan.name(),
            schema_version: it.schema_version,
            settings: SettingsView::from(&it.settings),
            created_at: it.created_at,
            updated_at: it.updated_at,
            sample: sample.map(SampleView::from),
        }
    }
}

/// What became of a step.
#[derive(Serialize, ToSchema)]
pub(crate) struct StepView {
    /// Such as `create_database` or `migrate`.
    step: &'static str,
    /// `done`, `skipped`, `failed` or `undone`.
    outcome: &'static str,
    /// Why it was skipped or failed.
    note: Option<String>,
    started_at: DateTime<Utc>,
    finished_at: DateTime<Utc>,
}

impl From<&StepResult> for StepView {
    fn from(result: &StepResult) -> Self {
        Self {
            step: result.step.name(),
            outcome: result.outcome.name(),
            note: result.note.clone(),
            started_at: result.started_at,
            finished_at: result.finished_at,
        }
    }
}

/// A long operation on an organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct OperationView {
    id: Uuid,
    /// `provision`.
    kind: &'static str,
    /// The organization is gone once the operation is undone.
    organization_id: Uuid,
    slug: String,
    /// `running`, `succeeded`, `undoing`, `undone` or `failed`.
    state: &'static str,
    /// The step that is under way or next; null when it has ended.
    current_step: Option<&'static str>,
    steps: Vec<StepView>,
    /// The database server that was chosen.
    server: Option<String>,
    /// Counted from 1.
    attempt: i32,
    /// No attempt before that.
    next_attempt_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    error: Option<String>,
    /// The platform administrator who asked for it; null for the command line and for a sign-up.
    requested_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<&Operation> for OperationView {
    fn from(operation: &Operation) -> Self {
        let it = operation.snapshot();
        Self {
            id: it.id.as_uuid(),
            kind: it.kind.name(),
            organization_id: it.organization.as_uuid(),
            slug: it.slug.to_string(),
            state: it.state.name(),
            current_step: it.current.map(OperationStep::name),
            steps: it.steps.iter().map(StepView::from).collect(),
            server: it.placement.clone(),
            attempt: it.attempt,
            next_attempt_at: it.not_before,
            error: it.error.clone(),
            requested_by: it.requested_by.map(UserId::as_uuid),
            created_at: it.created_at,
            updated_at: it.updated_at,
            finished_at: it.finished_at,
        }
    }
}

/// A token with which the owner sets his password at `POST /auth/reset-password`. It is shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct SetPasswordView {
    token: String,
    expires_at: DateTime<Utc>,
}

impl From<&SetPassword> for SetPasswordView {
    fn from(given: &SetPassword) -> Self {
        Self { token: given.token.expose().to_owned(), expires_at: given.expires_at }
    }
}
