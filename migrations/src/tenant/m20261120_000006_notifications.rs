//! Notifications, their deliveries, and the count of what is unread.
//!
//! Mail will be a further channel of `deliveries`; what only it needs (attempts, leases) are columns that its migration adds. A
//! recipient is no foreign key, for not every channel's recipients are members.

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
    "CREATE TABLE notifications (
        id UUID NOT NULL PRIMARY KEY,
        idempotency_key TEXT NOT NULL,
        category TEXT NOT NULL,
        class TEXT NOT NULL,
        actor_id UUID,
        subject_kind TEXT NOT NULL,
        subject_id UUID NOT NULL,
        vars JSONB NOT NULL,
        occurred_at TIMESTAMPTZ NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT notifications_idempotency_key UNIQUE (idempotency_key)
    )",
    "CREATE INDEX notifications_created_idx ON notifications (created_at, id)",
    "CREATE TABLE deliveries (
        id UUID NOT NULL PRIMARY KEY,
        notification_id UUID NOT NULL,
        channel TEXT NOT NULL,
        recipient_id UUID NOT NULL,
        state TEXT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        read_at TIMESTAMPTZ,
        CONSTRAINT deliveries_notification_fkey FOREIGN KEY (notification_id) REFERENCES notifications (id) ON DELETE CASCADE,
        CONSTRAINT deliveries_recipient_key UNIQUE (notification_id, channel, recipient_id)
    )",
    "CREATE INDEX deliveries_inbox_idx ON deliveries (recipient_id, created_at DESC, id DESC) WHERE channel = 'inbox'",
    "CREATE INDEX deliveries_unread_idx ON deliveries (recipient_id, created_at DESC, id DESC)
        WHERE channel = 'inbox' AND read_at IS NULL",
    "CREATE TABLE inbox_counters (
        recipient_id UUID NOT NULL PRIMARY KEY,
        unread BIGINT NOT NULL CHECK (unread >= 0)
    )",
];
