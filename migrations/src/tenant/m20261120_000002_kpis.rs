//! Dashboards, KPIs, thresholds, values with their revisions, closed periods.

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
    "CREATE TABLE dashboards (
        id UUID NOT NULL PRIMARY KEY,
        title TEXT NOT NULL,
        description TEXT,
        process_name TEXT,
        owner_id UUID NOT NULL,
        version BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        updated_by UUID NOT NULL,
        CONSTRAINT dashboards_owner_fkey FOREIGN KEY (owner_id) REFERENCES members (id)
    )",
    "CREATE INDEX dashboards_title_idx ON dashboards (title, id)",
    "CREATE INDEX dashboards_process_idx ON dashboards (process_name, title, id)",
    "CREATE TABLE kpis (
        id UUID NOT NULL PRIMARY KEY,
        dashboard_id UUID NOT NULL,
        code TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT,
        unit TEXT NOT NULL,
        display_decimals INTEGER NOT NULL CHECK (display_decimals BETWEEN 0 AND 6),
        frequency TEXT NOT NULL,
        direction TEXT NOT NULL,
        threshold_green NUMERIC(28,10),
        threshold_orange NUMERIC(28,10),
        threshold_red NUMERIC(28,10),
        threshold_version INTEGER,
        aggregation TEXT NOT NULL,
        weight NUMERIC(28,10) NOT NULL,
        critical BOOLEAN NOT NULL,
        owner_id UUID NOT NULL,
        grace_days INTEGER NOT NULL CHECK (grace_days BETWEEN 0 AND 60),
        start_period DATE,
        end_period DATE,
        archived BOOLEAN NOT NULL,
        version BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        updated_by UUID NOT NULL,
        CONSTRAINT kpis_dashboard_fkey FOREIGN KEY (dashboard_id) REFERENCES dashboards (id),
        CONSTRAINT kpis_owner_fkey FOREIGN KEY (owner_id) REFERENCES members (id),
        CONSTRAINT kpis_code_key UNIQUE (code)
    )",
    "CREATE INDEX kpis_dashboard_idx ON kpis (dashboard_id, name, id)",
    "CREATE INDEX kpis_name_idx ON kpis (name, id)",
    "CREATE TABLE kpi_thresholds (
        id UUID NOT NULL PRIMARY KEY,
        kpi_id UUID NOT NULL,
        version_no INTEGER NOT NULL,
        effective_from DATE,
        direction TEXT NOT NULL,
        green NUMERIC(28,10),
        orange NUMERIC(28,10),
        red NUMERIC(28,10),
        created_at TIMESTAMPTZ NOT NULL,
        created_by UUID NOT NULL,
        CONSTRAINT kpi_thresholds_kpi_fkey FOREIGN KEY (kpi_id) REFERENCES kpis (id) ON DELETE CASCADE,
        CONSTRAINT kpi_thresholds_version_key UNIQUE (kpi_id, version_no)
    )",
    "CREATE TABLE kpi_values (
        id UUID NOT NULL PRIMARY KEY,
        kpi_id UUID NOT NULL,
        period_start DATE NOT NULL,
        period_end DATE NOT NULL,
        value NUMERIC(28,10),
        not_applicable_reason TEXT,
        status TEXT,
        status_reason TEXT NOT NULL,
        score NUMERIC(28,10),
        threshold_version INTEGER,
        comment TEXT,
        source TEXT NOT NULL,
        version BIGINT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        created_by UUID NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        updated_by UUID NOT NULL,
        CHECK ((value IS NULL) <> (not_applicable_reason IS NULL)),
        CONSTRAINT kpi_values_kpi_fkey FOREIGN KEY (kpi_id) REFERENCES kpis (id),
        CONSTRAINT kpi_values_period_key UNIQUE (kpi_id, period_start)
    )",
    "CREATE TABLE kpi_value_revisions (
        id UUID NOT NULL PRIMARY KEY,
        kpi_id UUID NOT NULL,
        period_start DATE NOT NULL,
        value_id UUID NOT NULL,
        old_value NUMERIC(28,10),
        old_not_applicable_reason TEXT,
        new_value NUMERIC(28,10),
        new_not_applicable_reason TEXT,
        status_before TEXT,
        status_after TEXT,
        actor_id UUID NOT NULL,
        source TEXT NOT NULL,
        reason TEXT,
        import_run_id UUID,
        overrides_lock BOOLEAN NOT NULL,
        at TIMESTAMPTZ NOT NULL,
        CONSTRAINT kpi_value_revisions_kpi_fkey FOREIGN KEY (kpi_id) REFERENCES kpis (id) ON DELETE CASCADE
    )",
    "CREATE INDEX kpi_value_revisions_period_idx ON kpi_value_revisions (kpi_id, period_start, at, id)",
    "CREATE INDEX kpi_value_revisions_import_idx ON kpi_value_revisions (import_run_id) WHERE import_run_id IS NOT NULL",
    "CREATE TABLE period_closings (
        frequency TEXT NOT NULL PRIMARY KEY,
        closed_through DATE NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        updated_by UUID NOT NULL
    )",
];
