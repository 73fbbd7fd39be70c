//! Long operations on organizations with their steps and leases, tokens that are good for one use, and the id of this
//! installation, which its databases are marked with.

use crate::dialect;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, STATEMENTS).await?;
        let on_sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        let random = if on_sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
        let name_it = format!("INSERT INTO installation (id, installation_id) VALUES (1, {random})");
        dialect::run(manager, &[&name_it]).await
    }
}

const STATEMENTS: &[&str] = &[
    "CREATE TABLE installation (
        id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
        installation_id UUID NOT NULL
    )",
    // No foreign key to the organization: the operation that undid it outlives its row.
    "CREATE TABLE operations (
        id UUID NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        organization_id UUID NOT NULL,
        slug TEXT NOT NULL,
        state TEXT NOT NULL,
        current_step TEXT,
        steps JSONB NOT NULL,
        placement TEXT,
        data JSONB NOT NULL,
        undo_begun BOOLEAN NOT NULL,
        attempt INTEGER NOT NULL,
        not_before TIMESTAMPTZ,
        holder UUID,
        lease_until TIMESTAMPTZ,
        fence BIGINT NOT NULL,
        error TEXT,
        key_scope TEXT,
        key TEXT,
        key_request BYTEA,
        requested_by UUID,
        request_id TEXT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        finished_at TIMESTAMPTZ,
        CHECK ((key IS NULL) = (key_scope IS NULL) AND (key IS NULL) = (key_request IS NULL)),
        CHECK ((holder IS NULL) = (lease_until IS NULL)),
        CONSTRAINT operations_idempotency_key UNIQUE (key_scope, key)
    )",
    "CREATE INDEX organizations_created_idx ON organizations (created_at, id)",
    "CREATE INDEX operations_created_idx ON operations (created_at, id)",
    "CREATE INDEX operations_organization_idx ON operations (organization_id, created_at, id)",
    "CREATE INDEX operations_due_idx ON operations (updated_at) WHERE state IN ('running', 'undoing')",
    "CREATE UNIQUE INDEX operations_open_key ON operations (organization_id)
        WHERE state IN ('running', 'undoing', 'failed')",
    "CREATE TABLE one_time_tokens (
        id UUID NOT NULL PRIMARY KEY,
        token_hash BYTEA NOT NULL,
        purpose TEXT NOT NULL,
        user_id UUID NOT NULL,
        organization_id UUID,
        created_at TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL,
        used_at TIMESTAMPTZ,
        superseded_at TIMESTAMPTZ,
        CONSTRAINT one_time_tokens_hash_key UNIQUE (token_hash),
        CONSTRAINT one_time_tokens_user_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT one_time_tokens_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
            ON DELETE CASCADE
    )",
    "CREATE INDEX one_time_tokens_user_idx ON one_time_tokens (user_id, purpose)",
    "CREATE INDEX one_time_tokens_organization_idx ON one_time_tokens (organization_id)",
];
