//! The job queue.

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

const STATEMENTS: &[&str] = &[
    "CREATE TABLE jobs (
        id UUID NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        lane TEXT NOT NULL,
        lane_rank INTEGER NOT NULL,
        organization_id UUID,
        once_key TEXT,
        payload JSONB NOT NULL,
        request_id TEXT NOT NULL,
        status TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        max_attempts INTEGER NOT NULL,
        run_at TIMESTAMPTZ NOT NULL,
        lease_until TIMESTAMPTZ,
        lease_token UUID,
        progress_done BIGINT NOT NULL,
        progress_total BIGINT,
        last_error TEXT,
        created_at TIMESTAMPTZ NOT NULL,
        finished_at TIMESTAMPTZ,
        CONSTRAINT jobs_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE
    )",
    "CREATE INDEX jobs_due_idx ON jobs (lane_rank, run_at) WHERE status = 'queued'",
    "CREATE INDEX jobs_lease_idx ON jobs (lease_until) WHERE status = 'running'",
    "CREATE INDEX jobs_finished_idx ON jobs (finished_at) WHERE status IN ('done', 'cancelled')",
    "CREATE INDEX jobs_organization_idx ON jobs (organization_id, status)",
    "CREATE UNIQUE INDEX jobs_once_key ON jobs (organization_id, name, once_key)
        WHERE once_key IS NOT NULL AND status IN ('queued', 'running')",
    // NULLs are all different to a unique index: the platform's own jobs need one of theirs.
    "CREATE UNIQUE INDEX jobs_platform_once_key ON jobs (name, once_key)
        WHERE organization_id IS NULL AND once_key IS NOT NULL AND status IN ('queued', 'running')",
];
