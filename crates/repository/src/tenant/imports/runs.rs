//! Import runs and the catalogue.

use crate::error::store_error;
use crate::keyset::{instant_cursor, newest_first, page};
use crate::sql::Sql;
use crate::stored::{named, touched};
use crate::tenant::work::TenantReads;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;
use vigie_imports::{
    ImportReads, ImportRun, ImportRunFilter, ImportRunRepository, ImportRunSnapshot, KpiEntry, RunKind,
    RunMark, RunPhase, RunStatus,
};
use vigie_kernel::{Frequency, ImportRunId, Page, PageRequest, Permission, StoreError};

const COLUMNS: &str = "id, kind, status, phase, file_name, file_sha256, file_size, options, dry_run, error_message, progress, counts, \
    checkpoint, report, version, created_at, created_by, updated_at";

#[derive(FromQueryResult)]
struct RunRow {
    id: Uuid,
    kind: String,
    status: String,
    phase: String,
    file_name: String,
    file_sha256: String,
    file_size: i64,
    options: serde_json::Value,
    dry_run: bool,
    error_message: Option<String>,
    progress: serde_json::Value,
    counts: serde_json::Value,
    checkpoint: serde_json::Value,
    report: serde_json::Value,
    version: i64,
    created_at: DateTime<Utc>,
    created_by: Uuid,
    updated_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct MarkRow {
    version: i64,
    created_by: Uuid,
}

#[derive(FromQueryResult)]
struct KpiEntryRow {
    id: Uuid,
    code: String,
    name: String,
    unit: String,
    frequency: String,
    archived: bool,
    owner_id: Uuid,
    dashboard_owner: Uuid,
}

fn from_json<T: DeserializeOwned>(column: &str, json: serde_json::Value) -> Result<T, StoreError> {
    serde_json::from_value(json).map_err(|error| StoreError::broken(format!("import_runs.{column}: {error}")))
}

fn to_json<T: Serialize>(value: &T) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(value).map_err(|error| StoreError::Broken(Box::new(error)))
}

fn run(row: RunRow) -> Result<ImportRun, StoreError> {
    Ok(ImportRun::restore(ImportRunSnapshot {
        id: row.id.into(),
        kind: named("import_runs.kind", &row.kind, RunKind::from_name)?,
        status: named("import_runs.status", &row.status, RunStatus::from_name)?,
        phase: named("import_runs.phase", &row.phase, RunPhase::from_name)?,
        file_name: row.file_name,
        file_sha256: row.file_sha256,
        file_size: u64::try_from(row.file_size).map_err(|error| StoreError::Broken(Box::new(error)))?,
        options: row.options,
        dry_run: row.dry_run,
        created_by: row.created_by.into(),
        created_at: row.created_at,
        updated_at: row.updated_at,
        error_message: row.error_message,
        progress: from_json("progress", row.progress)?,
        counts: from_json("counts", row.counts)?,
        checkpoint: from_json("checkpoint", row.checkpoint)?,
        report: from_json("report", row.report)?,
        version: row.version,
    }))
}

async fn find<C: ConnectionTrait>(connection: &C, id: ImportRunId) -> Result<Option<ImportRun>, StoreError> {
    let row: Option<RunRow> =
        Sql::new(connection, format!("SELECT {COLUMNS} FROM import_runs WHERE id = $1"))
            .bind(id.as_uuid())
            .one(connection)
            .await
            .map_err(store_error)?;
    row.map(run).transpose()
}

