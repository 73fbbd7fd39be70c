//! KPIs and their threshold versions.

use super::dashboards::owner_rule;
use super::rows::{THRESHOLD_COLUMNS, ThresholdRow, closings, cuts, threshold_version};
use crate::decimal::StoredDec;
use crate::error::{ForeignRule, UniqueRule, store_error, with_rules, with_unique};
use crate::server::is_postgres;
use crate::sql::{Sql, push_in};
use crate::stored::{named, narrow, touched};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::collections::HashMap;
use uuid::Uuid;
use vigie_kernel::{Frequency, KpiId, StoreError};
use vigie_kpis::{
    Aggregation, Direction, Kpi, KpiDefinition, KpiRepository, KpiSnapshot, RULE_KPI_CODE,
    RULE_KPI_DASHBOARD, RULE_KPI_HAS_ACTIONS, RULE_KPI_HAS_VALUES, RULE_THRESHOLD_VERSION, RowLock,
    ThresholdRepository, ThresholdVersion, Thresholds,
};

const RULES: &[UniqueRule] =
    &[UniqueRule { constraint: "kpis_code_key", columns: "kpis.code", rule: RULE_KPI_CODE }];
const THRESHOLD_RULES: &[UniqueRule] = &[UniqueRule {
    constraint: "kpi_thresholds_version_key",
    columns: "kpi_thresholds.kpi_id, kpi_thresholds.version_no",
    rule: RULE_THRESHOLD_VERSION,
}];

pub(super) const KPI_COLUMNS: &str = "k.id, k.dashboard_id, k.code, k.name, k.description, k.unit, k.display_decimals, k.frequency, \
    k.direction, k.threshold_green, k.threshold_orange, k.threshold_red, k.threshold_version, k.aggregation, k.weight, \
    k.critical, k.owner_id, k.grace_days, k.start_period, k.end_period, k.archived, k.version, k.created_at, k.created_by, \
    k.updated_at, k.updated_by";

/// KPIs whose threshold versions are read in one statement.
const KPIS_PER_STATEMENT: usize = 1000;

#[derive(FromQueryResult)]
pub(super) struct KpiDbRow {
    id: Uuid,
    dashboard_id: Uuid,
    code: String,
    name: String,
    description: Option<String>,
    unit: String,
    display_decimals: i32,
    frequency: String,
    direction: String,
    threshold_green: Option<StoredDec>,
    threshold_orange: Option<StoredDec>,
    threshold_red: Option<StoredDec>,
    threshold_version: Option<i32>,
    aggregation: String,
    weight: StoredDec,
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
}

#[derive(FromQueryResult)]
struct DefinitionRow {
    #[sea_orm(nested)]
    kpi: KpiDbRow,
    dashboard_owner: Uuid,
}

pub(super) fn kpi(row: KpiDbRow) -> Result<Kpi, StoreError> {
    let direction = named("kpis.direction", &row.direction, Direction::from_name)?;
    Ok(Kpi::restore(KpiSnapshot {
        id: row.id.into(),
        dashboard_id: row.dashboard_id.into(),
        code: row.code,
        name: row.name,
        description: row.description,
        unit: row.unit,
        display_decimals: narrow("kpis.display_decimals", row.display_decimals)?,
        frequency: named("kpis.frequency", &row.frequency, Frequency::from_name)?,
        thresholds: Thresholds::restore(
            direction,
            &cuts(row.threshold_green, row.threshold_orange, row.threshold_red),
        ),
        threshold_version: row.threshold_version,
        aggregation: named("kpis.aggregation", &row.aggregation, Aggregation::from_name)?,
        weight: row.weight.0,
        critical: row.critical,
        owner_id: row.owner_id.into(),
        grace_days: narrow("kpis.grace_days", row.grace_days)?,
        start_period: row.start_period,
        end_period: row.end_period,
        archived: row.archived,
        version: row.version,
        created_at: row.created_at,
        created_by: row.created_by.into(),
        updated_at: row.updated_at,
        updated_by: row.updated_by.into(),
    }))
}

/// The KPI with what judging its values needs; three statements.
pub(super) async fn find_definition<C: ConnectionTrait>(
    connection: &C,
    id: KpiId,
    lock: RowLock,
) -> Result<Option<KpiDefinition>, StoreError> {
    Ok(definitions_of(connection, &[id], lock).await?.pop())
}

