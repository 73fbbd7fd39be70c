//! `POST /kpis/{id}/values`

use crate::history::{CLOSINGS, Definition, THRESHOLDS, Threshold};
use crate::{Answer, text};
use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, PgTransaction};
use uuid::Uuid;

const DEFINITION: &str = "SELECT k.id, k.dashboard_id, k.code, k.name, k.description, k.unit, k.display_decimals, k.frequency, \
    k.direction, k.threshold_green, k.threshold_orange, k.threshold_red, k.threshold_version, k.aggregation, k.weight, \
    k.critical, k.owner_id, k.grace_days, k.start_period, k.end_period, k.archived, k.version, k.created_at, k.created_by, \
    k.updated_at, k.updated_by, d.owner_id AS dashboard_owner FROM kpis k JOIN dashboards d ON d.id = k.dashboard_id \
    WHERE k.id IN ($1) ORDER BY k.id FOR KEY SHARE OF k";
const INSERT_VALUE: &str = "INSERT INTO kpi_values (id, kpi_id, period_start, period_end, value, not_applicable_reason, status, \
    status_reason, score, threshold_version, comment, source, version, created_at, created_by, updated_at, updated_by) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
const KEEP_LATEST: &str = "INSERT INTO kpi_latest_values (kpi_id, period_start, period_end, value, not_applicable_reason, status, \
    status_reason, score, threshold_version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
    ON CONFLICT (kpi_id) DO UPDATE SET period_start = excluded.period_start, \
    period_end = excluded.period_end, value = excluded.value, not_applicable_reason = excluded.not_applicable_reason, \
    status = excluded.status, status_reason = excluded.status_reason, score = excluded.score, \
    threshold_version = excluded.threshold_version WHERE excluded.period_start >= kpi_latest_values.period_start";
const INSERT_REVISION: &str = "INSERT INTO kpi_value_revisions (id, kpi_id, period_start, value_id, old_value, \
    old_not_applicable_reason, new_value, new_not_applicable_reason, status_before, status_after, actor_id, source, reason, \
    import_run_id, overrides_lock, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

/// The body that the product takes too.
#[derive(Deserialize)]
struct NewValue {
    /// A day.
    period: NaiveDate,
    value: Decimal,
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
    status: Option<&'static str>,
    status_reason: &'static str,
    #[serde(serialize_with = "text::exact")]
    score: Option<Decimal>,
    threshold_version: Option<i32>,
    comment: Option<String>,
    source: &'static str,
    created_at: DateTime<Utc>,
    created_by: Uuid,
    updated_at: DateTime<Utc>,
    updated_by: Uuid,
    version: i64,
}

/// Keeps the value as the latest of its KPI, unless a newer one is there.
async fn keep_latest(transaction: &mut PgTransaction<'_>, view: &View) -> Answer<()> {
    sqlx::query(KEEP_LATEST)
        .bind(view.kpi_id)
        .bind(view.period_start)
        .bind(view.period_end)
        .bind(view.value)
        .bind(None::<&str>)
        .bind(view.status)
        .bind(view.status_reason)
        .bind(view.score)
        .bind(view.threshold_version)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Stores a value and its revision. Nothing is judged: the colour is always the same.
async fn insert(transaction: &mut PgTransaction<'_>, kpi: Uuid, new: &NewValue) -> Answer<View> {
    let now = Utc::now();
    let view = View {
        id: Uuid::now_v7(),
        kpi_id: kpi,
        period_key: new.period.to_string(),
        period_start: new.period,
        period_end: new.period,
        value: Some(new.value),
        display: Some(new.value.to_string()),
        not_applicable: false,
        reason: None,
        status: Some("GREEN"),
        status_reason: "OK",
        score: Some(Decimal::ONE_HUNDRED),
        threshold_version: Some(1),
        comment: None,
        source: "MANUAL",
        created_at: now,
        created_by: kpi,
        updated_at: now,
        updated_by: kpi,
        version: 1,
    };
    sqlx::query(INSERT_VALUE)
        .bind(view.id)
        .bind(kpi)
        .bind(view.period_start)
        .bind(view.period_end)
        .bind(view.value)
        .bind(None::<&str>)
        .bind(view.status)
        .bind(view.status_reason)
        .bind(view.score)
        .bind(view.threshold_version)
        .bind(None::<&str>)
        .bind(view.source)
        .bind(view.version)
        .bind(view.created_at)
        .bind(view.created_by)
        .bind(view.updated_at)
        .bind(view.updated_by)
        .execute(&mut **transaction)
        .await?;
    sqlx::query(INSERT_REVISION)
        .bind(Uuid::now_v7())
        .bind(kpi)
        .bind(view.period_start)
        .bind(view.id)
        .bind(None::<Decimal>)
        .bind(None::<&str>)
        .bind(view.value)
        .bind(None::<&str>)
        .bind(None::<&str>)
        .bind(view.status)
        .bind(view.created_by)
        .bind(view.source)
        .bind(None::<&str>)
        .bind(None::<Uuid>)
        .bind(false)
        .bind(now)
        .execute(&mut **transaction)
        .await?;
    Ok(view)
}

/// The two inserts in one transaction: the least that any program can do to store this.
#[post("/kpis/{id}/values")]
pub(crate) async fn two_inserts(
    pool: web::Data<PgPool>,
    kpi: web::Path<Uuid>,
    body: web::Json<NewValue>,
) -> Answer<HttpResponse> {
    let mut transaction = pool.begin().await?;
    let view = insert(&mut transaction, *kpi, &body).await?;
    transaction.commit().await?;
    Ok(HttpResponse::Created().json(view))
}

/// The statements of the product: what judging a value needs is read first.
#[post("/kpis/{id}/values-judged")]
pub(crate) async fn same_statements(
    pool: web::Data<PgPool>,
    kpi: web::Path<Uuid>,
    body: web::Json<NewValue>,
) -> Answer<HttpResponse> {
    let mut transaction = pool.begin().await?;
    let _closings = sqlx::query(CLOSINGS).fetch_all(&mut *transaction).await?;
    let _definition: Definition = sqlx::query_as(DEFINITION).bind(*kpi).fetch_one(&mut *transaction).await?;
    let _thresholds: Vec<Threshold> =
        sqlx::query_as(THRESHOLDS).bind(*kpi).fetch_all(&mut *transaction).await?;
    let view = insert(&mut transaction, *kpi, &body).await?;
    keep_latest(&mut transaction, &view).await?;
    transaction.commit().await?;
    Ok(HttpResponse::Created().json(view))
}
