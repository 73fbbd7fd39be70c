//! Rows of dashboards, KPIs, thresholds and values, and the way back into the domain's types.

use crate::decimal::StoredDec;
use crate::error::store_error;
use crate::sql::{InOrder, Sql};
use crate::stored::named;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult};
use uuid::Uuid;
use vigie_kernel::{Dec, Frequency, KpiId, Period, StoreError};
use vigie_kpis::{
    Dashboard, DashboardSnapshot, Direction, Entry, PeriodClosing, Revision, Source, Status, StatusReason,
    ThresholdFields, ThresholdVersion, Thresholds, Value, ValueSnapshot,
};

pub(super) const DASHBOARD_COLUMNS: &str = "d.id, d.title, d.description, d.process_name, d.owner_id, d.version, d.created_at, \
    d.created_by, d.updated_at, d.updated_by";

#[derive(FromQueryResult)]
pub(super) struct DashboardDbRow {
    id: Uuid,
    title: String,
    description: Option<String>,
    process_name: Option<String>,
    owner_id: Uuid,
    version: i64,
    created_at: DateTime<Utc>,
    created_by: Uuid,
    updated_at: DateTime<Utc>,
    updated_by: Uuid,
}

pub(super) fn dashboard(row: DashboardDbRow) -> Dashboard {
    Dashboard::restore(DashboardSnapshot {
        id: row.id.into(),
        title: row.title,
        description: row.description,
        process_name: row.process_name,
        owner_id: row.owner_id.into(),
        version: row.version,
        created_at: row.created_at,
        created_by: row.created_by.into(),
        updated_at: row.updated_at,
        updated_by: row.updated_by.into(),
    })
}

pub(in crate::tenant) const VALUE_COLUMNS: &str = "v.id, v.kpi_id, v.period_start, v.value, v.not_applicable_reason, v.status, v.status_reason, \
    v.score, v.threshold_version, v.comment, v.source, v.version, v.created_at, v.created_by, v.updated_at, v.updated_by";

