//! Plans, and the exceptions that are made for an organization: other limits, modules on or off.
//!
//! A number that is NULL is no limit. What an organization has of its plan is never copied: a changed plan is a changed row here.

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
    // `price_cents`: euro cents a month; NULL is on quotation.
    "CREATE TABLE plans (
        name TEXT NOT NULL PRIMARY KEY,
        sort_order INTEGER NOT NULL,
        price_cents BIGINT CHECK (price_cents >= 0),
        members BIGINT CHECK (members >= 1),
        storage_bytes BIGINT CHECK (storage_bytes >= 0),
        kpis BIGINT CHECK (kpis >= 0),
        import_values BIGINT CHECK (import_values >= 0),
        notifications_per_day BIGINT CHECK (notifications_per_day >= 0),
        modules JSONB NOT NULL
    )",
    "INSERT INTO plans (name, sort_order, price_cents, members, storage_bytes, kpis, import_values, notifications_per_day,
        modules) VALUES
        ('starter', 1, 0, 50, 5368709120, 2000, 1000000, 1000,
            '[\"dashboards\",\"kpis\",\"action_plans\",\"imports\"]'),
        ('community', 2, 4900, 500, 21474836480, 10000, 2000000, 10000,
            '[\"dashboards\",\"kpis\",\"action_plans\",\"imports\",\"notifications\",\"reporting\"]'),
        ('professional', 3, 14900, 2000, 107374182400, 50000, 2000000, 50000,
            '[\"dashboards\",\"kpis\",\"action_plans\",\"imports\",\"notifications\",\"reporting\"]'),
        ('enterprise', 4, NULL, NULL, NULL, NULL, NULL, NULL,
            '[\"dashboards\",\"kpis\",\"action_plans\",\"imports\",\"notifications\",\"reporting\"]')",
    "CREATE TABLE organization_limits (
        organization_id UUID NOT NULL,
        limit_key TEXT NOT NULL,
        value BIGINT CHECK (value >= 0),
        expires_at TIMESTAMPTZ,
        updated_at TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (organization_id, limit_key),
        CONSTRAINT organization_limits_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
            ON DELETE CASCADE
    )",
    // `enabled`: NULL is as the plan says.
    "CREATE TABLE organization_features (
        organization_id UUID NOT NULL,
        module TEXT NOT NULL,
        enabled BOOLEAN,
        config JSONB NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (organization_id, module),
        CONSTRAINT organization_features_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id)
            ON DELETE CASCADE
    )",
];
