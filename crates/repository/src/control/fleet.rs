//! Runs of migrations over the organizations' databases, and what became of each.

use super::{ControlStore, organizations};
use crate::error::store_error;
use crate::keyset::{by_text, instant_cursor, newest_first, page};
use crate::sql::Sql;
use crate::stored::{named, narrow, touched};
use crate::tenant::SeaAudit;
use crate::transaction;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::collections::HashMap;
use uuid::Uuid;
use vigie_kernel::{
    AuditEntry, AuditLog as _, Cursor, MigrationRunId, OrganizationId, Page, PageRequest, Slug, StoreError,
};
use vigie_tenancy::{
    BehindOrganization, FleetStore, MigrationOutcome, MigrationResult, MigrationRun, OutcomeCounts, RunState,
};

const RUN_COLUMNS: &str = "id, state, dry_run, target_version, concurrency, canary, failure_budget, planned, ok, skipped, failed, \
    blocked, unreachable, quarantined, created_at, heartbeat_at, ended_at";

const COUNT: &str = "UPDATE migration_runs SET state = $2, ok = $3, skipped = $4, failed = $5, blocked = $6, unreachable = $7, \
    quarantined = $8, heartbeat_at = $9, ended_at = $10 WHERE id = $1";

/// An organization that was closed for a run gets back what it had; one that was suspended meanwhile stays so.
const REOPEN: &str = "UPDATE organizations SET status = CASE WHEN status = 'migrating' \
    THEN COALESCE(status_before_migrating, 'active') ELSE status END, status_before_migrating = NULL, migrating_for = NULL, \
    version = version + 1, updated_at = $2 WHERE id = $1 AND migrating_for IS NOT NULL";

