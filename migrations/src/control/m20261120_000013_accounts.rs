//! Proved addresses, tokens that are bound to one, sign-ups that wait for a proof.

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
    "ALTER TABLE users ADD COLUMN email_verified_at TIMESTAMPTZ",
    // The canonical address that a token was mailed to; NULL when it was handed over in another way.
    "ALTER TABLE one_time_tokens ADD COLUMN email_key TEXT",
    "CREATE INDEX one_time_tokens_expiry_idx ON one_time_tokens (expires_at)",
    // An address may wait several times: each sign-up is finished by the link of its own mail.
    "CREATE TABLE pending_sign_ups (
        id UUID NOT NULL PRIMARY KEY,
        email TEXT NOT NULL,
        email_key TEXT NOT NULL,
        full_name TEXT NOT NULL,
        organization_name TEXT NOT NULL,
        slug TEXT,
        password_hash TEXT NOT NULL,
        locale TEXT,
        created_at TIMESTAMPTZ NOT NULL,
        token_hash BYTEA,
        expires_at TIMESTAMPTZ,
        used_at TIMESTAMPTZ,
        CHECK ((token_hash IS NULL) = (expires_at IS NULL)),
        CONSTRAINT pending_sign_ups_token_key UNIQUE (token_hash)
    )",
    "CREATE INDEX pending_sign_ups_email_idx ON pending_sign_ups (email_key, created_at, id)",
    "CREATE INDEX pending_sign_ups_created_idx ON pending_sign_ups (created_at)",
];
