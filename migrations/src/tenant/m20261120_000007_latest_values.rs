//! The latest value of each KPI, kept beside its history: what reports read without walking through the histories.

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
    "CREATE TABLE kpi_latest_values (
        kpi_id UUID NOT NULL PRIMARY KEY,
        period_start DATE NOT NULL,
        period_end DATE NOT NULL,
        value NUMERIC(28,10),
        not_applicable_reason TEXT,
        status TEXT,
        status_reason TEXT NOT NULL,
        score NUMERIC(28,10),
        threshold_version INTEGER,
        CONSTRAINT kpi_latest_values_kpi_fkey FOREIGN KEY (kpi_id) REFERENCES kpis (id) ON DELETE CASCADE
    )",
    "INSERT INTO kpi_latest_values (kpi_id, period_start, period_end, value, not_applicable_reason, status, status_reason, score,
            threshold_version)
        SELECT v.kpi_id, v.period_start, v.period_end, v.value, v.not_applicable_reason, v.status, v.status_reason, v.score,
            v.threshold_version
        FROM kpis k JOIN kpi_values v ON v.kpi_id = k.id
            AND v.period_start = (SELECT MAX(l.period_start) FROM kpi_values l WHERE l.kpi_id = k.id)",
];
