//! Answers of requests with an `Idempotency-Key`, for a day.

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
    "CREATE TABLE repeatable_requests (
        actor_id UUID NOT NULL,
        idempotency_key TEXT NOT NULL,
        fingerprint BYTEA NOT NULL,
        status INTEGER NOT NULL CHECK (status BETWEEN 200 AND 299),
        location TEXT,
        etag TEXT,
        body BYTEA NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT repeatable_requests_pkey PRIMARY KEY (actor_id, idempotency_key)
    )",
    "CREATE INDEX repeatable_requests_created_idx ON repeatable_requests (created_at)",
];
