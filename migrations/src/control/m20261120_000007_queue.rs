//! Turns of organizations, jobs that exclude each other, cancelling, the history of attempts, schedules.

use crate::dialect;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, STATEMENTS).await
    }
}

/// The owner of a job is its organization, or the nil UUID for the platform's own: a column without NULL, which unique indexes and
/// comparisons need.
const STATEMENTS: &[&str] = &[
    "ALTER TABLE jobs ADD COLUMN owner_id UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'",
    "ALTER TABLE jobs ADD COLUMN exclusive_key TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE jobs ADD COLUMN started_at TIMESTAMPTZ",
    "ALTER TABLE jobs ADD COLUMN cancel_requested_at TIMESTAMPTZ",
    "ALTER TABLE jobs ADD COLUMN unsettled BOOLEAN NOT NULL DEFAULT FALSE",
    "UPDATE jobs SET owner_id = organization_id WHERE organization_id IS NOT NULL",
    "UPDATE jobs SET exclusive_key = 'imports.apply-run' WHERE name = 'imports.apply-run' AND status = 'queued'",
    // The head of each row of waiting jobs, and when its next one is due.
    "CREATE INDEX jobs_waiting_idx ON jobs (lane_rank, owner_id, exclusive_key, run_at, id) WHERE status = 'queued'",
    "CREATE INDEX jobs_running_idx ON jobs (owner_id, lane_rank, exclusive_key) WHERE status = 'running'",
    "CREATE UNIQUE INDEX jobs_exclusive_key ON jobs (owner_id, exclusive_key)
        WHERE exclusive_key <> '' AND status = 'running'",
    "CREATE INDEX jobs_given_up_idx ON jobs (status, id) WHERE status IN ('dead', 'cancelled')",
    "CREATE INDEX jobs_unsettled_idx ON jobs (finished_at) WHERE unsettled",
    // Whose turn it is. `ready_at`: not before then can a job of this owner and lane run, as far as is known; NULL when none waits.
    "CREATE TABLE job_turns (
        owner_id UUID NOT NULL,
        lane_rank INTEGER NOT NULL,
        organization_id UUID,
        turn BIGINT NOT NULL,
        ready_at TIMESTAMPTZ,
        PRIMARY KEY (owner_id, lane_rank),
        CONSTRAINT job_turns_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE
    )",
    "CREATE INDEX job_turns_next_idx ON job_turns (lane_rank, turn) WHERE ready_at IS NOT NULL",
    "CREATE INDEX job_turns_organization_idx ON job_turns (organization_id)",
    "INSERT INTO job_turns (owner_id, lane_rank, organization_id, turn, ready_at)
        SELECT owner_id, lane_rank, organization_id, 0, MIN(run_at) FROM jobs WHERE status = 'queued'
        GROUP BY owner_id, lane_rank, organization_id",
    // Attempts that did not end well; the one that did is the job itself.
    "CREATE TABLE job_attempts (
        id UUID NOT NULL PRIMARY KEY,
        job_id UUID NOT NULL,
        attempt INTEGER NOT NULL,
        started_at TIMESTAMPTZ,
        ended_at TIMESTAMPTZ NOT NULL,
        outcome TEXT NOT NULL,
        error TEXT,
        CONSTRAINT job_attempts_job_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
    )",
    "CREATE INDEX job_attempts_job_idx ON job_attempts (job_id, ended_at)",
    "CREATE TABLE schedules (
        id UUID NOT NULL PRIMARY KEY,
        owner_id UUID NOT NULL,
        organization_id UUID,
        name TEXT NOT NULL,
        job_name TEXT NOT NULL,
        lane TEXT NOT NULL,
        once_key TEXT,
        exclusive_key TEXT,
        payload JSONB NOT NULL,
        max_attempts INTEGER NOT NULL,
        cron TEXT NOT NULL,
        zone TEXT NOT NULL,
        next_run_at TIMESTAMPTZ NOT NULL,
        last_run_at TIMESTAMPTZ,
        enabled BOOLEAN NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT schedules_name_key UNIQUE (owner_id, name),
        CONSTRAINT schedules_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE
    )",
    "CREATE INDEX schedules_due_idx ON schedules (next_run_at) WHERE enabled",
    "CREATE INDEX schedules_organization_idx ON schedules (organization_id)",
];
