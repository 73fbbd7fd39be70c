//! Import runs.

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
    "CREATE TABLE import_runs (
        id UUID NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        status TEXT NOT NULL,
        phase TEXT NOT NULL,
        file_name TEXT NOT NULL,
        file_sha256 TEXT NOT NULL,
        file_size BIGINT NOT NULL,
        options JSONB NOT NULL,
        dry_run BOOLEAN NOT NULL,
        error_message TEXT,
        progress JSONB NOT NULL,
        counts JSONB NOT NULL,
        checkpoint JSONB NOT NULL,
        report JSONB NOT NULL,
        version BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT import_runs_author_fkey FOREIGN KEY (created_by) REFERENCES members (id)
    )",
    "CREATE INDEX import_runs_created_idx ON import_runs (created_at DESC, id DESC)",
    "CREATE INDEX import_runs_author_idx ON import_runs (created_by, created_at DESC, id DESC)",
];
