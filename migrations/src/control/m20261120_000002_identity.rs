//! Accounts, memberships, sessions, refresh tokens, failed logins.

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
    "CREATE TABLE users (
        id UUID NOT NULL PRIMARY KEY,
        email TEXT NOT NULL,
        email_key TEXT NOT NULL,
        full_name TEXT NOT NULL,
        password_hash TEXT NOT NULL,
        is_active BOOLEAN NOT NULL,
        is_platform_admin BOOLEAN NOT NULL,
        locale TEXT,
        version BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT users_email_key UNIQUE (email_key)
    )",
    "CREATE TABLE memberships (
        id UUID NOT NULL PRIMARY KEY,
        user_id UUID NOT NULL,
        organization_id UUID NOT NULL,
        role TEXT NOT NULL,
        is_active BOOLEAN NOT NULL,
        authorization_version BIGINT NOT NULL,
        last_login_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT memberships_user_organization_key UNIQUE (user_id, organization_id),
        CONSTRAINT memberships_user_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT memberships_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
            ON DELETE CASCADE
    )",
    "CREATE INDEX memberships_organization_idx ON memberships (organization_id)",
    // An account that was used is not deleted: its sessions hold it.
    "CREATE TABLE sessions (
        id UUID NOT NULL PRIMARY KEY,
        user_id UUID NOT NULL,
        organization_id UUID,
        created_at TIMESTAMPTZ NOT NULL,
        last_used_at TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL,
        revoked_at TIMESTAMPTZ,
        revoked_reason TEXT,
        user_agent TEXT,
        CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL)),
        CONSTRAINT sessions_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
        CONSTRAINT sessions_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
            ON DELETE CASCADE
    )",
    "CREATE INDEX sessions_user_idx ON sessions (user_id)",
    "CREATE INDEX sessions_live_idx ON sessions (user_id, last_used_at, id) WHERE revoked_at IS NULL",
    "CREATE INDEX sessions_organization_idx ON sessions (organization_id)",
    "CREATE TABLE refresh_tokens (
        id UUID NOT NULL PRIMARY KEY,
        session_id UUID NOT NULL,
        token_hash BYTEA NOT NULL,
        generation INTEGER NOT NULL CHECK (generation >= 1),
        issued_at TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL,
        used_at TIMESTAMPTZ,
        successor_sealed BYTEA,
        CONSTRAINT refresh_tokens_hash_key UNIQUE (token_hash),
        CONSTRAINT refresh_tokens_generation_key UNIQUE (session_id, generation),
        CONSTRAINT refresh_tokens_session_fkey FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
    )",
    "CREATE TABLE login_attempts (
        pseudonym TEXT NOT NULL PRIMARY KEY,
        failures INTEGER NOT NULL CHECK (failures >= 1),
        last_failed_at TIMESTAMPTZ NOT NULL
    )",
];
