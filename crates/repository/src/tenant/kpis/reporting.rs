//! What reports are made of, in three statements however many KPIs there are.

use super::rows::{cuts, entry, status};
use crate::decimal::StoredDec;
use crate::error::store_error;
use crate::server::is_postgres;
use crate::sql::{InOrder, Sql};
use crate::stored::{named, narrow};
use crate::tenant::work::TenantReads;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use std::collections::HashMap;
use uuid::Uuid;
use vigie_kernel::{Frequency, KpiId, Period, StoreError, TenantContext};
use vigie_kpis::{
    ActionCounts, DashboardRow, Direction, Expectation, KpiRow, KpiStanding, LatestStanding, LatestValue,
    ReportRows, ReportingReads, StatusReason, Thresholds,
};

const DASHBOARDS: &str = "SELECT id, title, process_name, owner_id FROM dashboards";

/// Of each KPI with its latest value of a period that is over.
const KPIS: &str = "SELECT k.id, k.dashboard_id, k.code, k.name, k.unit, k.display_decimals, k.frequency, k.direction, k.weight, \
    k.critical, k.owner_id, k.grace_days, k.start_period, k.end_period, k.created_at, \
    CASE WHEN n.period_end < $1 THEN n.period_start ELSE v.period_start END, \
    CASE WHEN n.period_end < $1 THEN n.value ELSE v.value END, \
    CASE WHEN n.period_end < $1 THEN n.not_applicable_reason ELSE v.not_applicable_reason END, \
    CASE WHEN n.period_end < $1 THEN n.status ELSE v.status END, \
    CASE WHEN n.period_end < $1 THEN n.status_reason ELSE v.status_reason END, \
    CASE WHEN n.period_end < $1 THEN n.score ELSE v.score END, \
    t.direction, t.green, t.orange, t.red \
    FROM kpis k";

/// No more of each KPI than roll-ups need.
const STANDINGS: &str = "SELECT k.id, k.dashboard_id, k.frequency, k.direction, k.weight, k.critical, k.grace_days, k.start_period, \
    k.end_period, k.created_at, \
    CASE WHEN n.period_end < $1 THEN n.period_start ELSE v.period_start END, \
    CASE WHEN n.period_end < $1 THEN n.status ELSE v.status END, \
    CASE WHEN n.period_end < $1 THEN n.status_reason ELSE v.status_reason END, \
    CASE WHEN n.period_end < $1 THEN n.score ELSE v.score END \
    FROM kpis k";

/// `n` is the latest value there is. Only where its period is not over on that day, `v` is the one before it that is: one step in the
/// index of values by KPI and period.
///
/// The engines need that step said differently. PostgreSQL would take the other form for a join and read every value there is; SQLite
/// has no LATERAL.
const LATEST_ON_POSTGRES: &str = " LEFT JOIN kpi_latest_values n ON n.kpi_id = k.id \
    LEFT JOIN LATERAL (SELECT * FROM kpi_values l WHERE n.period_end >= $1 AND l.kpi_id = k.id AND l.period_end < $1 \
    ORDER BY l.period_start DESC LIMIT 1) v ON TRUE";
const LATEST_ON_SQLITE: &str = " LEFT JOIN kpi_latest_values n ON n.kpi_id = k.id \
    LEFT JOIN kpi_values v ON n.period_end >= $1 AND v.kpi_id = k.id AND v.period_start = \
    (SELECT MAX(l.period_start) FROM kpi_values l WHERE l.kpi_id = k.id AND l.period_end < $1)";

const JUDGED_BY: &str = " LEFT JOIN kpi_thresholds t ON t.kpi_id = k.id AND t.version_no = \
    CASE WHEN n.period_end < $1 THEN n.threshold_version ELSE v.threshold_version END";

const IN_USE: &str = " WHERE NOT k.archived";

const ACTIONS: &str = "SELECT kpi_id, COUNT(*) AS open, COUNT(CASE WHEN due_date < $1 THEN 1 END) AS late FROM actions \
    WHERE status IN ('OPEN', 'IN_PROGRESS') GROUP BY kpi_id";

#[derive(FromQueryResult)]
struct DashboardReportRow {
    id: Uuid,
    title: String,
    process_name: Option<String>,
    owner_id: Uuid,
}

