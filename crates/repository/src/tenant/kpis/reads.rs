//! Reading dashboards, KPIs and values outside a transaction.

use super::dashboards::find_dashboard;
use super::definitions::{KPI_COLUMNS, KpiDbRow, find_definition, kpi};
use super::rows::{
    DASHBOARD_COLUMNS, DashboardDbRow, RevisionRow, VALUE_COLUMNS, ValueRow, closings, dashboard, find_value,
    revision, value,
};
use crate::error::store_error;
use crate::keyset::{by_text, page};
use crate::sql::Sql;
use crate::tenant::work::TenantReads;
use async_trait::async_trait;
use chrono::NaiveDate;
use vigie_kernel::{Cursor, DashboardId, KpiId, Page, PageRequest, StoreError};
use vigie_kpis::{
    Dashboard, DashboardFilter, Kpi, KpiDefinition, KpiFilter, KpiReads, PeriodClosing, Revision, RowLock,
    Value, ValueRange,
};

#[async_trait]
impl KpiReads for TenantReads {
    async fn dashboard(&mut self, id: DashboardId) -> Result<Option<Dashboard>, StoreError> {
        find_dashboard(&self.pool, id).await
    }

    async fn dashboards(
        &mut self,
        filter: &DashboardFilter,
        request: &PageRequest,
    ) -> Result<Page<Dashboard>, StoreError> {
        let mut sql =
            Sql::new(&self.pool, format!("SELECT {DASHBOARD_COLUMNS} FROM dashboards d WHERE TRUE"));
        if let Some(process) = &filter.process_name {
            sql.push(" AND d.process_name = ").push_value(process.as_str());
        }
        by_text(&mut sql, "d.title", "d.id", request);
        let rows: Vec<DashboardDbRow> = sql.all(&self.pool).await.map_err(store_error)?;
        page(
            rows,
            request,
            |row| Ok(dashboard(row)),
            |last| Cursor { key: last.snapshot().title.clone(), id: last.snapshot().id.as_uuid() },
        )
    }

    async fn kpis(&mut self, filter: &KpiFilter, request: &PageRequest) -> Result<Page<Kpi>, StoreError> {
        let mut sql = Sql::new(&self.pool, format!("SELECT {KPI_COLUMNS} FROM kpis k WHERE TRUE"));
        if let Some(dashboard) = filter.dashboard {
            sql.push(" AND k.dashboard_id = ").push_value(dashboard.as_uuid());
        }
        if let Some(archived) = filter.archived {
            sql.push(" AND k.archived = ").push_value(archived);
        }
        by_text(&mut sql, "k.name", "k.id", request);
        let rows: Vec<KpiDbRow> = sql.all(&self.pool).await.map_err(store_error)?;
        page(rows, request, kpi, |last| Cursor {
            key: last.snapshot().name.clone(),
            id: last.snapshot().id.as_uuid(),
        })
    }

    async fn definition(&mut self, id: KpiId) -> Result<Option<KpiDefinition>, StoreError> {
        find_definition(&self.pool, id, RowLock::None).await
    }

    async fn value(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Option<Value>, StoreError> {
        find_value(&self.pool, kpi, period_start).await
    }

    async fn values(
        &mut self,
        kpi: KpiId,
        range: &ValueRange,
        request: &PageRequest,
    ) -> Result<Page<Value>, StoreError> {
        let mut sql = Sql::new(
            &self.pool,
            format!(
                "SELECT {VALUE_COLUMNS}, k.frequency FROM kpi_values v JOIN kpis k ON k.id = v.kpi_id WHERE v.kpi_id = "
            ),
        );
        sql.push_value(kpi.as_uuid());
        if let Some(from) = range.from {
            sql.push(" AND v.period_start >= ").push_value(from);
        }
        if let Some(to) = range.to {
            sql.push(" AND v.period_start <= ").push_value(to);
        }
        if let Some(after) = &request.after {
            // A KPI has one value for each period, so its first date alone says where the page begins.
            let start: NaiveDate =
                after.key.parse().map_err(|_| StoreError::broken("a cursor of another list"))?;
            sql.push(" AND v.period_start > ").push_value(start);
        }
        sql.push(" ORDER BY v.period_start LIMIT ").push_value(i64::from(request.limit) + 1);
        let rows: Vec<ValueRow> = sql.all(&self.pool).await.map_err(store_error)?;
        page(rows, request, value, |last| Cursor {
            key: last.snapshot().period.start().to_string(),
            id: last.snapshot().id.as_uuid(),
        })
    }

    async fn revisions(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Vec<Revision>, StoreError> {
        let rows: Vec<RevisionRow> = Sql::new(
            &self.pool,
            "SELECT id, value_id, kpi_id, period_start, old_value, old_not_applicable_reason, new_value, \
             new_not_applicable_reason, status_before, status_after, actor_id, source, reason, import_run_id, \
             overrides_lock, at FROM kpi_value_revisions WHERE kpi_id = $1 AND period_start = $2 ORDER BY at, id",
        )
        .bind(kpi.as_uuid())
        .bind(period_start)
        .all(&self.pool)
        .await
        .map_err(store_error)?;
        rows.into_iter().map(revision).collect()
    }

    async fn closings(&mut self) -> Result<Vec<PeriodClosing>, StoreError> {
        closings(&self.pool).await
    }
}
