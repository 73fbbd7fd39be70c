//! Deletions of organizations, and what is removed by them.

use super::organizations::SeaOrganizations;
use super::work::{AUDIT, for_update};
use crate::error::store_error;
use crate::servers::release_in;
use crate::sql::{Sql, push_in};
use crate::tenant::SeaAudit;
use crate::transaction;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult};
use uuid::Uuid;
use vigie_kernel::{AuditEntry, AuditLog, OrganizationId, StoreError};
use vigie_tenancy::backup::{Deletion, MemberAccount};
use vigie_tenancy::{Organization, OrganizationRepository};

/// Accounts that are looked at in one statement.
const AT_ONCE: usize = 500;

const SELECT: &str = "SELECT organization_id, slug, reason, requested_at, purge_after, final_backup_id, purged_at, slug_free_at \
    FROM organization_deletions";

#[derive(FromQueryResult)]
struct Row {
    organization_id: Uuid,
    slug: String,
    reason: String,
    requested_at: DateTime<Utc>,
    purge_after: DateTime<Utc>,
    final_backup_id: Option<Uuid>,
    purged_at: Option<DateTime<Utc>>,
    slug_free_at: Option<DateTime<Utc>>,
}

impl From<Row> for Deletion {
    fn from(row: Row) -> Self {
        Self {
            organization: row.organization_id.into(),
            slug: row.slug,
            reason: row.reason,
            requested_at: row.requested_at,
            purge_after: row.purge_after,
            final_backup: row.final_backup_id.map(Into::into),
            purged_at: row.purged_at,
            slug_free_at: row.slug_free_at,
        }
    }
}