#[derive(FromQueryResult)]
struct RunRow {
    id: Uuid,
    state: String,
    dry_run: bool,
    target_version: i32,
    concurrency: i32,
    canary: i64,
    failure_budget: i32,
    planned: i64,
    ok: i64,
    skipped: i64,
    failed: i64,
    blocked: i64,
    unreachable: i64,
    quarantined: i64,
    created_at: DateTime<Utc>,
    heartbeat_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct ResultRow {
    organization_id: Uuid,
    slug: String,
    from_version: Option<i32>,
    to_version: Option<i32>,
    outcome: String,
    error: Option<String>,
    milliseconds: i64,
    at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct FailuresRow {
    organization_id: Uuid,
    failures_in_a_row: i32,
}

#[derive(FromQueryResult)]
struct SlugRow {
    slug: String,
}

fn count(column: &str, number: i64) -> Result<u32, StoreError> {
    u32::try_from(number)
        .map_err(|_| StoreError::broken(format!("migration_runs.{column} holds {number}, out of its range")))
}

fn run(row: &RunRow) -> Result<MigrationRun, StoreError> {
    Ok(MigrationRun {
        id: row.id.into(),
        state: named("migration_runs.state", &row.state, RunState::from_name)?,
        dry_run: row.dry_run,
        target_version: row.target_version,
        concurrency: narrow("migration_runs.concurrency", row.concurrency)?,
        canary: count("canary", row.canary)?,
        failure_budget: narrow("migration_runs.failure_budget", row.failure_budget)?,
        planned: count("planned", row.planned)?,
        counts: OutcomeCounts {
            ok: count("ok", row.ok)?,
            skipped: count("skipped", row.skipped)?,
            failed: count("failed", row.failed)?,
            blocked: count("blocked", row.blocked)?,
            unreachable: count("unreachable", row.unreachable)?,
            quarantined: count("quarantined", row.quarantined)?,
        },
        created_at: row.created_at,
        heartbeat_at: row.heartbeat_at,
        ended_at: row.ended_at,
    })
}

fn slug(text: &str) -> Result<Slug, StoreError> {
    Slug::parse(text).map_err(|error| StoreError::Broken(Box::new(error)))
}

fn result(row: ResultRow) -> Result<MigrationResult, StoreError> {
    Ok(MigrationResult {
        organization: row.organization_id.into(),
        slug: slug(&row.slug)?,
        from_version: row.from_version,
        to_version: row.to_version,
        outcome: named("migration_results.outcome", &row.outcome, MigrationOutcome::from_name)?,
        error: row.error,
        milliseconds: u64::try_from(row.milliseconds).unwrap_or_default(),
        at: row.at,
    })
}

async fn store_counts<C: ConnectionTrait>(connection: &C, run: &MigrationRun) -> Result<(), StoreError> {
    let rows = Sql::new(connection, COUNT)
        .bind(run.id.as_uuid())
        .bind(run.state.name())
        .bind(i64::from(run.counts.ok))
        .bind(i64::from(run.counts.skipped))
        .bind(i64::from(run.counts.failed))
        .bind(i64::from(run.counts.blocked))
        .bind(i64::from(run.counts.unreachable))
        .bind(i64::from(run.counts.quarantined))
        .bind(run.heartbeat_at)
        .bind(run.ended_at)
        .execute(connection)
        .await
        .map_err(store_error)?;
    touched(rows)
}

/// Opens an organization to writes that was closed for `run`, or for any run when none is named.
async fn reopen<C: ConnectionTrait>(
    connection: &C,
    run: Option<MigrationRunId>,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut sql = Sql::new(connection, REOPEN).bind(organization.as_uuid()).bind(now);
    if let Some(run) = run {
        sql.push(" AND migrating_for = ").push_value(run.as_uuid());
    }
    sql.execute(connection).await.map(|_| ()).map_err(store_error)
}

/// What the organization's row and its count of failures become by a result.
async fn store_standing<C: ConnectionTrait>(
    connection: &C,
    run: MigrationRunId,
    result: &MigrationResult,
) -> Result<(), StoreError> {
    // A database that is current needs no migration of anybody's.
    let of_run = if result.outcome.is_current() { None } else { Some(run) };
    reopen(connection, of_run, result.organization, result.at).await?;
    if let Some(version) = result.to_version {
        // The version grows so that nobody who read the row before writes the old schema version back.
        Sql::new(
            connection,
            "UPDATE organizations SET schema_version = $2, version = version + 1, updated_at = $3 WHERE id = $1",
        )
        .bind(result.organization.as_uuid())
        .bind(version)
        .bind(result.at)
        .execute(connection)
        .await
        .map_err(store_error)?;
        return Sql::new(connection, "DELETE FROM migration_failures WHERE organization_id = $1")
            .bind(result.organization.as_uuid())
            .execute(connection)
            .await
            .map(|_| ())
            .map_err(store_error);
    }
    if result.outcome != MigrationOutcome::Failed {
        return Ok(());
    }
    Sql::new(
        connection,
        "INSERT INTO migration_failures (organization_id, failures_in_a_row) VALUES ($1, 1) \
         ON CONFLICT (organization_id) DO UPDATE SET failures_in_a_row = migration_failures.failures_in_a_row + 1",
    )
    .bind(result.organization.as_uuid())
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(store_error)
}

#[async_trait]
impl FleetStore for ControlStore {
    async fn behind(&self, schema_version: i32) -> Result<Vec<BehindOrganization>, StoreError> {
        let behind = organizations::behind(self.connection(), schema_version).await?;
        let failures: Vec<FailuresRow> =
            Sql::new(self.connection(), "SELECT organization_id, failures_in_a_row FROM migration_failures")
                .all(self.connection())
                .await
                .map_err(store_error)?;
        let failures: HashMap<Uuid, i32> =
            failures.into_iter().map(|row| (row.organization_id, row.failures_in_a_row)).collect();
        behind
            .into_iter()
            .map(|organization| {
                let failed = failures.get(&organization.id().as_uuid()).copied().unwrap_or_default();
                let failures_in_a_row = narrow("migration_failures.failures_in_a_row", failed)?;
                Ok(BehindOrganization { organization, failures_in_a_row })
            })
            .collect()
    }

    async fn in_service(&self, slug: &Slug) -> Result<bool, StoreError> {
        Sql::new(
            self.connection(),
            "SELECT 1 FROM organizations WHERE slug = $1 AND status IN ('active', 'read_only', 'migrating', 'suspended')",
        )
        .bind(slug.as_str())
        .exists(self.connection())
        .await
        .map_err(store_error)
    }

    async fn unfinished_of(&self, run: MigrationRunId) -> Result<Option<Vec<Slug>>, StoreError> {
        if FleetStore::run(self, run).await?.is_none() {
            return Ok(None);
        }
        let rows: Vec<SlugRow> = Sql::new(
            self.connection(),
            "SELECT o.slug FROM migration_results r JOIN organizations o ON o.id = r.organization_id \
             WHERE r.run_id = $1 AND r.outcome NOT IN ('ok', 'skipped') \
             UNION SELECT slug FROM organizations WHERE migrating_for = $1 ORDER BY slug",
        )
        .bind(run.as_uuid())
        .all(self.connection())
        .await
        .map_err(store_error)?;
        rows.iter().map(|row| slug(&row.slug)).collect::<Result<_, _>>().map(Some)
    }

    async fn begin_run(&self, run: &MigrationRun, entry: &AuditEntry) -> Result<(), StoreError> {
        let txn = transaction::begin(self.connection()).await?;
        let mut sql = Sql::new(&txn, format!("INSERT INTO migration_runs ({RUN_COLUMNS}) VALUES ("));
        sql.push_value(run.id.as_uuid()).push(", ").push_value(run.state.name()).push(", ");
        sql.push_value(run.dry_run).push(", ").push_value(run.target_version).push(", ");
        sql.push_value(i32::from(run.concurrency)).push(", ").push_value(i64::from(run.canary)).push(", ");
        sql.push_value(i32::from(run.failure_budget)).push(", ").push_value(i64::from(run.planned));
        sql.push(", 0, 0, 0, 0, 0, 0, ").push_value(run.created_at).push(", ").push_value(run.heartbeat_at);
        sql.push(", NULL)");
        sql.execute(&txn).await.map_err(store_error)?;
        SeaAudit(&txn, "platform_audit").record(entry).await?;
        txn.commit().await.map_err(store_error)
    }

    async fn close_for(
        &self,
        run: &MigrationRun,
        organization: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // The mark of a run that nobody works on any more is taken over.
        let rows = Sql::new(
            self.connection(),
            "UPDATE organizations SET \
             status_before_migrating = CASE WHEN status = 'migrating' THEN status_before_migrating ELSE status END, \
             migrating_for = CASE WHEN migrating_for IS NOT NULL AND EXISTS (SELECT 1 FROM migration_runs r \
                WHERE r.id = organizations.migrating_for AND r.state = 'running' AND r.heartbeat_at >= $4) \
                THEN migrating_for ELSE $2 END, \
             status = 'migrating', version = version + 1, updated_at = $3 \
             WHERE id = $1 AND status IN ('active', 'read_only', 'migrating')",
        )
        .bind(organization.as_uuid())
        .bind(run.id.as_uuid())
        .bind(now)
        .bind(MigrationRun::silent_since(now))
        .execute(self.connection())
        .await
        .map_err(store_error)?;
        Ok(rows == 1)
    }

    async fn reopen_after(
        &self,
        run: MigrationRunId,
        organization: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        reopen(self.connection(), Some(run), organization, now).await
    }

    async fn record(&self, run: &MigrationRun, result: &MigrationResult) -> Result<(), StoreError> {
        let txn = transaction::begin(self.connection()).await?;
        Sql::new(
            &txn,
            "INSERT INTO migration_results (run_id, organization_id, slug, from_version, to_version, outcome, error, \
             milliseconds, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(run.id.as_uuid())
        .bind(result.organization.as_uuid())
        .bind(result.slug.as_str())
        .bind(result.from_version)
        .bind(result.to_version)
        .bind(result.outcome.name())
        .bind(result.error.as_deref())
        .bind(i64::try_from(result.milliseconds).unwrap_or(i64::MAX))
        .bind(result.at)
        .execute(&txn)
        .await
        .map_err(store_error)?;
        store_counts(&txn, run).await?;
        if !run.dry_run {
            store_standing(&txn, run.id, result).await?;
        }
        txn.commit().await.map_err(store_error)
    }

    async fn end_run(&self, run: &MigrationRun, entry: &AuditEntry) -> Result<(), StoreError> {
        let txn = transaction::begin(self.connection()).await?;
        store_counts(&txn, run).await?;
        SeaAudit(&txn, "platform_audit").record(entry).await?;
        txn.commit().await.map_err(store_error)
    }

    async fn run(&self, id: MigrationRunId) -> Result<Option<MigrationRun>, StoreError> {
        let row: Option<RunRow> =
            Sql::new(self.connection(), format!("SELECT {RUN_COLUMNS} FROM migration_runs WHERE id = $1"))
                .bind(id.as_uuid())
                .one(self.connection())
                .await
                .map_err(store_error)?;
        row.as_ref().map(run).transpose()
    }

    async fn runs(&self, request: &PageRequest) -> Result<Page<MigrationRun>, StoreError> {
        let mut sql =
            Sql::new(self.connection(), format!("SELECT {RUN_COLUMNS} FROM migration_runs WHERE 1 = 1"));
        newest_first(&mut sql, "", request)?;
        let rows: Vec<RunRow> = sql.all(self.connection()).await.map_err(store_error)?;
        page(rows, request, |row| run(&row), |last| instant_cursor(last.created_at, last.id.as_uuid()))
    }

    async fn results(
        &self,
        id: MigrationRunId,
        outcome: Option<MigrationOutcome>,
        request: &PageRequest,
    ) -> Result<Page<MigrationResult>, StoreError> {
        let mut sql = Sql::new(
            self.connection(),
            "SELECT organization_id, slug, from_version, to_version, outcome, error, milliseconds, at \
             FROM migration_results WHERE run_id = ",
        );
        sql.push_value(id.as_uuid());
        if let Some(outcome) = outcome {
            sql.push(" AND outcome = ").push_value(outcome.name());
        }
        by_text(&mut sql, "slug", "organization_id", request);
        let rows: Vec<ResultRow> = sql.all(self.connection()).await.map_err(store_error)?;
        page(rows, request, result, |last| Cursor {
            key: last.slug.to_string(),
            id: last.organization.as_uuid(),
        })
    }
}
