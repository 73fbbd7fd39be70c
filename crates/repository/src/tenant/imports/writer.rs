//! Writing the values of an import: the KPI domain judges each row in memory, the database takes them a few statements a chunk.

use super::red::turned_red;
use crate::error::store_error;
use crate::server::is_postgres;
use crate::sql::{Sql, push_in};
use crate::tenant::kpis::{
    VALUE_COLUMNS, ValueRow as StoredRow, definitions_of, insert_revisions, insert_values, keep_latest,
    renew_latest, update_value, value,
};
use async_trait::async_trait;
use chrono::NaiveDate;
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use vigie_imports::{ApplyRules, IssueCode, OnConflict, RedKpi, RowOutcome, ValueRow, ValueWriter};
use vigie_kernel::{IdSource, ImportRunId, KpiId, StoreError, TenantContext};
use vigie_kpis::{
    Act, BulkJudge, Decision, Entry, NewEntry, RecordMode, RecordRefusal, Revision, RowLock, Source, Value,
};

/// The advisory lock under which imports of one organization write: two that insert the same periods in another order would
/// otherwise wait for each other. SQLite has one writer anyway.
const IMPORT_LOCK: i64 = 0x5669_6769_6502;

/// KPIs whose stored values are read in one statement.
const KPIS_PER_READ: usize = 500;

pub(super) struct SeaValueWriter<'a, C> {
    pub(super) connection: &'a C,
    pub(super) tenant: &'a TenantContext,
    pub(super) ids: &'a dyn IdSource,
}

/// What a chunk writes.
#[derive(Default)]
struct Changes {
    inserted: Vec<Value>,
    updated: Vec<Value>,
    cleared: Vec<Value>,
    revisions: Vec<Revision>,
}

#[async_trait]
impl<C: ConnectionTrait> ValueWriter for SeaValueWriter<'_, C> {
    async fn apply(&mut self, rows: &[ValueRow], rules: &ApplyRules) -> Result<Vec<RowOutcome>, StoreError> {
        if !rules.dry_run && is_postgres(self.connection) {
            let lock = format!("SELECT pg_advisory_xact_lock({IMPORT_LOCK})");
            self.connection.execute_unprepared(&lock).await.map_err(store_error)?;
        }
        let kpis: Vec<KpiId> = rows.iter().map(|row| row.kpi).collect::<BTreeSet<_>>().into_iter().collect();
        let lock = if rules.dry_run { RowLock::None } else { RowLock::Shared };
        let definitions = definitions_of(self.connection, &kpis, lock).await?;
        let existing = self.existing(rows, &kpis).await?;
        let act = Act {
            at: rules.now,
            today: self.tenant.today(rules.now),
            actor: rules.actor,
            source: Source::Import,
            mode: match rules.on_conflict {
                OnConflict::Upsert => RecordMode::Upsert,
                OnConflict::Skip => RecordMode::Skip,
                OnConflict::Reject => RecordMode::Reject,
            },
            import_run_id: Some(rules.run),
            override_reason: None,
        };
        let judge = BulkJudge::new(self.tenant, definitions, act);
        let mut changes = Changes::default();
        let mut outcomes = Vec::with_capacity(rows.len());
        for row in rows {
            let there = existing.get(&(row.kpi, row.period.start()));
            outcomes.push(self.decide(&judge, row, there, &mut changes));
        }
        if !rules.dry_run {
            self.write(&changes).await?;
        }
        Ok(outcomes)
    }

    async fn turned_red(&mut self, run: ImportRunId, most: u32) -> Result<Vec<RedKpi>, StoreError> {
        turned_red(self.connection, run, most).await
    }
}

