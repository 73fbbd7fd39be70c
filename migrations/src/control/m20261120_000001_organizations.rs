//! Organizations and the platform audit trail.

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
    "CREATE TABLE organizations (
        id UUID NOT NULL PRIMARY KEY,
        slug TEXT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        status_reason TEXT,
        database_name TEXT NOT NULL,
        plan TEXT NOT NULL,
        settings JSONB NOT NULL,
        schema_version INTEGER,
        version BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT organizations_slug_key UNIQUE (slug),
        CONSTRAINT organizations_database_key UNIQUE (database_name)
    )",
    "CREATE INDEX organizations_status_idx ON organizations (status, updated_at)",
    "CREATE TABLE organization_domains (
        domain TEXT NOT NULL PRIMARY KEY,
        organization_id UUID NOT NULL,
        verified_at TIMESTAMPTZ,
        CONSTRAINT organization_domains_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
            ON DELETE CASCADE
    )",
    "CREATE INDEX organization_domains_organization_idx ON organization_domains (organization_id)",
    "CREATE TABLE platform_audit (
        id UUID NOT NULL PRIMARY KEY,
        at TIMESTAMPTZ NOT NULL,
        actor_id UUID,
        action TEXT NOT NULL,
        subject_kind TEXT NOT NULL,
        subject_id UUID NOT NULL,
        request_id TEXT NOT NULL,
        details JSONB NOT NULL
    )",
    "CREATE INDEX platform_audit_at_idx ON platform_audit (at, id)",
];
