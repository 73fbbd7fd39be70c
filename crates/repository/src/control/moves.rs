//! Exchanges of organizations' databases.

use super::organizations::SeaOrganizations;
use crate::error::{UniqueRule, store_error, with_unique};
use crate::servers::release_in;
use crate::sql::Sql;
use crate::stored::{named, touched};
use crate::tenant::SeaAudit;
use crate::transaction;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult};
use uuid::Uuid;
use vigie_kernel::{AuditEntry, AuditLog, OrganizationId, ServerId, StoreError};
use vigie_tenancy::backup::{DatabaseMove, MoveKind, MoveState, RULE_ONE_MOVE, RULE_SERVER_ROOM};
use vigie_tenancy::{Organization, OrganizationRepository};

const UNIQUE: &[UniqueRule] = &[UniqueRule {
    constraint: "database_moves_running_key",
    columns: "database_moves.organization_id",
    rule: RULE_ONE_MOVE,
}];

const SELECT: &str = "SELECT id, organization_id, kind, state, old_database, new_database, old_server_id, new_server_id, \
    lease_until, created_at, changed_at FROM database_moves";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    kind: String,
    state: String,
    old_database: String,
    new_database: String,
    old_server_id: Option<Uuid>,
    new_server_id: Option<Uuid>,
    lease_until: DateTime<Utc>,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
}

fn moving(row: Row) -> Result<DatabaseMove, StoreError> {
    Ok(DatabaseMove {
        id: row.id.into(),
        organization: row.organization_id.into(),
        kind: named("database_moves.kind", &row.kind, MoveKind::from_name)?,
        state: named("database_moves.state", &row.state, MoveState::from_name)?,
        old_database: row.old_database,
        new_database: row.new_database,
        servers: row.old_server_id.zip(row.new_server_id).map(|(old, new)| (old.into(), new.into())),
        lease_until: row.lease_until,
        created_at: row.created_at,
        changed_at: row.changed_at,
    })
}

async fn every(control: &DatabaseConnection, sql: Sql) -> Result<Vec<DatabaseMove>, StoreError> {
    let rows: Vec<Row> = sql.all(control).await.map_err(store_error)?;
    rows.into_iter().map(moving).collect()
}

