//! Invitations, and offers to take over an organization.

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
    "CREATE INDEX memberships_newest_idx ON memberships (organization_id, created_at, id)",
    "CREATE TABLE invitations (
        id UUID NOT NULL PRIMARY KEY,
        organization_id UUID NOT NULL,
        email TEXT NOT NULL,
        email_key TEXT NOT NULL,
        role TEXT NOT NULL,
        full_name TEXT,
        status TEXT NOT NULL,
        invited_by UUID NOT NULL,
        sent_count INTEGER NOT NULL CHECK (sent_count >= 1),
        created_at TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL,
        token_hash BYTEA,
        version BIGINT NOT NULL,
        CONSTRAINT invitations_token_key UNIQUE (token_hash),
        CONSTRAINT invitations_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
            ON DELETE CASCADE
    )",
    // An address is invited once at a time.
    "CREATE UNIQUE INDEX invitations_pending_key ON invitations (organization_id, email_key) WHERE status = 'pending'",
    "CREATE INDEX invitations_newest_idx ON invitations (organization_id, created_at, id) WHERE status = 'pending'",
    "CREATE INDEX invitations_ended_idx ON invitations (expires_at) WHERE status <> 'pending'",
    "CREATE TABLE ownership_offers (
        id UUID NOT NULL PRIMARY KEY,
        organization_id UUID NOT NULL,
        from_user_id UUID NOT NULL,
        to_user_id UUID NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT ownership_offers_organization_key UNIQUE (organization_id),
        CONSTRAINT ownership_offers_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
            ON DELETE CASCADE
    )",
];
