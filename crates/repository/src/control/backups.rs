//! What the control database knows of backups, of exchanged databases and of deletions.

use super::{deletions, moves};
use crate::error::store_error;
use crate::keyset::{instant_cursor, newest_first, page};
use crate::sql::Sql;
use crate::stored::{named, touched};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, FromQueryResult};
use std::collections::BTreeMap;
use uuid::Uuid;
use vigie_kernel::{AuditEntry, BackupId, OrganizationId, Page, PageRequest, StoreError};
use vigie_tenancy::Organization;
use vigie_tenancy::backup::{
    BackupKind, BackupLedger, BackupRecord, BackupStatus, DatabaseMove, Deletion, MemberAccount, MoveState,
};

/// The tables of backups in the control database.
pub struct ControlLedger {
    control: DatabaseConnection,
}

impl ControlLedger {
    /// The ledger of that control database.
    #[must_use]
    pub const fn new(control: DatabaseConnection) -> Self {
        Self { control }
    }

    /// The members of an organization with their accounts, by name.
    pub async fn members(&self, organization: OrganizationId) -> Result<Vec<MemberAccount>, StoreError> {
        deletions::members(&self.control, organization).await
    }
}

const COLUMNS: &str = "id, organization_id, slug, kind, status, path, size_bytes, sha256, schema_version, counts, error, \
    created_at, finished_at, drilled_at, drill_error";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    slug: String,
    kind: String,
    status: String,
    path: Option<String>,
    size_bytes: Option<i64>,
    sha256: Option<String>,
    schema_version: Option<i32>,
    counts: serde_json::Value,
    error: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    drilled_at: Option<DateTime<Utc>>,
    drill_error: Option<String>,
}

fn record(row: Row) -> Result<BackupRecord, StoreError> {
    let counts: BTreeMap<String, u64> =
        serde_json::from_value(row.counts).map_err(|error| StoreError::Broken(Box::new(error)))?;
    Ok(BackupRecord {
        id: row.id.into(),
        organization: row.organization_id.into(),
        slug: row.slug,
        kind: named("backups.kind", &row.kind, BackupKind::from_name)?,
        status: named("backups.status", &row.status, BackupStatus::from_name)?,
        path: row.path,
        size: row.size_bytes,
        sha256: row.sha256,
        schema_version: row.schema_version,
        counts,
        error: row.error,
        created_at: row.created_at,
        finished_at: row.finished_at,
        drilled_at: row.drilled_at,
        drill_error: row.drill_error,
    })
}

fn counts(backup: &BackupRecord) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(&backup.counts).map_err(|error| StoreError::Broken(Box::new(error)))
}

