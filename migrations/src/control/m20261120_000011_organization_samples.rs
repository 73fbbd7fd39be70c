//! The latest sample of every organization, and whose turn it is to be sampled.

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
    // `due_at`: from when on it may be sampled; while somebody does, until when his turn lasts. Before the first sample
    // `sampled_at` and what it found are NULL. A measurement that is NULL is not known.
    "CREATE TABLE organization_samples (
        organization_id UUID NOT NULL PRIMARY KEY,
        due_at TIMESTAMPTZ NOT NULL,
        sampled_at TIMESTAMPTZ,
        health TEXT,
        health_rule TEXT,
        members BIGINT,
        users BIGINT,
        kpis BIGINT,
        database_size_bytes BIGINT,
        active_connections BIGINT,
        storage_bytes BIGINT,
        last_activity TIMESTAMPTZ,
        gap TEXT,
        failures_in_a_row INTEGER NOT NULL,
        CHECK ((sampled_at IS NULL) = (health IS NULL)),
        CONSTRAINT organization_samples_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
            ON DELETE CASCADE
    )",
    "CREATE INDEX organization_samples_due_idx ON organization_samples (due_at, organization_id)",
    // One row, by which all processes together keep the pace. `next_at`: no organization's database is opened before.
    "CREATE TABLE sampling (
        id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
        next_at TIMESTAMPTZ,
        last_success_at TIMESTAMPTZ
    )",
    "INSERT INTO sampling (id) VALUES (1)",
    // When a member was last seen, without reading all of the organization's sessions.
    "CREATE INDEX sessions_organization_used_idx ON sessions (organization_id, last_used_at)",
];