pub(super) async fn begin(control: &DatabaseConnection, moving: &DatabaseMove) -> Result<(), StoreError> {
    Sql::new(
        control,
        "INSERT INTO database_moves (id, organization_id, kind, state, old_database, new_database, old_server_id, \
         new_server_id, lease_until, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(moving.id.as_uuid())
    .bind(moving.organization.as_uuid())
    .bind(moving.kind.name())
    .bind(moving.state.name())
    .bind(moving.old_database.as_str())
    .bind(moving.new_database.as_str())
    .bind(moving.servers.map(|(old, _)| old.as_uuid()))
    .bind(moving.servers.map(|(_, new)| new.as_uuid()))
    .bind(moving.lease_until)
    .bind(moving.created_at)
    .bind(moving.changed_at)
    .execute(control)
    .await
    .map(|_| ())
    .map_err(|error| with_unique(UNIQUE, error))
}

pub(super) async fn update<C: ConnectionTrait>(
    control: &C,
    moving: &DatabaseMove,
    from: MoveState,
) -> Result<(), StoreError> {
    let rows = Sql::new(
        control,
        "UPDATE database_moves SET state = $3, lease_until = $4, changed_at = $5 WHERE id = $1 AND state = $2",
    )
    .bind(moving.id.as_uuid())
    .bind(from.name())
    .bind(moving.state.name())
    .bind(moving.lease_until)
    .bind(moving.changed_at)
    .execute(control)
    .await
    .map_err(store_error)?;
    touched(rows)
}

pub(super) async fn switch(
    control: &DatabaseConnection,
    organization: &Organization,
    moving: &DatabaseMove,
    closes: Option<&DatabaseMove>,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    let txn = transaction::begin(control).await?;
    SeaOrganizations(&txn).update(organization).await?;
    if let Some((old, new)) = moving.servers {
        change_server(&txn, organization.id(), (old, new), moving.kind).await?;
    }
    let mut switched = moving.clone();
    switched.state = MoveState::Switched;
    update(&txn, &switched, moving.state).await?;
    if let Some(earlier) = closes {
        let mut over = earlier.clone();
        over.state = MoveState::Closed;
        over.changed_at = moving.changed_at;
        update(&txn, &over, earlier.state).await?;
    }
    SeaAudit(&txn, super::work::AUDIT).record(entry).await?;
    txn.commit().await.map_err(store_error)
}

/// Counts the organization on its new server instead of the old one. Going back needs no room: the database is there already.
async fn change_server<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
    (old, new): (ServerId, ServerId),
    kind: MoveKind,
) -> Result<(), StoreError> {
    let mut sql = Sql::new(connection, "UPDATE db_servers SET databases = databases + 1 WHERE id = $1")
        .bind(new.as_uuid());
    if kind != MoveKind::Undo {
        sql.push(" AND state = 'accept' AND (max_databases IS NULL OR databases < max_databases)");
    }
    if sql.execute(connection).await.map_err(store_error)? == 0 {
        return Err(StoreError::Conflict(RULE_SERVER_ROOM));
    }
    let moved =
        Sql::new(connection, "UPDATE organizations SET server_id = $3 WHERE id = $1 AND server_id = $2")
            .bind(organization.as_uuid())
            .bind(old.as_uuid())
            .bind(new.as_uuid())
            .execute(connection)
            .await
            .map_err(store_error)?;
    touched(moved)?;
    release_in(connection, old.as_uuid()).await
}

pub(super) async fn undoable(
    control: &DatabaseConnection,
    organization: OrganizationId,
) -> Result<Option<DatabaseMove>, StoreError> {
    let select = format!(
        "{SELECT} WHERE organization_id = $1 AND state = 'switched' ORDER BY created_at DESC, id DESC LIMIT 1"
    );
    let sql = Sql::new(control, select).bind(organization.as_uuid());
    Ok(every(control, sql).await?.pop())
}

pub(super) async fn of(
    control: &DatabaseConnection,
    organization: OrganizationId,
) -> Result<Vec<DatabaseMove>, StoreError> {
    let select = format!("{SELECT} WHERE organization_id = $1 ORDER BY created_at, id");
    every(control, Sql::new(control, select).bind(organization.as_uuid())).await
}

pub(super) async fn stale(
    control: &DatabaseConnection,
    now: DateTime<Utc>,
) -> Result<Vec<DatabaseMove>, StoreError> {
    let select =
        format!("{SELECT} WHERE state IN ('loading', 'fenced') AND lease_until < $1 ORDER BY created_at, id");
    every(control, Sql::new(control, select).bind(now)).await
}

pub(super) async fn in_state(
    control: &DatabaseConnection,
    state: MoveState,
    since_before: DateTime<Utc>,
) -> Result<Vec<DatabaseMove>, StoreError> {
    let select = format!("{SELECT} WHERE state = $1 AND changed_at < $2 ORDER BY changed_at, id LIMIT 100");
    every(control, Sql::new(control, select).bind(state.name()).bind(since_before)).await
}

pub(super) async fn moved_since(
    control: &DatabaseConnection,
    at: DateTime<Utc>,
) -> Result<Vec<OrganizationId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Moved {
        organization_id: Uuid,
    }
    let rows: Vec<Moved> = Sql::new(
        control,
        "SELECT DISTINCT organization_id FROM database_moves WHERE changed_at >= $1 AND state = 'switched'",
    )
    .bind(at)
    .all(control)
    .await
    .map_err(store_error)?;
    Ok(rows.into_iter().map(|row| row.organization_id.into()).collect())
}
