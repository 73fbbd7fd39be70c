//! Backups of organizations, databases that took another's place, and deletions with their grace.

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

// None of these tables has a foreign key to organizations: what they tell outlives the organization.
const STATEMENTS: &[&str] = &[
    "CREATE TABLE backups (
        id UUID NOT NULL PRIMARY KEY,
        organization_id UUID NOT NULL,
        slug TEXT NOT NULL,
        kind TEXT NOT NULL,
        status TEXT NOT NULL,
        path TEXT,
        size_bytes BIGINT,
        sha256 TEXT,
        schema_version INTEGER,
        counts JSONB NOT NULL,
        error TEXT,
        created_at TIMESTAMPTZ NOT NULL,
        finished_at TIMESTAMPTZ,
        drilled_at TIMESTAMPTZ,
        drill_error TEXT
    )",
    "CREATE INDEX backups_organization_idx ON backups (organization_id, created_at DESC, id DESC)",
    "CREATE INDEX backups_status_idx ON backups (status, created_at)",
    // One row for each time that an organization got another database. The old one is kept until it is dropped.
    "CREATE TABLE database_moves (
        id UUID NOT NULL PRIMARY KEY,
        organization_id UUID NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        old_database TEXT NOT NULL,
        new_database TEXT NOT NULL,
        old_server_id UUID,
        new_server_id UUID,
        lease_until TIMESTAMPTZ NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        changed_at TIMESTAMPTZ NOT NULL
    )",
    "CREATE INDEX database_moves_organization_idx ON database_moves (organization_id, created_at)",
    "CREATE INDEX database_moves_changed_idx ON database_moves (changed_at, id)",
    "CREATE UNIQUE INDEX database_moves_running_key ON database_moves (organization_id)
        WHERE state IN ('loading', 'fenced')",
    "CREATE TABLE organization_deletions (
        organization_id UUID NOT NULL PRIMARY KEY,
        slug TEXT NOT NULL,
        reason TEXT NOT NULL,
        requested_at TIMESTAMPTZ NOT NULL,
        purge_after TIMESTAMPTZ NOT NULL,
        final_backup_id UUID,
        purged_at TIMESTAMPTZ,
        slug_free_at TIMESTAMPTZ
    )",
    "CREATE INDEX organization_deletions_due_idx ON organization_deletions (purge_after) WHERE purged_at IS NULL",
];
