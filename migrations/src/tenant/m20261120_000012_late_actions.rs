//! The list of what is late, newest first, without reading everything that is done.

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

const STATEMENTS: &[&str] = &["CREATE INDEX actions_late_idx ON actions (created_at DESC, id DESC)
        WHERE status IN ('OPEN', 'IN_PROGRESS') AND due_date IS NOT NULL"];
