//! What every organization's database has: whose it is, its members, its audit trail, its outbox.

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
    "CREATE TABLE org_meta (
        id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
        organization_id UUID NOT NULL,
        schema_fingerprint TEXT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL
    )",
    "CREATE TABLE members (
        id UUID NOT NULL PRIMARY KEY,
        full_name TEXT NOT NULL,
        role TEXT NOT NULL,
        is_active BOOLEAN NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL
    )",
    "CREATE TABLE audit_log (
        id UUID NOT NULL PRIMARY KEY,
        at TIMESTAMPTZ NOT NULL,
        actor_id UUID,
        action TEXT NOT NULL,
        subject_kind TEXT NOT NULL,
        subject_id UUID NOT NULL,
        request_id TEXT NOT NULL,
        details JSONB NOT NULL
    )",
    "CREATE INDEX audit_log_at_idx ON audit_log (at, id)",
    "CREATE INDEX audit_log_subject_idx ON audit_log (subject_id, at)",
    "CREATE TABLE outbox (
        id UUID NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        lane TEXT NOT NULL,
        once_key TEXT,
        payload JSONB NOT NULL,
        max_attempts INTEGER NOT NULL,
        run_at TIMESTAMPTZ NOT NULL,
        request_id TEXT NOT NULL
    )",
];
