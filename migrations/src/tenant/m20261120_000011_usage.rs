//! What the organization uses of its plan's limits: counts that are held while something is added, and the files that are stored.

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
    "CREATE TABLE usage_counters (
        limit_key TEXT NOT NULL PRIMARY KEY,
        used BIGINT NOT NULL CHECK (used >= 0)
    )",
    // A content is stored once, however often it is uploaded.
    "CREATE TABLE stored_files (
        sha256 TEXT NOT NULL PRIMARY KEY,
        bytes BIGINT NOT NULL CHECK (bytes >= 0),
        stored_at TIMESTAMPTZ NOT NULL
    )",
    "INSERT INTO stored_files (sha256, bytes, stored_at)
        SELECT file_sha256, MAX(file_size), MIN(created_at) FROM import_runs GROUP BY file_sha256",
    "INSERT INTO usage_counters (limit_key, used) SELECT 'kpis', COUNT(*) FROM kpis WHERE NOT archived",
    "INSERT INTO usage_counters (limit_key, used)
        SELECT 'storage_bytes', CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM stored_files",
];
