//! `GET /kpis/{id}/values`

use crate::{Answer, text};
use actix_web::{get, web};
use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// Read by the product before the values are: which periods are closed, the KPI, its thresholds.
pub(crate) const CLOSINGS: &str =
    "SELECT frequency, closed_through, updated_at, updated_by FROM period_closings";
const DEFINITION: &str = "SELECT k.id, k.dashboard_id, k.code, k.name, k.description, k.unit, k.display_decimals, k.frequency, \
    k.direction, k.threshold_green, k.threshold_orange, k.threshold_red, k.threshold_version, k.aggregation, k.weight, \
    k.critical, k.owner_id, k.grace_days, k.start_period, k.end_period, k.archived, k.version, k.created_at, k.created_by, \
    k.updated_at, k.updated_by, d.owner_id AS dashboard_owner FROM kpis k JOIN dashboards d ON d.id = k.dashboard_id \
    WHERE k.id IN ($1) ORDER BY k.id";
pub(crate) const THRESHOLDS: &str = "SELECT t.id, t.kpi_id, t.version_no, t.effective_from, t.direction, t.green, t.orange, \
    t.red, t.created_at, t.created_by FROM kpi_thresholds t WHERE t.kpi_id IN ($1) ORDER BY t.kpi_id, t.version_no";
const VALUES: &str = "SELECT v.id, v.kpi_id, v.period_start, v.value, v.not_applicable_reason, v.status, v.status_reason, \
    v.score, v.threshold_version, v.comment, v.source, v.version, v.created_at, v.created_by, v.updated_at, v.updated_by, \
    k.frequency FROM kpi_values v JOIN kpis k ON k.id = v.kpi_id WHERE v.kpi_id = $1 ORDER BY v.period_start LIMIT $2";

/// A KPI's row, decoded and dropped as far as the answer does not show it.
#[derive(FromRow)]
#[allow(dead_code, reason = "decoded as the product decodes it")]
pub(crate) struct Definition {
    id: Uuid,
    dashboard_id: Uuid,
    code: String,
    name: String,
    description: Option<String>,
    unit: String,
    pub(crate) display_decimals: i32,
    frequency: String,
    direction: String,
    threshold_green: Option<Decimal>,
    threshold_orange: Option<Decimal>,
    threshold_red: Option<Decimal>,
    threshold_version: Option<i32>,
    aggregation: String,
    weight: Decimal,
    critical: bool,
    owner_id: Uuid,
    grace_days: i32,
    start_period: Option<NaiveDate>,
    end_period: Option<NaiveDate>,
    archived: bool,
    version: i64,
    created_at: DateTime<Utc>,
    created_by: Uuid,
    updated_at: DateTime<Utc>,
    updated_by: Uuid,
    dashboard_owner: Uuid,
}

/// A version of a KPI's thresholds.
#[derive(FromRow)]
#[allow(dead_code, reason = "decoded as the product decodes it")]
pub(crate) struct Threshold {
    id: Uuid,
    kpi_id: Uuid,
    version_no: i32,
    effective_from: Option<NaiveDate>,
    direction: String,
    green: Option<Decimal>,
    orange: Option<Decimal>,
    red: Option<Decimal>,
    created_at: DateTime<Utc>,
    created_by: Uuid,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    kpi_id: Uuid,
    period_start: NaiveDate,
    value: Option<Decimal>,
    not_applicable_reason: Option<String>,
    status: Option<String>,
    status_reason: String,
    score: Option<Decimal>,
    threshold_version: Option<i32>,
    comment: Option<String>,
    source: String,
    version: i64,
    created_at: DateTime<Utc>,
    created_by: Uuid,
    updated_at: DateTime<Utc>,
    updated_by: Uuid,
    frequency: String,
}

/// The fields of the product's answer.
#[derive(Serialize)]
struct View {
    id: Uuid,
    kpi_id: Uuid,
    period_key: String,
    period_start: NaiveDate,
    period_end: NaiveDate,
    #[serde(serialize_with = "text::exact")]
    value: Option<Decimal>,
    display: Option<String>,
    not_applicable: bool,
    reason: Option<String>,
    status: Option<String>,
    status_reason: String,
    #[serde(serialize_with = "text::exact")]
    score: Option<Decimal>,
    threshold_version: Option<i32>,
    comment: Option<String>,
    source: String,
    created_at: DateTime<Utc>,
    created_by: Uuid,
    updated_at: DateTime<Utc>,
    updated_by: Uuid,
    version: i64,
}

#[derive(Serialize)]
struct List {
    items: Vec<View>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Limit {
    limit: i64,
}

fn view(row: Row, decimals: u32) -> View {
    let start = row.period_start;
    let (key, end) = if row.frequency == "MONTHLY" {
        let key = format!("{:04}-{:02}", start.year(), start.month());
        (key, (start + Months::new(1)).pred_opt().unwrap_or(start))
    } else {
        (start.to_string(), start)
    };
    let display = row.value.map(|value| {
        let mut shown = value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
        shown.rescale(decimals);
        shown.to_string()
    });
    View {
        id: row.id,
        kpi_id: row.kpi_id,
        period_key: key,
        period_start: start,
        period_end: end,
        value: row.value,
        display,
        not_applicable: row.not_applicable_reason.is_some(),
        reason: row.not_applicable_reason,
        status: row.status,
        status_reason: row.status_reason,
        score: row.score,
        threshold_version: row.threshold_version,
        comment: row.comment,
        source: row.source,
        created_at: row.created_at,
        created_by: row.created_by,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
        version: row.version,
    }
}

async fn values(pool: &PgPool, kpi: Uuid, limit: i64, decimals: u32) -> Answer<web::Json<List>> {
    let rows: Vec<Row> = sqlx::query_as(VALUES).bind(kpi).bind(limit + 1).fetch_all(pool).await?;
    Ok(web::Json(List {
        items: rows.into_iter().map(|row| view(row, decimals)).collect(),
        next_cursor: None,
    }))
}

/// The four statements of the product, one after the other.
#[get("/kpis/{id}/values")]
pub(crate) async fn same_statements(
    pool: web::Data<PgPool>,
    kpi: web::Path<Uuid>,
    limit: web::Query<Limit>,
) -> Answer<web::Json<List>> {
    let kpi = kpi.into_inner();
    let _closings = sqlx::query(CLOSINGS).fetch_all(&**pool).await?;
    let definition: Definition = sqlx::query_as(DEFINITION).bind(kpi).fetch_one(&**pool).await?;
    let _thresholds: Vec<Threshold> = sqlx::query_as(THRESHOLDS).bind(kpi).fetch_all(&**pool).await?;
    values(&pool, kpi, limit.limit, definition.display_decimals.try_into()?).await
}

/// The values alone: the least that any program can do to give this answer.
#[get("/kpis/{id}/values-only")]
pub(crate) async fn values_only(
    pool: web::Data<PgPool>,
    kpi: web::Path<Uuid>,
    limit: web::Query<Limit>,
) -> Answer<web::Json<List>> {
    values(&pool, kpi.into_inner(), limit.limit, 2).await
}
