//! `GET /overview`

use crate::{Answer, text};
use actix_web::{get, web};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

const DASHBOARDS: &str = "SELECT id, title, process_name, owner_id FROM dashboards";
const KPIS: &str = "SELECT k.id, k.dashboard_id, k.frequency, k.direction, k.weight, k.critical, k.grace_days, k.start_period, \
    k.end_period, k.created_at, \
    CASE WHEN n.period_end < $1 THEN n.period_start ELSE v.period_start END AS period_start, \
    CASE WHEN n.period_end < $1 THEN n.status ELSE v.status END AS status, \
    CASE WHEN n.period_end < $1 THEN n.status_reason ELSE v.status_reason END AS status_reason, \
    CASE WHEN n.period_end < $1 THEN n.score ELSE v.score END AS score FROM kpis k \
    LEFT JOIN kpi_latest_values n ON n.kpi_id = k.id \
    LEFT JOIN LATERAL (SELECT * FROM kpi_values l WHERE n.period_end >= $1 AND l.kpi_id = k.id AND l.period_end < $1 \
    ORDER BY l.period_start DESC LIMIT 1) v ON TRUE \
    WHERE NOT k.archived";
const ACTIONS: &str = "SELECT kpi_id, COUNT(*) AS open, COUNT(CASE WHEN due_date < $1 THEN 1 END) AS late FROM actions \
    WHERE status IN ('OPEN', 'IN_PROGRESS') GROUP BY kpi_id";

#[derive(FromRow, Serialize)]
struct Dashboard {
    id: Uuid,
    title: String,
    process_name: Option<String>,
    owner_id: Uuid,
}

#[derive(FromRow, Serialize)]
struct Kpi {
    id: Uuid,
    dashboard_id: Uuid,
    frequency: String,
    direction: String,
    #[serde(serialize_with = "text::exact")]
    weight: Option<Decimal>,
    critical: bool,
    grace_days: i32,
    start_period: Option<NaiveDate>,
    end_period: Option<NaiveDate>,
    created_at: DateTime<Utc>,
    period_start: Option<NaiveDate>,
    status: Option<String>,
    status_reason: Option<String>,
    #[serde(serialize_with = "text::exact")]
    score: Option<Decimal>,
}

#[derive(FromRow, Serialize)]
struct Actions {
    kpi_id: Uuid,
    open: i64,
    late: i64,
}

/// The rows of the three statements, not rolled up.
#[derive(Serialize)]
struct Rows {
    dashboards: Vec<Dashboard>,
    kpis: Vec<Kpi>,
    actions: Vec<Actions>,
}

#[get("/overview")]
pub(crate) async fn rows(pool: web::Data<PgPool>) -> Answer<web::Json<Rows>> {
    let today = Utc::now().date_naive();
    Ok(web::Json(Rows {
        dashboards: sqlx::query_as(DASHBOARDS).fetch_all(&**pool).await?,
        kpis: sqlx::query_as(KPIS).bind(today).fetch_all(&**pool).await?,
        actions: sqlx::query_as(ACTIONS).bind(today).fetch_all(&**pool).await?,
    }))
}
