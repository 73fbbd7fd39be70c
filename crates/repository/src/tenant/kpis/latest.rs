//! The latest value of each KPI, kept in the transaction that writes its values.
//!
//! Reports ask for the latest value of every KPI; finding each in its history costs a step in an index, a thousand for a thousand KPIs.
//! Whoever writes values calls [`keep_latest`], whoever removes some calls [`renew_latest`], each after all of its values: two that write
//! at once then wait for each other in the same order.

use super::rows::entry_columns;
use crate::error::store_error;
use crate::sql::{Sql, push_in};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;
use vigie_kernel::{KpiId, StoreError};
use vigie_kpis::{Status, Value};

/// KPIs in one statement: 9 columns each, well under the 32,766 parameters that SQLite takes.
const KPIS_PER_STATEMENT: usize = 500;

const INSERT: &str = "INSERT INTO kpi_latest_values (kpi_id, period_start, period_end, value, not_applicable_reason, status, \
    status_reason, score, threshold_version) ";

/// An older value never takes the place of a newer one, whichever transaction comes first.
const UNLESS_NEWER: &str = " ON CONFLICT (kpi_id) DO UPDATE SET period_start = excluded.period_start, \
    period_end = excluded.period_end, value = excluded.value, not_applicable_reason = excluded.not_applicable_reason, \
    status = excluded.status, status_reason = excluded.status_reason, score = excluded.score, \
    threshold_version = excluded.threshold_version WHERE excluded.period_start >= kpi_latest_values.period_start";

/// Keeps the latest of the values that were just inserted or updated, unless a newer one is there.
pub(in crate::tenant) async fn keep_latest<C: ConnectionTrait>(
    connection: &C,
    values: impl IntoIterator<Item = &Value>,
) -> Result<(), StoreError> {
    let mut newest: BTreeMap<Uuid, &Value> = BTreeMap::new();
    for value in values {
        let v = value.snapshot();
        let kept = newest.entry(v.kpi_id.as_uuid()).or_insert(value);
        if v.period.start() > kept.snapshot().period.start() {
            *kept = value;
        }
    }
    let newest: Vec<&Value> = newest.into_values().collect();
    for chunk in newest.chunks(KPIS_PER_STATEMENT) {
        let mut sql = Sql::new(connection, INSERT);
        sql.push("VALUES ");
        for (index, value) in chunk.iter().enumerate() {
            let v = value.snapshot();
            let (number, reason) = entry_columns(Some(&v.entry));
            sql.push(if index == 0 { "(" } else { ", (" }).push_value(v.kpi_id.as_uuid()).push(", ");
            sql.push_value(v.period.start()).push(", ").push_value(v.period.end()).push(", ");
            sql.push_dec(number).push(", ").push_value(reason).push(", ");
            sql.push_value(v.status.map(Status::name)).push(", ");
            sql.push_value(v.status_reason.name()).push(", ");
            sql.push_dec(v.score).push(", ").push_value(v.threshold_version).push(")");
        }
        sql.push(UNLESS_NEWER);
        sql.execute(connection).await.map_err(store_error)?;
    }
    Ok(())
}

/// Looks for the latest value of KPIs some of whose values were just removed.
pub(in crate::tenant) async fn renew_latest<C: ConnectionTrait>(
    connection: &C,
    kpis: impl IntoIterator<Item = KpiId>,
) -> Result<(), StoreError> {
    let kpis: Vec<Uuid> = kpis.into_iter().map(KpiId::as_uuid).collect::<BTreeSet<_>>().into_iter().collect();
    for chunk in kpis.chunks(KPIS_PER_STATEMENT) {
        let mut forget = Sql::new(connection, "DELETE FROM kpi_latest_values WHERE ");
        push_in(&mut forget, "kpi_id", chunk.iter().copied());
        forget.execute(connection).await.map_err(store_error)?;
        let mut find = Sql::new(connection, INSERT);
        find.push(
            "SELECT v.kpi_id, v.period_start, v.period_end, v.value, v.not_applicable_reason, v.status, v.status_reason, v.score, \
             v.threshold_version FROM kpis k JOIN kpi_values v ON v.kpi_id = k.id AND v.period_start = \
             (SELECT MAX(l.period_start) FROM kpi_values l WHERE l.kpi_id = k.id) WHERE ",
        );
        push_in(&mut find, "k.id", chunk.iter().copied());
        find.push(UNLESS_NEWER);
        find.execute(connection).await.map_err(store_error)?;
    }
    Ok(())
}