struct KpiReportRow {
    id: Uuid,
    dashboard_id: Uuid,
    code: String,
    name: String,
    unit: String,
    display_decimals: i32,
    frequency: String,
    direction: String,
    weight: StoredDec,
    critical: bool,
    owner_id: Uuid,
    grace_days: i32,
    start_period: Option<NaiveDate>,
    end_period: Option<NaiveDate>,
    created_at: DateTime<Utc>,
    period_start: Option<NaiveDate>,
    value: Option<StoredDec>,
    not_applicable_reason: Option<String>,
    status: Option<String>,
    status_reason: Option<String>,
    score: Option<StoredDec>,
    judged_direction: Option<String>,
    green: Option<StoredDec>,
    orange: Option<StoredDec>,
    red: Option<StoredDec>,
}

/// In the order of [`KPIS`].
impl FromQueryResult for KpiReportRow {
    fn from_query_result(row: &QueryResult, _prefix: &str) -> Result<Self, DbErr> {
        let mut columns = InOrder::new(row);
        Ok(Self {
            id: columns.take()?,
            dashboard_id: columns.take()?,
            code: columns.take()?,
            name: columns.take()?,
            unit: columns.take()?,
            display_decimals: columns.take()?,
            frequency: columns.take()?,
            direction: columns.take()?,
            weight: columns.take()?,
            critical: columns.take()?,
            owner_id: columns.take()?,
            grace_days: columns.take()?,
            start_period: columns.take()?,
            end_period: columns.take()?,
            created_at: columns.take()?,
            period_start: columns.take()?,
            value: columns.take()?,
            not_applicable_reason: columns.take()?,
            status: columns.take()?,
            status_reason: columns.take()?,
            score: columns.take()?,
            judged_direction: columns.take()?,
            green: columns.take()?,
            orange: columns.take()?,
            red: columns.take()?,
        })
    }
}

struct StandingRow {
    id: Uuid,
    dashboard_id: Uuid,
    frequency: String,
    direction: String,
    weight: StoredDec,
    critical: bool,
    grace_days: i32,
    start_period: Option<NaiveDate>,
    end_period: Option<NaiveDate>,
    created_at: DateTime<Utc>,
    period_start: Option<NaiveDate>,
    status: Option<String>,
    status_reason: Option<String>,
    score: Option<StoredDec>,
}

/// In the order of [`STANDINGS`].
impl FromQueryResult for StandingRow {
    fn from_query_result(row: &QueryResult, _prefix: &str) -> Result<Self, DbErr> {
        let mut columns = InOrder::new(row);
        Ok(Self {
            id: columns.take()?,
            dashboard_id: columns.take()?,
            frequency: columns.take()?,
            direction: columns.take()?,
            weight: columns.take()?,
            critical: columns.take()?,
            grace_days: columns.take()?,
            start_period: columns.take()?,
            end_period: columns.take()?,
            created_at: columns.take()?,
            period_start: columns.take()?,
            status: columns.take()?,
            status_reason: columns.take()?,
            score: columns.take()?,
        })
    }
}

#[derive(FromQueryResult)]
struct ActionCountRow {
    kpi_id: Uuid,
    open: i64,
    late: i64,
}

#[async_trait]
impl ReportingReads for TenantReads {
    async fn rows(&mut self, as_of: NaiveDate, today: NaiveDate) -> Result<ReportRows<KpiRow>, StoreError> {
        let kpis: Vec<KpiReportRow> =
            Sql::new(&self.pool, format!("{KPIS}{}{JUDGED_BY}{IN_USE}", self.latest_join()))
                .bind(as_of)
                .all(&self.pool)
                .await
                .map_err(store_error)?;
        let mut actions = self.actions(today).await?;
        Ok(ReportRows {
            dashboards: self.dashboard_rows().await?,
            kpis: kpis
                .into_iter()
                .map(|row| kpi_row(row, &self.tenant, &mut actions))
                .collect::<Result<_, _>>()?,
        })
    }