#[async_trait]
impl BackupLedger for ControlLedger {
    async fn insert(&self, backup: &BackupRecord) -> Result<(), StoreError> {
        Sql::new(
            &self.control,
            "INSERT INTO backups (id, organization_id, slug, kind, status, path, size_bytes, sha256, schema_version, counts, \
             error, created_at, finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(backup.id.as_uuid())
        .bind(backup.organization.as_uuid())
        .bind(backup.slug.as_str())
        .bind(backup.kind.name())
        .bind(backup.status.name())
        .bind(backup.path.as_deref())
        .bind(backup.size)
        .bind(backup.sha256.as_deref())
        .bind(backup.schema_version)
        .bind(counts(backup)?)
        .bind(backup.error.as_deref())
        .bind(backup.created_at)
        .bind(backup.finished_at)
        .execute(&self.control)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn update(&self, backup: &BackupRecord) -> Result<(), StoreError> {
        let rows = Sql::new(
            &self.control,
            "UPDATE backups SET status = $2, path = $3, size_bytes = $4, sha256 = $5, schema_version = $6, counts = $7, \
             error = $8, finished_at = $9, drilled_at = $10, drill_error = $11 WHERE id = $1",
        )
        .bind(backup.id.as_uuid())
        .bind(backup.status.name())
        .bind(backup.path.as_deref())
        .bind(backup.size)
        .bind(backup.sha256.as_deref())
        .bind(backup.schema_version)
        .bind(counts(backup)?)
        .bind(backup.error.as_deref())
        .bind(backup.finished_at)
        .bind(backup.drilled_at)
        .bind(backup.drill_error.as_deref())
        .execute(&self.control)
        .await
        .map_err(store_error)?;
        touched(rows)
    }

    async fn find(&self, id: BackupId) -> Result<Option<BackupRecord>, StoreError> {
        let select = format!("SELECT {COLUMNS} FROM backups WHERE id = $1");
        let row: Option<Row> = Sql::new(&self.control, select)
            .bind(id.as_uuid())
            .one(&self.control)
            .await
            .map_err(store_error)?;
        row.map(record).transpose()
    }

    async fn list(
        &self,
        organization: OrganizationId,
        request: &PageRequest,
    ) -> Result<Page<BackupRecord>, StoreError> {
        let mut sql =
            Sql::new(&self.control, format!("SELECT {COLUMNS} FROM backups WHERE organization_id = "));
        sql.push_value(organization.as_uuid());
        newest_first(&mut sql, "", request)?;
        let rows: Vec<Row> = sql.all(&self.control).await.map_err(store_error)?;
        page(rows, request, record, |last| instant_cursor(last.created_at, last.id.as_uuid()))
    }

    async fn last_good(&self, organization: OrganizationId) -> Result<Option<BackupRecord>, StoreError> {
        let select = format!(
            "SELECT {COLUMNS} FROM backups WHERE organization_id = $1 AND status = 'done' \
             ORDER BY created_at DESC, id DESC LIMIT 1"
        );
        let row: Option<Row> = Sql::new(&self.control, select)
            .bind(organization.as_uuid())
            .one(&self.control)
            .await
            .map_err(store_error)?;
        row.map(record).transpose()
    }

    async fn drill_next(&self, limit: u16) -> Result<Vec<OrganizationId>, StoreError> {
        #[derive(FromQueryResult)]
        struct Next {
            organization_id: Uuid,
        }
        let next: Vec<Next> = Sql::new(
            &self.control,
            "SELECT b.organization_id FROM backups b JOIN organizations o ON o.id = b.organization_id \
             WHERE o.status IN ('active', 'read_only', 'suspended') GROUP BY b.organization_id \
             HAVING MAX(CASE WHEN b.status = 'done' THEN 1 ELSE 0 END) = 1 \
             ORDER BY COALESCE(MAX(b.drilled_at), $1), b.organization_id LIMIT $2",
        )
        .bind(DateTime::UNIX_EPOCH)
        .bind(i64::from(limit))
        .all(&self.control)
        .await
        .map_err(store_error)?;
        Ok(next.into_iter().map(|row| row.organization_id.into()).collect())
    }

    async fn final_before(&self, at: DateTime<Utc>) -> Result<Vec<BackupRecord>, StoreError> {
        let select = format!(
            "SELECT {COLUMNS} FROM backups WHERE status = 'done' AND created_at < $1 AND kind = 'final' \
             ORDER BY created_at LIMIT 100"
        );
        let rows: Vec<Row> =
            Sql::new(&self.control, select).bind(at).all(&self.control).await.map_err(store_error)?;
        rows.into_iter().map(record).collect()
    }

    async fn give_up(&self, since_before: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64, StoreError> {
        Sql::new(
            &self.control,
            "UPDATE backups SET status = 'failed', error = 'no worker has made it', finished_at = $2 \
             WHERE status IN ('queued', 'running') AND created_at < $1",
        )
        .bind(since_before)
        .bind(now)
        .execute(&self.control)
        .await
        .map_err(store_error)
    }

    async fn begin_move(&self, moving: &DatabaseMove) -> Result<(), StoreError> {
        moves::begin(&self.control, moving).await
    }

    async fn update_move(&self, moving: &DatabaseMove, from: MoveState) -> Result<(), StoreError> {
        moves::update(&self.control, moving, from).await
    }

    async fn switch(
        &self,
        organization: &Organization,
        moving: &DatabaseMove,
        closes: Option<&DatabaseMove>,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        moves::switch(&self.control, organization, moving, closes, entry).await
    }

    async fn undoable(&self, organization: OrganizationId) -> Result<Option<DatabaseMove>, StoreError> {
        moves::undoable(&self.control, organization).await
    }

    async fn moves_of(&self, organization: OrganizationId) -> Result<Vec<DatabaseMove>, StoreError> {
        moves::of(&self.control, organization).await
    }

    async fn stale_moves(&self, now: DateTime<Utc>) -> Result<Vec<DatabaseMove>, StoreError> {
        moves::stale(&self.control, now).await
    }

    async fn moves_in(
        &self,
        state: MoveState,
        since_before: DateTime<Utc>,
    ) -> Result<Vec<DatabaseMove>, StoreError> {
        moves::in_state(&self.control, state, since_before).await
    }

    async fn moved_since(&self, at: DateTime<Utc>) -> Result<Vec<OrganizationId>, StoreError> {
        moves::moved_since(&self.control, at).await
    }

    async fn abandoned_restores(&self, since_before: DateTime<Utc>) -> Result<Vec<Organization>, StoreError> {
        super::organizations::restoring(&self.control, since_before).await
    }

    async fn begin_deletion(
        &self,
        organization: &Organization,
        deletion: &Deletion,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        deletions::begin(&self.control, organization, deletion, entry).await
    }

    async fn deletion(&self, organization: OrganizationId) -> Result<Option<Deletion>, StoreError> {
        deletions::find(&self.control, organization).await
    }

    async fn cancel_deletion(
        &self,
        organization: &Organization,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
        deletions::cancel(&self.control, organization, entry).await
    }

    async fn due_deletions(&self, now: DateTime<Utc>) -> Result<Vec<Deletion>, StoreError> {
        deletions::due(&self.control, now).await
    }

    async fn erase(
        &self,
        tombstone: &Organization,
        deletion: &Deletion,
        entry: &AuditEntry,
    ) -> Result<u64, StoreError> {
        deletions::erase(&self.control, tombstone, deletion, entry).await
    }

    async fn free_slugs(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        deletions::free_slugs(&self.control, now).await
    }
}
