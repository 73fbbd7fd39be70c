//! Values, their revisions, and closed periods.

use super::latest::{keep_latest, renew_latest};
use super::rows::{VALUE_COLUMNS, ValueRow, entry_columns, find_value, value};
use crate::error::{UniqueRule, store_error, with_unique};
use crate::sql::Sql;
use crate::stored::{named, touched};
use async_trait::async_trait;
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use vigie_kernel::{Frequency, KpiId, StoreError};
use vigie_kpis::{
    ClosingRepository, PeriodClosing, RULE_VALUE_PERIOD, Revision, RevisionRepository, Status, Value,
    ValueRepository,
};

const RULES: &[UniqueRule] = &[UniqueRule {
    constraint: "kpi_values_period_key",
    columns: "kpi_values.kpi_id, kpi_values.period_start",
    rule: RULE_VALUE_PERIOD,
}];

/// Values in one statement: 18 columns each, well under the 32,766 parameters that SQLite takes.
const ROWS_PER_STATEMENT: usize = 500;

#[derive(FromQueryResult)]
struct ColourRow {
    period_start: NaiveDate,
    status: String,
}

pub(super) struct SeaValues<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> ValueRepository for SeaValues<'_, C> {
    async fn find(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Option<Value>, StoreError> {
        find_value(self.0, kpi, period_start).await
    }

    async fn any(&mut self, kpi: KpiId) -> Result<bool, StoreError> {
        Sql::new(self.0, "SELECT 1 FROM kpi_values WHERE kpi_id = $1 LIMIT 1")
            .bind(kpi.as_uuid())
            .exists(self.0)
            .await
            .map_err(store_error)
    }

    async fn since(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Vec<Value>, StoreError> {
        let rows: Vec<ValueRow> = Sql::new(
            self.0,
            format!(
                "SELECT {VALUE_COLUMNS}, k.frequency FROM kpi_values v JOIN kpis k ON k.id = v.kpi_id \
                 WHERE v.kpi_id = $1 AND v.period_start >= $2 ORDER BY v.period_start"
            ),
        )
        .bind(kpi.as_uuid())
        .bind(period_start)
        .all(self.0)
        .await
        .map_err(store_error)?;
        rows.into_iter().map(value).collect()
    }

    async fn newest_colour(
        &mut self,
        kpi: KpiId,
        leaving_out: NaiveDate,
    ) -> Result<Option<(NaiveDate, Status)>, StoreError> {
        let row: Option<ColourRow> = Sql::new(
            self.0,
            "SELECT period_start, status FROM kpi_values WHERE kpi_id = $1 AND period_start <> $2 AND status IS NOT NULL \
             ORDER BY period_start DESC LIMIT 1",
        )
        .bind(kpi.as_uuid())
        .bind(leaving_out)
        .one(self.0)
        .await
        .map_err(store_error)?;
        row.map(|row| Ok((row.period_start, named("kpi_values.status", &row.status, Status::from_name)?)))
            .transpose()
    }

    async fn insert(&mut self, value: &Value) -> Result<(), StoreError> {
        insert_values(self.0, std::slice::from_ref(value))
            .await
            .map_err(|error| with_unique(RULES, error))?;
        keep_latest(self.0, [value]).await
    }

    async fn update(&mut self, values: &[Value]) -> Result<(), StoreError> {
        for value in values {
            touched(update_value(self.0, value).await.map_err(store_error)?)?;
        }
        keep_latest(self.0, values).await
    }

    async fn remove(&mut self, value: &Value) -> Result<(), StoreError> {
        let v = value.snapshot();
        let rows = Sql::new(self.0, "DELETE FROM kpi_values WHERE id = $1 AND version = $2")
            .bind(v.id.as_uuid())
            .bind(v.version)
            .execute(self.0)
            .await
            .map_err(store_error)?;
        touched(rows)?;
        renew_latest(self.0, [v.kpi_id]).await
    }
}

/// Inserts values, many rows a statement.
pub(in crate::tenant) async fn insert_values<C: ConnectionTrait>(
    connection: &C,
    values: &[Value],
) -> Result<(), DbErr> {
    for chunk in values.chunks(ROWS_PER_STATEMENT) {
        let mut sql = Sql::new(
            connection,
            "INSERT INTO kpi_values (id, kpi_id, period_start, period_end, value, not_applicable_reason, status, \
             status_reason, score, threshold_version, comment, source, version, created_at, created_by, updated_at, \
             updated_by) VALUES ",
        );
        for (index, value) in chunk.iter().enumerate() {
            let v = value.snapshot();
            let (number, reason) = entry_columns(Some(&v.entry));
            sql.push(if index == 0 { "(" } else { ", (" });
            sql.push_value(v.id.as_uuid()).push(", ").push_value(v.kpi_id.as_uuid()).push(", ");
            sql.push_value(v.period.start()).push(", ").push_value(v.period.end()).push(", ");
            sql.push_dec(number).push(", ").push_value(reason).push(", ");
            sql.push_value(v.status.map(Status::name))
                .push(", ")
                .push_value(v.status_reason.name())
                .push(", ");
            sql.push_dec(v.score).push(", ").push_value(v.threshold_version).push(", ");
            sql.push_value(v.comment.as_deref()).push(", ").push_value(v.source.name()).push(", ");
            sql.push_value(v.version).push(", ").push_value(v.created_at).push(", ");
            sql.push_value(v.created_by.as_uuid()).push(", ").push_value(v.updated_at).push(", ");
            sql.push_value(v.updated_by.as_uuid()).push(")");
        }
        sql.execute(connection).await?;
    }
    Ok(())
}

/// Stores a value over its previous version; answers how many rows that touched.
pub(in crate::tenant) async fn update_value<C: ConnectionTrait>(
    connection: &C,
    value: &Value,
) -> Result<u64, DbErr> {
    let v = value.snapshot();
    let (number, reason) = entry_columns(Some(&v.entry));
    Sql::new(
        connection,
        "UPDATE kpi_values SET value = $3, not_applicable_reason = $4, status = $5, status_reason = $6, score = $7, \
         threshold_version = $8, comment = $9, source = $10, version = $2, updated_at = $11, updated_by = $12 \
         WHERE id = $1 AND version = $2 - 1",
    )
    .bind(v.id.as_uuid())
    .bind(v.version)
    .dec(number)
    .bind(reason)
    .bind(v.status.map(Status::name))
    .bind(v.status_reason.name())
    .dec(v.score)
    .bind(v.threshold_version)
    .bind(v.comment.as_deref())
    .bind(v.source.name())
    .bind(v.updated_at)
    .bind(v.updated_by.as_uuid())
    .execute(connection)
    .await
}

pub(super) struct SeaRevisions<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> RevisionRepository for SeaRevisions<'_, C> {
    async fn insert(&mut self, revisions: &[Revision]) -> Result<(), StoreError> {
        insert_revisions(self.0, revisions).await.map_err(store_error)
    }
}