/// The definitions of those KPIs that there are; a number of statements that does not grow with theirs, up to a thousand KPIs.
pub(in crate::tenant) async fn definitions_of<C: ConnectionTrait>(
    connection: &C,
    ids: &[KpiId],
    lock: RowLock,
) -> Result<Vec<KpiDefinition>, StoreError> {
    let mut definitions = Vec::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(definitions);
    }
    let closed: HashMap<Frequency, NaiveDate> = closings(connection)
        .await?
        .into_iter()
        .map(|closing| (closing.frequency, closing.closed_through))
        .collect();
    for chunk in ids.chunks(KPIS_PER_STATEMENT) {
        let mut sql = Sql::new(
            connection,
            format!(
                "SELECT {KPI_COLUMNS}, d.owner_id AS dashboard_owner FROM kpis k JOIN dashboards d ON d.id = k.dashboard_id WHERE "
            ),
        );
        push_in(&mut sql, "k.id", chunk.iter().map(|id| id.as_uuid()));
        // In the order of ids, so that two transactions never wait for each other's rows.
        sql.push(" ORDER BY k.id");
        if is_postgres(connection) {
            sql.push(match lock {
                RowLock::None => "",
                RowLock::Shared => " FOR KEY SHARE OF k",
                RowLock::Exclusive => " FOR UPDATE OF k",
            });
        }
        let rows: Vec<DefinitionRow> = sql.all(connection).await.map_err(store_error)?;
        let mut versions = thresholds_of(connection, chunk).await?;
        for row in rows {
            let kpi = kpi(row.kpi)?;
            let closed_through = closed.get(&kpi.snapshot().frequency).copied();
            let thresholds = versions.remove(&kpi.id()).unwrap_or_default();
            definitions.push(KpiDefinition {
                kpi,
                dashboard_owner: row.dashboard_owner.into(),
                thresholds,
                closed_through,
            });
        }
    }
    Ok(definitions)
}

async fn thresholds_of<C: ConnectionTrait>(
    connection: &C,
    ids: &[KpiId],
) -> Result<HashMap<KpiId, Vec<ThresholdVersion>>, StoreError> {
    let mut sql = Sql::new(connection, format!("SELECT {THRESHOLD_COLUMNS} FROM kpi_thresholds t WHERE "));
    push_in(&mut sql, "t.kpi_id", ids.iter().map(|id| id.as_uuid()));
    sql.push(" ORDER BY t.kpi_id, t.version_no");
    let rows: Vec<ThresholdRow> = sql.all(connection).await.map_err(store_error)?;
    let mut versions: HashMap<KpiId, Vec<ThresholdVersion>> = HashMap::new();
    for row in rows {
        let version = threshold_version(&row)?;
        versions.entry(version.kpi_id).or_default().push(version);
    }
    Ok(versions)
}

pub(super) struct SeaKpis<'a, C>(pub(super) &'a C);

impl<C: ConnectionTrait> SeaKpis<'_, C> {
    fn foreign_rules(&self, k: &KpiSnapshot) -> Vec<ForeignRule> {
        let dashboard = ForeignRule {
            constraint: "kpis_dashboard_fkey",
            rule: RULE_KPI_DASHBOARD,
            probe: Sql::new(self.0, "SELECT 1 FROM dashboards WHERE id = $1").bind(k.dashboard_id.as_uuid()),
            broken_when_found: false,
        };
        vec![dashboard, owner_rule(self.0, "kpis_owner_fkey", k.owner_id)]
    }
}

