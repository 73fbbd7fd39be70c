//! Actions on KPIs, and comments on both.

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
    "CREATE TABLE actions (
        id UUID NOT NULL PRIMARY KEY,
        kpi_id UUID NOT NULL,
        title TEXT NOT NULL,
        description TEXT,
        owner_id UUID,
        due_date DATE,
        progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
        status TEXT NOT NULL,
        status_reason TEXT,
        done_at TIMESTAMPTZ,
        done_by UUID,
        version BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        updated_by UUID NOT NULL,
        CONSTRAINT actions_kpi_fkey FOREIGN KEY (kpi_id) REFERENCES kpis (id),
        CONSTRAINT actions_owner_fkey FOREIGN KEY (owner_id) REFERENCES members (id)
    )",
    "CREATE INDEX actions_kpi_idx ON actions (kpi_id, created_at DESC, id DESC)",
    "CREATE INDEX actions_created_idx ON actions (created_at DESC, id DESC)",
    "CREATE INDEX actions_owner_idx ON actions (owner_id, created_at DESC, id DESC)",
    "CREATE INDEX actions_open_idx ON actions (kpi_id, due_date) WHERE status IN ('OPEN', 'IN_PROGRESS')",
    "CREATE TABLE comments (
        id UUID NOT NULL PRIMARY KEY,
        kpi_id UUID,
        action_id UUID,
        author_id UUID NOT NULL,
        content TEXT NOT NULL,
        version BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ,
        CHECK ((kpi_id IS NULL) <> (action_id IS NULL)),
        CONSTRAINT comments_kpi_fkey FOREIGN KEY (kpi_id) REFERENCES kpis (id) ON DELETE CASCADE,
        CONSTRAINT comments_action_fkey FOREIGN KEY (action_id) REFERENCES actions (id) ON DELETE CASCADE,
        CONSTRAINT comments_author_fkey FOREIGN KEY (author_id) REFERENCES members (id)
    )",
    "CREATE INDEX comments_kpi_idx ON comments (kpi_id, created_at DESC, id DESC)",
    "CREATE INDEX comments_action_idx ON comments (action_id, created_at DESC, id DESC)",
];