/// Appends revisions, many rows a statement.
pub(in crate::tenant) async fn insert_revisions<C: ConnectionTrait>(
    connection: &C,
    revisions: &[Revision],
) -> Result<(), DbErr> {
    for chunk in revisions.chunks(ROWS_PER_STATEMENT) {
        let mut sql = Sql::new(
            connection,
            "INSERT INTO kpi_value_revisions (id, kpi_id, period_start, value_id, old_value, old_not_applicable_reason, \
             new_value, new_not_applicable_reason, status_before, status_after, actor_id, source, reason, import_run_id, \
             overrides_lock, at) VALUES ",
        );
        for (index, r) in chunk.iter().enumerate() {
            let (old, old_reason) = entry_columns(r.old_entry.as_ref());
            let (new, new_reason) = entry_columns(r.new_entry.as_ref());
            sql.push(if index == 0 { "(" } else { ", (" });
            sql.push_value(r.id.as_uuid()).push(", ").push_value(r.kpi_id.as_uuid()).push(", ");
            sql.push_value(r.period_start).push(", ").push_value(r.value_id.as_uuid()).push(", ");
            sql.push_dec(old).push(", ").push_value(old_reason).push(", ");
            sql.push_dec(new).push(", ").push_value(new_reason).push(", ");
            sql.push_value(r.old_status.map(Status::name)).push(", ");
            sql.push_value(r.new_status.map(Status::name)).push(", ");
            sql.push_value(r.actor.as_uuid()).push(", ").push_value(r.source.name()).push(", ");
            sql.push_value(r.reason.as_deref()).push(", ");
            sql.push_value(r.import_run_id.map(vigie_kernel::ImportRunId::as_uuid)).push(", ");
            sql.push_value(r.overrides_lock).push(", ").push_value(r.at).push(")");
        }
        sql.execute(connection).await?;
    }
    Ok(())
}

pub(super) struct SeaClosings<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> ClosingRepository for SeaClosings<'_, C> {
    async fn put(&mut self, closing: &PeriodClosing) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "INSERT INTO period_closings (frequency, closed_through, updated_at, updated_by) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (frequency) DO UPDATE SET closed_through = excluded.closed_through, \
             updated_at = excluded.updated_at, updated_by = excluded.updated_by",
        )
        .bind(closing.frequency.name())
        .bind(closing.closed_through)
        .bind(closing.updated_at)
        .bind(closing.updated_by.as_uuid())
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn remove(&mut self, frequency: Frequency) -> Result<(), StoreError> {
        Sql::new(self.0, "DELETE FROM period_closings WHERE frequency = $1")
            .bind(frequency.name())
            .execute(self.0)
            .await
            .map(|_| ())
            .map_err(store_error)
    }
}