impl<C: ConnectionTrait> SeaValueWriter<'_, C> {
    /// The values that are there for the periods of the rows.
    async fn existing(
        &self,
        rows: &[ValueRow],
        kpis: &[KpiId],
    ) -> Result<HashMap<(KpiId, NaiveDate), Value>, StoreError> {
        let starts = || rows.iter().map(|row| row.period.start());
        let (Some(first), Some(last)) = (starts().min(), starts().max()) else {
            return Ok(HashMap::new());
        };
        let mut existing = HashMap::new();
        for chunk in kpis.chunks(KPIS_PER_READ) {
            let mut sql = Sql::new(
                self.connection,
                format!(
                    "SELECT {VALUE_COLUMNS}, k.frequency FROM kpi_values v JOIN kpis k ON k.id = v.kpi_id WHERE "
                ),
            );
            push_in(&mut sql, "v.kpi_id", chunk.iter().map(|kpi| kpi.as_uuid()));
            sql.push(" AND v.period_start >= ").push_value(first);
            sql.push(" AND v.period_start <= ").push_value(last);
            let stored: Vec<StoredRow> = sql.all(self.connection).await.map_err(store_error)?;
            for row in stored {
                let value = value(row)?;
                let key = (value.snapshot().kpi_id, value.snapshot().period.start());
                existing.insert(key, value);
            }
        }
        Ok(existing)
    }

    fn decide(
        &self,
        judge: &BulkJudge,
        row: &ValueRow,
        there: Option<&Value>,
        changes: &mut Changes,
    ) -> RowOutcome {
        let Some(number) = row.entry else {
            let Some(there) = there else { return RowOutcome::Unchanged };
            return match judge.decide_clearing(row.kpi, there, self.ids) {
                Ok(revision) => {
                    changes.cleared.push(there.clone());
                    changes.revisions.push(revision);
                    RowOutcome::Cleared
                }
                Err(refusal) => rejected(&refusal),
            };
        };
        let new = NewEntry {
            period: row.period,
            entry: Entry::Number(number),
            comment: row.comment.clone().map(Some),
        };
        match judge.decide(row.kpi, there, new, self.ids) {
            Ok(Decision::Inserted(written)) => {
                changes.inserted.push(written.value);
                changes.revisions.push(written.revision);
                RowOutcome::Inserted
            }
            Ok(Decision::Updated(written)) => {
                changes.updated.push(written.value);
                changes.revisions.push(written.revision);
                RowOutcome::Updated
            }
            Ok(Decision::Unchanged) => RowOutcome::Unchanged,
            Ok(Decision::Skipped) => RowOutcome::Skipped,
            Err(refusal) => rejected(&refusal),
        }
    }

    async fn write(&self, changes: &Changes) -> Result<(), StoreError> {
        insert_values(self.connection, &changes.inserted).await.map_err(retryable)?;
        for value in &changes.updated {
            if update_value(self.connection, value).await.map_err(store_error)? == 0 {
                return Err(StoreError::Stale);
            }
        }
        for chunk in changes.cleared.chunks(KPIS_PER_READ) {
            let mut sql = Sql::new(self.connection, "DELETE FROM kpi_values WHERE ");
            push_in(&mut sql, "id", chunk.iter().map(|value| value.id().as_uuid()));
            sql.execute(self.connection).await.map_err(store_error)?;
        }
        // After every value of the chunk: who records one takes the same locks in the same order.
        keep_latest(self.connection, changes.inserted.iter().chain(&changes.updated)).await?;
        renew_latest(self.connection, changes.cleared.iter().map(|value| value.snapshot().kpi_id)).await?;
        insert_revisions(self.connection, &changes.revisions).await.map_err(store_error)
    }
}

/// A period that somebody recorded between the reading and the writing: the chunk is to be tried again, it will then see the value.
fn retryable(error: sea_orm::DbErr) -> StoreError {
    if error.sql_err().is_some() { StoreError::Stale } else { store_error(error) }
}

/// The refusal as an import reports it.
fn rejected(refusal: &RecordRefusal) -> RowOutcome {
    let told =
        |name: &str, value: &dyn std::fmt::Display| BTreeMap::from([(name.to_owned(), value.to_string())]);
    let (code, params) = match refusal {
        RecordRefusal::PeriodInFuture { today } => (IssueCode::PeriodInFuture, told("today", today)),
        RecordRefusal::PeriodBeforeStart { first } => (IssueCode::PeriodBeforeStart, told("first", first)),
        RecordRefusal::PeriodAfterEnd { last } => (IssueCode::PeriodAfterEnd, told("last", last)),
        RecordRefusal::PeriodFrequencyMismatch { given, wanted } => {
            let mut params = told("given", &given.name());
            params.extend(told("wanted", &wanted.name()));
            (IssueCode::PeriodFrequencyMismatch, params)
        }
        RecordRefusal::PeriodLocked { closed_through } => {
            (IssueCode::PeriodLocked, told("closed_through", closed_through))
        }
        RecordRefusal::KpiArchived => (IssueCode::KpiArchived, BTreeMap::new()),
        RecordRefusal::ValueExists(_) => (IssueCode::ConflictExists, BTreeMap::new()),
        RecordRefusal::KpiUnknown(_) => (IssueCode::KpiUnknown, BTreeMap::new()),
        RecordRefusal::KpiForbidden(_) => (IssueCode::KpiForbidden, BTreeMap::new()),
    };
    RowOutcome::Rejected { code, params }
}