    async fn standings(
        &mut self,
        as_of: NaiveDate,
        today: NaiveDate,
    ) -> Result<ReportRows<KpiStanding>, StoreError> {
        let kpis: Vec<StandingRow> =
            Sql::new(&self.pool, format!("{STANDINGS}{}{IN_USE}", self.latest_join()))
                .bind(as_of)
                .all_streamed(&self.pool)
                .await
                .map_err(store_error)?;
        let mut actions = self.actions(today).await?;
        Ok(ReportRows {
            dashboards: self.dashboard_rows().await?,
            kpis: kpis
                .into_iter()
                .map(|row| standing(&row, &self.tenant, &mut actions))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl TenantReads {
    fn latest_join(&self) -> &'static str {
        if is_postgres(&self.pool) { LATEST_ON_POSTGRES } else { LATEST_ON_SQLITE }
    }

    async fn dashboard_rows(&self) -> Result<Vec<DashboardRow>, StoreError> {
        let rows: Vec<DashboardReportRow> =
            Sql::new(&self.pool, DASHBOARDS).all(&self.pool).await.map_err(store_error)?;
        Ok(rows.into_iter().map(dashboard_row).collect())
    }

    async fn actions(&self, today: NaiveDate) -> Result<HashMap<KpiId, ActionCounts>, StoreError> {
        let counts: Vec<ActionCountRow> =
            Sql::new(&self.pool, ACTIONS).bind(today).all(&self.pool).await.map_err(store_error)?;
        Ok(counts.into_iter().map(|row| (row.kpi_id.into(), action_counts(&row))).collect())
    }
}

fn dashboard_row(row: DashboardReportRow) -> DashboardRow {
    DashboardRow {
        id: row.id.into(),
        title: row.title,
        process_name: row.process_name,
        owner_id: row.owner_id.into(),
    }
}

fn action_counts(row: &ActionCountRow) -> ActionCounts {
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    ActionCounts { open: count(row.open), late: count(row.late) }
}

fn kpi_row(
    row: KpiReportRow,
    tenant: &TenantContext,
    actions: &mut HashMap<KpiId, ActionCounts>,
) -> Result<KpiRow, StoreError> {
    let id = KpiId::from(row.id);
    let frequency = named("kpis.frequency", &row.frequency, Frequency::from_name)?;
    let direction = named("kpis.direction", &row.direction, Direction::from_name)?;
    let latest = match (row.period_start, entry(row.value, row.not_applicable_reason)?, &row.status_reason) {
        (Some(start), Some(entry), Some(reason)) => {
            let judged = match &row.judged_direction {
                Some(name) => {
                    let direction = named("kpi_thresholds.direction", name, Direction::from_name)?;
                    Thresholds::restore(direction, &cuts(row.green, row.orange, row.red))
                }
                None => Thresholds::unset(direction),
            };
            Some(LatestValue {
                period: Period::containing(start, frequency),
                entry,
                status: status(row.status.as_deref())?,
                status_reason: named("kpi_values.status_reason", reason, StatusReason::from_name)?,
                score: row.score.map(|score| score.0),
                thresholds: judged,
            })
        }
        (None, None, None) => None,
        (Some(_) | None, Some(_) | None, Some(_) | None) => {
            return Err(StoreError::broken(format!("the latest value of KPI {id} is incomplete")));
        }
    };
    Ok(KpiRow {
        id,
        dashboard_id: row.dashboard_id.into(),
        code: row.code,
        name: row.name,
        unit: row.unit,
        display_decimals: narrow("kpis.display_decimals", row.display_decimals)?,
        direction,
        weight: row.weight.0,
        critical: row.critical,
        owner_id: row.owner_id.into(),
        expectation: Expectation {
            frequency,
            start: row.start_period,
            defined_on: tenant.today(row.created_at),
            end: row.end_period,
            grace_days: narrow("kpis.grace_days", row.grace_days)?,
        },
        latest,
        actions: actions.remove(&id).unwrap_or_default(),
    })
}

fn standing(
    row: &StandingRow,
    tenant: &TenantContext,
    actions: &mut HashMap<KpiId, ActionCounts>,
) -> Result<KpiStanding, StoreError> {
    let frequency = named("kpis.frequency", &row.frequency, Frequency::from_name)?;
    let latest = match (row.period_start, &row.status_reason) {
        (Some(start), Some(reason)) => Some(LatestStanding {
            period: Period::containing(start, frequency),
            status: status(row.status.as_deref())?,
            status_reason: named("kpi_values.status_reason", reason, StatusReason::from_name)?,
            score: row.score.map(|score| score.0),
        }),
        (None, None) => None,
        (Some(_) | None, Some(_) | None) => {
            return Err(StoreError::broken(format!("the latest value of KPI {} is incomplete", row.id)));
        }
    };
    Ok(KpiStanding {
        dashboard_id: row.dashboard_id.into(),
        direction: named("kpis.direction", &row.direction, Direction::from_name)?,
        weight: row.weight.0,
        critical: row.critical,
        expectation: Expectation {
            frequency,
            start: row.start_period,
            defined_on: tenant.today(row.created_at),
            end: row.end_period,
            grace_days: narrow("kpis.grace_days", row.grace_days)?,
        },
        latest,
        actions: actions.remove(&row.id.into()).unwrap_or_default(),
    })
}
