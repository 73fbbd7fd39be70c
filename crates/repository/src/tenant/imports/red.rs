//! Which KPIs an import turned red.

use crate::error::store_error;
use crate::sql::Sql;
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_imports::RedKpi;
use vigie_kernel::{ImportRunId, StoreError};

/// Of the KPIs that the run wrote to, those whose newest colour is red (`red`), unless it was before the run (`stood`). How it was
/// before is made of what the run found in the periods that it wrote, which its first revision there says (source 0), and of the
/// values of the other periods, which are as they were (source 1).
///
/// Everything the run wrote is read once and sorted. Looked up period by period or KPI by KPI, both engines would go through all
/// of it again for each. The cross join makes SQLite begin with the red KPIs instead of reading every value there is.
const TURNED_RED: &str = "\
WITH touched AS (
    SELECT DISTINCT kpi_id FROM kpi_value_revisions WHERE import_run_id = $1
), red AS (
    SELECT v.kpi_id, v.period_start FROM touched t
    JOIN kpi_values v ON v.kpi_id = t.kpi_id AND v.period_start = (
        SELECT n.period_start FROM kpi_values n WHERE n.kpi_id = t.kpi_id AND n.status IS NOT NULL
        ORDER BY n.period_start DESC LIMIT 1)
    WHERE v.status = 'RED'
), found AS (
    SELECT r.kpi_id, r.period_start, r.status_before AS status, 0 AS source, r.at, r.id
    FROM kpi_value_revisions r WHERE r.import_run_id = $1
    UNION ALL
    SELECT v.kpi_id, v.period_start, v.status, 1 AS source, v.updated_at AS at, v.id
    FROM red CROSS JOIN kpi_values v WHERE v.kpi_id = red.kpi_id
), colours AS (
    SELECT kpi_id, period_start, status,
        ROW_NUMBER() OVER (PARTITION BY kpi_id, period_start ORDER BY source, at, id) AS place
    FROM found
), stood AS (
    SELECT kpi_id, status, ROW_NUMBER() OVER (PARTITION BY kpi_id ORDER BY period_start DESC) AS place
    FROM colours WHERE place = 1 AND status IS NOT NULL
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