pub(in crate::tenant) struct ValueRow {
    id: Uuid,
    kpi_id: Uuid,
    period_start: NaiveDate,
    value: Option<StoredDec>,
    not_applicable_reason: Option<String>,
    status: Option<String>,
    status_reason: String,
    score: Option<StoredDec>,
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

/// In the order of [`VALUE_COLUMNS`], and then the KPI's frequency.
impl FromQueryResult for ValueRow {
    fn from_query_result(row: &QueryResult, _prefix: &str) -> Result<Self, DbErr> {
        let mut columns = InOrder::new(row);
        Ok(Self {
            id: columns.take()?,
            kpi_id: columns.take()?,
            period_start: columns.take()?,
            value: columns.take()?,
            not_applicable_reason: columns.take()?,
            status: columns.take()?,
            status_reason: columns.take()?,
            score: columns.take()?,
            threshold_version: columns.take()?,
            comment: columns.take()?,
            source: columns.take()?,
            version: columns.take()?,
            created_at: columns.take()?,
            created_by: columns.take()?,
            updated_at: columns.take()?,
            updated_by: columns.take()?,
            frequency: columns.take()?,
        })
    }
}

pub(super) fn entry(
    value: Option<StoredDec>,
    not_applicable_reason: Option<String>,
) -> Result<Option<Entry>, StoreError> {
    match (value, not_applicable_reason) {
        (Some(value), None) => Ok(Some(Entry::Number(value.0))),
        (None, Some(reason)) => Ok(Some(Entry::NotApplicable { reason })),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(StoreError::broken("a value that is a number and not applicable")),
    }
}

/// The two columns of an entry.
pub(super) fn entry_columns(entry: Option<&Entry>) -> (Option<Dec>, Option<&str>) {
    match entry {
        None => (None, None),
        Some(Entry::Number(number)) => (Some(*number), None),
        Some(Entry::NotApplicable { reason }) => (None, Some(reason)),
    }
}

pub(super) fn status(name: Option<&str>) -> Result<Option<Status>, StoreError> {
    name.map(|name| named("status", name, Status::from_name)).transpose()
}

pub(in crate::tenant) fn value(row: ValueRow) -> Result<Value, StoreError> {
    let frequency = named("kpis.frequency", &row.frequency, Frequency::from_name)?;
    let entry = entry(row.value, row.not_applicable_reason)?
        .ok_or_else(|| StoreError::broken(format!("value {} is empty", row.id)))?;
    Ok(Value::restore(ValueSnapshot {
        id: row.id.into(),
        kpi_id: row.kpi_id.into(),
        period: Period::containing(row.period_start, frequency),
        entry,
        status: status(row.status.as_deref())?,
        status_reason: named("kpi_values.status_reason", &row.status_reason, StatusReason::from_name)?,
        score: row.score.map(|score| score.0),
        threshold_version: row.threshold_version,
        comment: row.comment,
        source: named("kpi_values.source", &row.source, Source::from_name)?,
        version: row.version,
        created_at: row.created_at,
        created_by: row.created_by.into(),
        updated_at: row.updated_at,
        updated_by: row.updated_by.into(),
    }))
}

#[derive(FromQueryResult)]
pub(super) struct RevisionRow {
    id: Uuid,
    value_id: Uuid,
    kpi_id: Uuid,
    period_start: NaiveDate,
    old_value: Option<StoredDec>,
    old_not_applicable_reason: Option<String>,
    new_value: Option<StoredDec>,
    new_not_applicable_reason: Option<String>,
    status_before: Option<String>,
    status_after: Option<String>,
    actor_id: Uuid,
    source: String,
    reason: Option<String>,
    import_run_id: Option<Uuid>,
    overrides_lock: bool,
    at: DateTime<Utc>,
}

pub(super) fn revision(row: RevisionRow) -> Result<Revision, StoreError> {
    Ok(Revision {
        id: row.id.into(),
        value_id: row.value_id.into(),
        kpi_id: row.kpi_id.into(),
        period_start: row.period_start,
        old_entry: entry(row.old_value, row.old_not_applicable_reason)?,
        new_entry: entry(row.new_value, row.new_not_applicable_reason)?,
        old_status: status(row.status_before.as_deref())?,
        new_status: status(row.status_after.as_deref())?,
        actor: row.actor_id.into(),
        source: named("kpi_value_revisions.source", &row.source, Source::from_name)?,
        reason: row.reason,
        import_run_id: row.import_run_id.map(Into::into),
        at: row.at,
        overrides_lock: row.overrides_lock,
    })
}

#[derive(FromQueryResult)]
pub(super) struct ThresholdRow {
    id: Uuid,
    kpi_id: Uuid,
    version_no: i32,
    effective_from: Option<NaiveDate>,
    direction: String,
    green: Option<StoredDec>,
    orange: Option<StoredDec>,
    red: Option<StoredDec>,
    created_at: DateTime<Utc>,
    created_by: Uuid,
}

pub(super) const THRESHOLD_COLUMNS: &str = "t.id, t.kpi_id, t.version_no, t.effective_from, t.direction, t.green, t.orange, t.red, t.created_at, t.created_by";

pub(super) fn cuts(
    green: Option<StoredDec>,
    orange: Option<StoredDec>,
    red: Option<StoredDec>,
) -> ThresholdFields {
    let plain = |stored: Option<StoredDec>| stored.map(|stored| stored.0);
    ThresholdFields::cuts(plain(green), plain(orange), plain(red))
}

pub(super) fn threshold_version(row: &ThresholdRow) -> Result<ThresholdVersion, StoreError> {
    let direction = named("kpi_thresholds.direction", &row.direction, Direction::from_name)?;
    Ok(ThresholdVersion {
        id: row.id.into(),
        kpi_id: row.kpi_id.into(),
        version_no: row.version_no,
        effective_from: row.effective_from,
        thresholds: Thresholds::restore(direction, &cuts(row.green, row.orange, row.red)),
        created_at: row.created_at,
        created_by: row.created_by.into(),
    })
}

#[derive(FromQueryResult)]
pub(super) struct ClosingRow {
    frequency: String,
    closed_through: NaiveDate,
    updated_at: DateTime<Utc>,
    updated_by: Uuid,
}

pub(super) fn closing(row: &ClosingRow) -> Result<PeriodClosing, StoreError> {
    Ok(PeriodClosing {
        frequency: named("period_closings.frequency", &row.frequency, Frequency::from_name)?,
        closed_through: row.closed_through,
        updated_at: row.updated_at,
        updated_by: row.updated_by.into(),
    })
}

/// All closings of the organization.
pub(super) async fn closings<C: ConnectionTrait>(connection: &C) -> Result<Vec<PeriodClosing>, StoreError> {
    let rows: Vec<ClosingRow> =
        Sql::new(connection, "SELECT frequency, closed_through, updated_at, updated_by FROM period_closings")
            .all(connection)
            .await
            .map_err(store_error)?;
    let mut closings = rows.iter().map(closing).collect::<Result<Vec<_>, _>>()?;
    closings
        .sort_by_key(|closing| Frequency::ALL.iter().position(|frequency| *frequency == closing.frequency));
    Ok(closings)
}

/// The value of the period that starts on that date.
pub(super) async fn find_value<C: ConnectionTrait>(
    connection: &C,
    kpi: KpiId,
    period_start: NaiveDate,
) -> Result<Option<Value>, StoreError> {
    let row: Option<ValueRow> = Sql::new(
        connection,
        format!(
            "SELECT {VALUE_COLUMNS}, k.frequency FROM kpi_values v JOIN kpis k ON k.id = v.kpi_id \
             WHERE v.kpi_id = $1 AND v.period_start = $2"
        ),
    )
    .bind(kpi.as_uuid())
    .bind(period_start)
    .one(connection)
    .await
    .map_err(store_error)?;
    row.map(value).transpose()
}