pub(super) async fn begin(
    control: &DatabaseConnection,
    organization: &Organization,
    deletion: &Deletion,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    let txn = transaction::begin(control).await?;
    SeaOrganizations(&txn).update(organization).await?;
    Sql::new(
        &txn,
        "INSERT INTO organization_deletions (organization_id, slug, reason, requested_at, purge_after, final_backup_id) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(deletion.organization.as_uuid())
    .bind(deletion.slug.as_str())
    .bind(deletion.reason.as_str())
    .bind(deletion.requested_at)
    .bind(deletion.purge_after)
    .bind(deletion.final_backup.map(Uuid::from))
    .execute(&txn)
    .await
    .map_err(store_error)?;
    SeaAudit(&txn, AUDIT).record(entry).await?;
    txn.commit().await.map_err(store_error)
}

pub(super) async fn find(
    control: &DatabaseConnection,
    organization: OrganizationId,
) -> Result<Option<Deletion>, StoreError> {
    let row: Option<Row> = Sql::new(control, format!("{SELECT} WHERE organization_id = $1"))
        .bind(organization.as_uuid())
        .one(control)
        .await
        .map_err(store_error)?;
    Ok(row.map(Into::into))
}

pub(super) async fn cancel(
    control: &DatabaseConnection,
    organization: &Organization,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    let txn = transaction::begin(control).await?;
    SeaOrganizations(&txn).update(organization).await?;
    Sql::new(&txn, "DELETE FROM organization_deletions WHERE organization_id = $1 AND purged_at IS NULL")
        .bind(organization.id().as_uuid())
        .execute(&txn)
        .await
        .map_err(store_error)?;
    SeaAudit(&txn, AUDIT).record(entry).await?;
    txn.commit().await.map_err(store_error)
}

pub(super) async fn due(
    control: &DatabaseConnection,
    now: DateTime<Utc>,
) -> Result<Vec<Deletion>, StoreError> {
    let select =
        format!("{SELECT} WHERE purged_at IS NULL AND purge_after <= $1 ORDER BY purge_after LIMIT 100");
    let rows: Vec<Row> = Sql::new(control, select).bind(now).all(control).await.map_err(store_error)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Deletes the organization's row, by which everything goes that refers to it, and puts the tombstone into its place.
pub(super) async fn erase(
    control: &DatabaseConnection,
    tombstone: &Organization,
    deletion: &Deletion,
    entry: &AuditEntry,
) -> Result<u64, StoreError> {
    let id = tombstone.id().as_uuid();
    let txn = transaction::begin(control).await?;
    let members = locked_members(&txn, tombstone.id()).await?;
    let place = crate::servers::place_locked(&txn, tombstone.id()).await?;
    let gone =
        Sql::new(&txn, "DELETE FROM organizations WHERE id = $1 AND version = $2 AND status = 'archived'")
            .bind(id)
            .bind(tombstone.snapshot().version - 1)
            .execute(&txn)
            .await
            .map_err(store_error)?;
    crate::stored::touched(gone)?;
    if let Some(server) = place {
        release_in(&txn, server).await?;
    }
    SeaOrganizations(&txn).insert(tombstone).await?;
    let mut accounts = 0;
    for members in members.chunks(AT_ONCE) {
        accounts += remove_orphans(&txn, members).await?;
    }
    Sql::new(
        &txn,
        "UPDATE organization_deletions SET purged_at = $2, slug_free_at = $3 WHERE organization_id = $1",
    )
    .bind(id)
    .bind(deletion.purged_at)
    .bind(deletion.slug_free_at)
    .execute(&txn)
    .await
    .map_err(store_error)?;
    SeaAudit(&txn, AUDIT).record(entry).await?;
    txn.commit().await.map_err(store_error)?;
    Ok(accounts)
}

/// Locked: whoever gives one of them another membership meanwhile is waited for.
async fn locked_members<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
) -> Result<Vec<Uuid>, StoreError> {
    #[derive(FromQueryResult)]
    struct Member {
        id: Uuid,
    }
    let select = format!(
        "SELECT id FROM users WHERE id IN (SELECT user_id FROM memberships WHERE organization_id = $1) ORDER BY id{}",
        for_update(connection)
    );
    let members: Vec<Member> = Sql::new(connection, select)
        .bind(organization.as_uuid())
        .all(connection)
        .await
        .map_err(store_error)?;
    Ok(members.into_iter().map(|member| member.id).collect())
}

/// Removes the accounts that have no membership left and no platform role, with their sessions.
async fn remove_orphans<C: ConnectionTrait>(connection: &C, members: &[Uuid]) -> Result<u64, StoreError> {
    const ORPHANS: &str = "SELECT u.id FROM users u WHERE u.is_platform_admin = FALSE \
        AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = u.id) AND ";
    for delete in ["DELETE FROM sessions WHERE user_id IN (", "DELETE FROM users WHERE id IN ("] {
        let mut sql = Sql::new(connection, delete);
        sql.push(ORPHANS);
        push_in(&mut sql, "u.id", members.iter().copied());
        sql.push(")");
        let rows = sql.execute(connection).await.map_err(store_error)?;
        if delete.contains("users") {
            return Ok(rows);
        }
    }
    Ok(0)
}

/// The deletions stay, for the record; only the tombstones that hold the slugs go.
pub(super) async fn free_slugs(control: &DatabaseConnection, now: DateTime<Utc>) -> Result<u64, StoreError> {
    Sql::new(
        control,
        "DELETE FROM organizations WHERE status = 'deleted' AND id IN \
         (SELECT organization_id FROM organization_deletions WHERE slug_free_at <= $1)",
    )
    .bind(now)
    .execute(control)
    .await
    .map_err(store_error)
}

pub(super) async fn members(
    control: &DatabaseConnection,
    organization: OrganizationId,
) -> Result<Vec<MemberAccount>, StoreError> {
    #[derive(FromQueryResult)]
    struct Member {
        id: Uuid,
        email: String,
        full_name: String,
        role: String,
        is_active: bool,
        created_at: DateTime<Utc>,
    }
    let rows: Vec<Member> = Sql::new(
        control,
        "SELECT u.id, u.email, u.full_name, m.role, m.is_active, m.created_at FROM memberships m \
         JOIN users u ON u.id = m.user_id WHERE m.organization_id = $1 ORDER BY u.full_name, u.id",
    )
    .bind(organization.as_uuid())
    .all(control)
    .await
    .map_err(store_error)?;
    Ok(rows
        .into_iter()
        .map(|row| MemberAccount {
            user: row.id.into(),
            email: row.email,
            full_name: row.full_name,
            role: row.role,
            active: row.is_active,
            since: row.created_at,
        })
        .collect())
}
