//! Which KPIs an import turned red.

use crate::error::store_error;
use crate::sql::Sql;
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_imports::RedKpi;
use vigie_kernel::{ImportRunId, StoreError};

/// Of the KPIs that the run wrote to, those whose newest colour is red (`red`), unless it was before the run (`stood`). How it was
/// before is made of what the run found in the periods that it wrote, which its first revision there says, and of the
/// values of the other periods, which are as they were. One pass over the run's revisions and the values of the red KPIs.
const TURNED_RED: &str = "\
WITH touched AS (
    SELECT DISTINCT kpi_id FROM kpi_value_revisions WHERE import_run_id = $1
), red AS (
    SELECT v.kpi_id, v.period_start FROM touched t
    JOIN kpi_values v ON v.kpi_id = t.kpi_id AND v.period_start = (
        SELECT n.period_start FROM kpi_values n WHERE n.kpi_id = t.kpi_id AND n.status IS NOT NULL
        ORDER BY n.period_start DESC LIMIT 1)
    WHERE v.status = 'RED'
), written AS (
    SELECT r.kpi_id, r.period_start, r.status_before,
        ROW_NUMBER() OVER (PARTITION BY r.kpi_id, r.period_start ORDER BY r.at, r.id) AS place
    FROM kpi_value_revisions r JOIN red ON red.kpi_id = r.kpi_id
    WHERE r.import_run_id = $1
), colours AS (
    SELECT kpi_id, period_start, status_before AS status FROM written WHERE place = 1 AND status_before IS NOT NULL
    UNION ALL
    SELECT v.kpi_id, v.period_start, v.status FROM red JOIN kpi_values v ON v.kpi_id = red.kpi_id
    WHERE v.status IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM kpi_value_revisions r
        WHERE r.kpi_id = v.kpi_id AND r.period_start = v.period_start AND r.import_run_id = $1)
), stood AS (
    SELECT kpi_id, status, ROW_NUMBER() OVER (PARTITION BY kpi_id ORDER BY period_start DESC) AS place FROM colours
)
SELECT red.kpi_id, red.period_start FROM red
LEFT JOIN stood ON stood.kpi_id = red.kpi_id AND stood.place = 1
WHERE stood.status IS NULL OR stood.status <> 'RED'
ORDER BY red.kpi_id LIMIT $2";

#[derive(FromQueryResult)]
struct Row {
    kpi_id: Uuid,
    period_start: NaiveDate,
}

pub(super) async fn turned_red<C: ConnectionTrait>(
    connection: &C,
    run: ImportRunId,
    most: u32,
) -> Result<Vec<RedKpi>, StoreError> {
    let rows: Vec<Row> = Sql::new(connection, TURNED_RED)
        .bind(run.as_uuid())
        .bind(i64::from(most))
        .all(connection)
        .await
        .map_err(store_error)?;
    Ok(rows
        .into_iter()
        .map(|row| RedKpi { kpi: row.kpi_id.into(), period_start: row.period_start })
        .collect())
}