pub(super) struct SeaImportRuns<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> ImportRunRepository for SeaImportRuns<'_, C> {
    async fn find(&mut self, id: ImportRunId) -> Result<Option<ImportRun>, StoreError> {
        find(self.0, id).await
    }

    async fn insert(&mut self, run: &ImportRun) -> Result<(), StoreError> {
        let r = run.snapshot();
        let size = i64::try_from(r.file_size).map_err(|error| StoreError::Broken(Box::new(error)))?;
        Sql::new(
            self.0,
            format!(
                "INSERT INTO import_runs ({COLUMNS}) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
            ),
        )
        .bind(r.id.as_uuid())
        .bind(r.kind.name())
        .bind(r.status.name())
        .bind(r.phase.name())
        .bind(r.file_name.as_str())
        .bind(r.file_sha256.as_str())
        .bind(size)
        .bind(r.options.clone())
        .bind(r.dry_run)
        .bind(r.error_message.as_deref())
        .bind(to_json(&r.progress)?)
        .bind(to_json(&r.counts)?)
        .bind(to_json(&r.checkpoint)?)
        .bind(to_json(&r.report)?)
        .bind(r.version)
        .bind(r.created_at)
        .bind(r.created_by.as_uuid())
        .bind(r.updated_at)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn update(&mut self, run: &ImportRun) -> Result<(), StoreError> {
        let r = run.snapshot();
        let rows = Sql::new(
            self.0,
            "UPDATE import_runs SET status = $3, phase = $4, error_message = $5, progress = $6, counts = $7, checkpoint = $8, \
             report = $9, version = $2, updated_at = $10 WHERE id = $1 AND version = $2 - 1",
        )
        .bind(r.id.as_uuid())
        .bind(r.version)
        .bind(r.status.name())
        .bind(r.phase.name())
        .bind(r.error_message.as_deref())
        .bind(to_json(&r.progress)?)
        .bind(to_json(&r.counts)?)
        .bind(to_json(&r.checkpoint)?)
        .bind(to_json(&r.report)?)
        .bind(r.updated_at)
        .execute(self.0)
        .await
        .map_err(store_error)?;
        touched(rows)
    }
}

#[async_trait]
impl ImportReads for TenantReads {
    async fn catalogue(&mut self) -> Result<Vec<KpiEntry>, StoreError> {
        let rows: Vec<KpiEntryRow> = Sql::new(
            &self.pool,
            "SELECT k.id, k.code, k.name, k.unit, k.frequency, k.archived, k.owner_id, d.owner_id AS dashboard_owner \
             FROM kpis k JOIN dashboards d ON d.id = k.dashboard_id ORDER BY k.code",
        )
        .all(&self.pool)
        .await
        .map_err(store_error)?;
        let actor = self.tenant.actor().as_uuid();
        rows.into_iter()
            .map(|row| {
                let own = row.owner_id == actor || row.dashboard_owner == actor;
                Ok(KpiEntry {
                    id: row.id.into(),
                    code: row.code,
                    name: row.name,
                    unit: row.unit,
                    frequency: named("kpis.frequency", &row.frequency, Frequency::from_name)?,
                    archived: row.archived,
                    writable: self
                        .tenant
                        .require_or_own(Permission::ValueRecord, Permission::ValueRecordOwn, own)
                        .is_ok(),
                })
            })
            .collect()
    }

    async fn find(&mut self, id: ImportRunId) -> Result<Option<ImportRun>, StoreError> {
        find(&self.pool, id).await
    }

    async fn mark(&mut self, id: ImportRunId) -> Result<Option<RunMark>, StoreError> {
        let row: Option<MarkRow> =
            Sql::new(&self.pool, "SELECT version, created_by FROM import_runs WHERE id = $1")
                .bind(id.as_uuid())
                .one(&self.pool)
                .await
                .map_err(store_error)?;
        Ok(row.map(|row| RunMark { version: row.version, created_by: row.created_by.into() }))
    }

    async fn list(
        &mut self,
        filter: ImportRunFilter,
        request: &PageRequest,
    ) -> Result<Page<ImportRun>, StoreError> {
        let mut sql = Sql::new(&self.pool, format!("SELECT {COLUMNS} FROM import_runs WHERE TRUE"));
        if let Some(author) = filter.created_by {
            sql.push(" AND created_by = ").push_value(author.as_uuid());
        }
        newest_first(&mut sql, "", request)?;
        let rows: Vec<RunRow> = sql.all(&self.pool).await.map_err(store_error)?;
        page(rows, request, run, |last| {
            instant_cursor(last.snapshot().created_at, last.snapshot().id.as_uuid())
        })
    }
}
