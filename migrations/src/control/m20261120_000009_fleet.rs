//! Runs of migrations over the organizations' databases.

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
    "CREATE TABLE migration_runs (
        id UUID NOT NULL PRIMARY KEY,
        state TEXT NOT NULL,
        dry_run BOOLEAN NOT NULL,
        target_version INTEGER NOT NULL,
        concurrency INTEGER NOT NULL,
        canary BIGINT NOT NULL,
        failure_budget INTEGER NOT NULL,
        planned BIGINT NOT NULL,
        ok BIGINT NOT NULL,
        skipped BIGINT NOT NULL,
        failed BIGINT NOT NULL,
        blocked BIGINT NOT NULL,
        unreachable BIGINT NOT NULL,
        quarantined BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        heartbeat_at TIMESTAMPTZ NOT NULL,
        ended_at TIMESTAMPTZ
    )",
    "CREATE INDEX migration_runs_created_idx ON migration_runs (created_at DESC, id DESC)",
    // The slug is the one of the time: a result outlives its organization.
    "CREATE TABLE migration_results (
        run_id UUID NOT NULL,
        organization_id UUID NOT NULL,
        slug TEXT NOT NULL,
        from_version INTEGER,
        to_version INTEGER,
        outcome TEXT NOT NULL,
        error TEXT,
        milliseconds BIGINT NOT NULL,
        at TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (run_id, organization_id),
        CONSTRAINT migration_results_run_fkey FOREIGN KEY (run_id) REFERENCES migration_runs (id) ON DELETE CASCADE
    )",
    "CREATE INDEX migration_results_slug_idx ON migration_results (run_id, slug, organization_id)",
    "CREATE TABLE migration_failures (
        organization_id UUID NOT NULL PRIMARY KEY,
        failures_in_a_row INTEGER NOT NULL,
        CONSTRAINT migration_failures_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
            ON DELETE CASCADE
    )",
];