#[async_trait]
impl<C: ConnectionTrait> KpiRepository for SeaKpis<'_, C> {
    async fn definition(&mut self, id: KpiId, lock: RowLock) -> Result<Option<KpiDefinition>, StoreError> {
        find_definition(self.0, id, lock).await
    }

    async fn insert(&mut self, kpi: &Kpi) -> Result<(), StoreError> {
        let k = kpi.snapshot();
        // A savepoint: on PostgreSQL a broken rule would end the whole transaction, and the service takes the next code instead.
        if is_postgres(self.0) {
            self.0.execute_unprepared("SAVEPOINT define_kpi").await.map_err(store_error)?;
        }
        let inserted = Sql::new(
            self.0,
            "INSERT INTO kpis (id, dashboard_id, code, name, description, unit, display_decimals, frequency, direction, \
             threshold_green, threshold_orange, threshold_red, threshold_version, aggregation, weight, critical, owner_id, \
             grace_days, start_period, end_period, archived, version, created_at, created_by, updated_at, updated_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
             $23, $24, $25, $26)",
        )
        .bind(k.id.as_uuid())
        .bind(k.dashboard_id.as_uuid())
        .bind(k.code.as_str())
        .bind(k.name.as_str())
        .bind(k.description.as_deref())
        .bind(k.unit.as_str())
        .bind(i32::from(k.display_decimals))
        .bind(k.frequency.name())
        .bind(k.thresholds.direction().name())
        .dec(k.thresholds.green())
        .dec(k.thresholds.orange())
        .dec(k.thresholds.red())
        .bind(k.threshold_version)
        .bind(k.aggregation.name())
        .dec(k.weight)
        .bind(k.critical)
        .bind(k.owner_id.as_uuid())
        .bind(i32::from(k.grace_days))
        .bind(k.start_period)
        .bind(k.end_period)
        .bind(k.archived)
        .bind(k.version)
        .bind(k.created_at)
        .bind(k.created_by.as_uuid())
        .bind(k.updated_at)
        .bind(k.updated_by.as_uuid())
        .execute(self.0)
        .await;
        match inserted {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = with_rules(self.0, RULES, self.foreign_rules(k), error).await;
                if is_postgres(self.0) {
                    self.0
                        .execute_unprepared("ROLLBACK TO SAVEPOINT define_kpi")
                        .await
                        .map_err(store_error)?;
                }
                Err(error)
            }
        }
    }

    async fn update(&mut self, kpi: &Kpi) -> Result<(), StoreError> {
        let k = kpi.snapshot();
        let updated = Sql::new(
            self.0,
            "UPDATE kpis SET dashboard_id = $3, code = $4, name = $5, description = $6, unit = $7, display_decimals = $8, \
             frequency = $9, direction = $10, threshold_green = $11, threshold_orange = $12, threshold_red = $13, \
             threshold_version = $14, aggregation = $15, weight = $16, critical = $17, owner_id = $18, grace_days = $19, \
             start_period = $20, end_period = $21, archived = $22, version = $2, updated_at = $23, updated_by = $24 \
             WHERE id = $1 AND version = $2 - 1",
        )
        .bind(k.id.as_uuid())
        .bind(k.version)
        .bind(k.dashboard_id.as_uuid())
        .bind(k.code.as_str())
        .bind(k.name.as_str())
        .bind(k.description.as_deref())
        .bind(k.unit.as_str())
        .bind(i32::from(k.display_decimals))
        .bind(k.frequency.name())
        .bind(k.thresholds.direction().name())
        .dec(k.thresholds.green())
        .dec(k.thresholds.orange())
        .dec(k.thresholds.red())
        .bind(k.threshold_version)
        .bind(k.aggregation.name())
        .dec(k.weight)
        .bind(k.critical)
        .bind(k.owner_id.as_uuid())
        .bind(i32::from(k.grace_days))
        .bind(k.start_period)
        .bind(k.end_period)
        .bind(k.archived)
        .bind(k.updated_at)
        .bind(k.updated_by.as_uuid())
        .execute(self.0)
        .await;
        match updated {
            Ok(rows) => touched(rows),
            Err(error) => Err(with_rules(self.0, RULES, self.foreign_rules(k), error).await),
        }
    }

    async fn delete(&mut self, kpi: &Kpi) -> Result<(), StoreError> {
        let k = kpi.snapshot();
        let deleted = Sql::new(self.0, "DELETE FROM kpis WHERE id = $1 AND version = $2")
            .bind(k.id.as_uuid())
            .bind(k.version)
            .execute(self.0)
            .await;
        match deleted {
            Ok(rows) => touched(rows),
            Err(error) => {
                let held = |constraint, rule, sql| ForeignRule {
                    constraint,
                    rule,
                    probe: Sql::new(self.0, sql).bind(k.id.as_uuid()),
                    broken_when_found: true,
                };
                let rules = vec![
                    held(
                        "kpi_values_kpi_fkey",
                        RULE_KPI_HAS_VALUES,
                        "SELECT 1 FROM kpi_values WHERE kpi_id = $1 LIMIT 1",
                    ),
                    held(
                        "actions_kpi_fkey",
                        RULE_KPI_HAS_ACTIONS,
                        "SELECT 1 FROM actions WHERE kpi_id = $1 LIMIT 1",
                    ),
                ];
                Err(with_rules(self.0, &[], rules, error).await)
            }
        }
    }
}

pub(super) struct SeaThresholds<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> ThresholdRepository for SeaThresholds<'_, C> {
    async fn insert(&mut self, version: &ThresholdVersion) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "INSERT INTO kpi_thresholds (id, kpi_id, version_no, effective_from, direction, green, orange, red, created_at, \
             created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(version.id.as_uuid())
        .bind(version.kpi_id.as_uuid())
        .bind(version.version_no)
        .bind(version.effective_from)
        .bind(version.thresholds.direction().name())
        .dec(version.thresholds.green())
        .dec(version.thresholds.orange())
        .dec(version.thresholds.red())
        .bind(version.created_at)
        .bind(version.created_by.as_uuid())
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(|error| with_unique(THRESHOLD_RULES, error))
    }
}
