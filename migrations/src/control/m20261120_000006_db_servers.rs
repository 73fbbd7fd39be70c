//! The servers of organizations' databases.

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
    // `address_kind` says what `address` is: nothing (the configuration has it), the name of a variable, the path of a file, or sealed.
    "CREATE TABLE db_servers (
        id UUID NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        engine TEXT NOT NULL,
        address_kind TEXT NOT NULL,
        address TEXT,
        weight INTEGER NOT NULL,
        max_databases INTEGER,
        connection_budget INTEGER,
        state TEXT NOT NULL,
        databases INTEGER NOT NULL,
        version BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT db_servers_name_key UNIQUE (name)
    )",
    "ALTER TABLE organizations ADD COLUMN server_id UUID
        CONSTRAINT organizations_server_fkey REFERENCES db_servers (id)",
    "CREATE INDEX organizations_server_idx ON organizations (server_id, status)",
];
