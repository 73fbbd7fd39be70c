//! Who goes round the organizations' outboxes and which were looked at; organizations that are closed to writes while they migrate.

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
    // What one process of all does at a time.
    "CREATE TABLE leases (
        name TEXT NOT NULL PRIMARY KEY,
        holder UUID NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL
    )",
    // Looked at often until nobody has used it for a while, otherwise seldom.
    "CREATE TABLE outbox_rounds (
        organization_id UUID NOT NULL PRIMARY KEY,
        watched_until TIMESTAMPTZ NOT NULL,
        looked_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT outbox_rounds_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
            ON DELETE CASCADE
    )",
    "CREATE INDEX outbox_rounds_looked_idx ON outbox_rounds (looked_at, organization_id)",
    "CREATE INDEX outbox_rounds_watched_idx ON outbox_rounds (looked_at, organization_id)
        WHERE watched_until > looked_at",
    // The run for which an organization has the status `migrating`, and the status that it gets back.
    "ALTER TABLE organizations ADD COLUMN migrating_for UUID",
    "ALTER TABLE organizations ADD COLUMN status_before_migrating TEXT",
    "CREATE INDEX organizations_migrating_idx ON organizations (migrating_for) WHERE migrating_for IS NOT NULL",
    "CREATE INDEX migration_results_outcome_idx ON migration_results (run_id, outcome, slug, organization_id)",
];
