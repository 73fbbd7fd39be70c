//! How runs of migrations are shown.

use crate::respond::List;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_tenancy::{MigrationResult, MigrationRun, OutcomeCounts};

/// What a run was asked to do.
#[derive(Serialize, ToSchema)]
pub(crate) struct MigrationOptionsView {
    /// Whether it only tries, on copies.
    dry_run: bool,
    /// Organizations at a time.
    concurrency: u16,
    /// So many go first; when one of them fails, the run stops.
    canary: u32,
    /// Share of failures that it takes, in percent.
    failure_budget: u8,
}

/// How many organizations had which outcome so far.
#[derive(Serialize, ToSchema)]
pub(crate) struct MigrationCountsView {
    ok: u32,
    skipped: u32,
    failed: u32,
    blocked: u32,
    unreachable: u32,
    quarantined: u32,
}

impl From<&OutcomeCounts> for MigrationCountsView {
    fn from(counts: &OutcomeCounts) -> Self {
        let OutcomeCounts { ok, skipped, failed, blocked, unreachable, quarantined } = *counts;
        Self { ok, skipped, failed, blocked, unreachable, quarantined }
    }
}

/// A run of migrations over the organizations' databases.
#[derive(Serialize, ToSchema)]
pub(crate) struct MigrationRunView {
    id: Uuid,
    /// `running`, `done` (every organization is at the current schema), `partial` (some are not), `stopped` (a canary or too many
    /// failed) or `interrupted` (nothing was recorded for a quarter of an hour).
    state: &'static str,
    /// The schema version that databases are brought to.
    target_version: i32,
    options: MigrationOptionsView,
    /// How many organizations it is about.
    total: u32,
    counts: MigrationCountsView,
    started_at: DateTime<Utc>,
    /// When it last recorded anything.
    heartbeat_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl MigrationRunView {
    pub(super) fn new(run: &MigrationRun, now: DateTime<Utc>) -> Self {
        Self {
            id: run.id.as_uuid(),
            state: run.state_at(now).name(),
            target_version: run.target_version,
            options: MigrationOptionsView {
                dry_run: run.dry_run,
                concurrency: run.concurrency,
                canary: run.canary,
                failure_budget: run.failure_budget,
            },
            total: run.planned,
            counts: MigrationCountsView::from(&run.counts),
            started_at: run.created_at,
            heartbeat_at: run.heartbeat_at,
            ended_at: run.ended_at,
        }
    }
}

/// What became of one organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct MigrationResultView {
    organization_id: Uuid,
    /// Its slug at the time.
    slug: String,
    /// `ok`, `skipped` (it was current already), `failed` (it keeps its schema), `blocked` (a lock was not had in time), `unreachable`
    /// or `quarantined` (it failed three times in a row before and was not tried).
    outcome: &'static str,
    /// The schema version that was recorded before.
    from_version: Option<i32>,
    /// The schema version that it has now; null when it was not migrated.
    to_version: Option<i32>,
    /// What the database said.
    error: Option<String>,
    /// How long it took, in milliseconds.
    milliseconds: u64,
    at: DateTime<Utc>,
}

impl From<MigrationResult> for MigrationResultView {
    fn from(result: MigrationResult) -> Self {
        Self {
            organization_id: result.organization.as_uuid(),
            slug: result.slug.to_string(),
            outcome: result.outcome.name(),
            from_version: result.from_version,
            to_version: result.to_version,
            error: result.error,
            milliseconds: result.milliseconds,
            at: result.at,
        }
    }
}

/// A run with a page of what became of its organizations.
#[derive(Serialize, ToSchema)]
pub(crate) struct MigrationReportView {
    pub(super) run: MigrationRunView,
    /// By slug. Those of an organization appear as they come.
    pub(super) results: List<MigrationResultView>,
}
