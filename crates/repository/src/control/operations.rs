//! The operations on organizations: their steps, leases and fences.

use crate::error::{UniqueRule, store_error, with_unique};
use crate::keyset::{instant_cursor, newest_first, page};
use crate::sql::Sql;
use crate::stored::{named, touched};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vigie_kernel::{OperationId, Page, PageRequest, StoreError, UserId};
use vigie_tenancy::{
    ListOperations, OPERATION_LEASE, Operation, OperationKey, OperationKind, OperationRepository,
    OperationSnapshot, OperationState, OperationStep, RULE_OPERATION_KEY, RULE_OPERATION_OPEN, StepOutcome,
    StepResult,
};

const UNIQUE: &[UniqueRule] = &[
    UniqueRule {
        constraint: "operations_idempotency_key",
        columns: "operations.key_scope, operations.key",
        rule: RULE_OPERATION_KEY,
    },
    UniqueRule {
        constraint: "operations_open_key",
        columns: "operations.organization_id",
        rule: RULE_OPERATION_OPEN,
    },
];

const COLUMNS: &str = "id, kind, organization_id, slug, state, current_step, steps, placement, data, undo_begun, attempt, \
    not_before, holder, lease_until, fence, error, key_scope, key, key_request, requested_by, request_id, created_at, \
    updated_at, finished_at";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    kind: String,
    organization_id: Uuid,
    slug: String,
    state: String,
    current_step: Option<String>,
    steps: serde_json::Value,
    placement: Option<String>,
    data: serde_json::Value,
    undo_begun: bool,
    attempt: i32,
    not_before: Option<DateTime<Utc>>,
    holder: Option<Uuid>,
    lease_until: Option<DateTime<Utc>>,
    fence: i64,
    error: Option<String>,
    key_scope: Option<String>,
    key: Option<String>,
    key_request: Option<Vec<u8>>,
    requested_by: Option<Uuid>,
    request_id: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

/// A step's result as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredStep {
    step: String,
    outcome: String,
    started_at: DateTime<Utc>,
    finished_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

fn broken(error: impl Into<vigie_kernel::BoxError>) -> StoreError {
    StoreError::Broken(error.into())
}

fn steps_value(steps: &[StepResult]) -> Result<serde_json::Value, StoreError> {
    let stored: Vec<StoredStep> = steps
        .iter()
        .map(|result| StoredStep {
            step: result.step.name().to_owned(),
            outcome: result.outcome.name().to_owned(),
            started_at: result.started_at,
            finished_at: result.finished_at,
            note: result.note.clone(),
        })
        .collect();
    serde_json::to_value(stored).map_err(broken)
}

fn steps(value: serde_json::Value) -> Result<Vec<StepResult>, StoreError> {
    let stored: Vec<StoredStep> = serde_json::from_value(value).map_err(broken)?;
    let steps = stored.into_iter().map(|one| {
        Ok(StepResult {
            step: named("operations.steps", &one.step, OperationStep::from_name)?,
            outcome: named("operations.steps", &one.outcome, StepOutcome::from_name)?,
            started_at: one.started_at,
            finished_at: one.finished_at,
            note: one.note,
        })
    });
    steps.collect()
}

fn operation(row: Row) -> Result<Operation, StoreError> {
    let step = |name: String| named("operations.current_step", &name, OperationStep::from_name);
    let key = match (row.key_scope, row.key, row.key_request) {
        (Some(scope), Some(key), Some(request)) => {
            let request =
                request.try_into().map_err(|_| StoreError::broken("a hash is not 32 bytes long"))?;
            Some(OperationKey { scope, key, request })
        }
        (None | Some(_), None | Some(_), None | Some(_)) => None,
    };
    Ok(Operation::restore(OperationSnapshot {
        id: row.id.into(),
        kind: named("operations.kind", &row.kind, OperationKind::from_name)?,
        organization: row.organization_id.into(),
        slug: super::rows::slug(&row.slug)?,
        state: named("operations.state", &row.state, OperationState::from_name)?,
        current: row.current_step.map(step).transpose()?,
        steps: steps(row.steps)?,
        placement: row.placement,
        data: row.data,
        undo_begun: row.undo_begun,
        attempt: row.attempt,
        not_before: row.not_before,
        holder: row.holder,
        lease_until: row.lease_until,
        fence: row.fence,
        error: row.error,
        key,
        requested_by: row.requested_by.map(Into::into),
        request_id: row.request_id,
        created_at: row.created_at,
        updated_at: row.updated_at,
        finished_at: row.finished_at,
    }))
}

async fn first<C: ConnectionTrait>(connection: &C, sql: Sql) -> Result<Option<Operation>, StoreError> {
    let row: Option<Row> = sql.one(connection).await.map_err(store_error)?;
    row.map(operation).transpose()
}

pub(super) async fn by_id<C: ConnectionTrait>(
    connection: &C,
    id: OperationId,
) -> Result<Option<Operation>, StoreError> {
    let select = format!("SELECT {COLUMNS} FROM operations WHERE id = $1");
    first(connection, Sql::new(connection, select).bind(id.as_uuid())).await
}

pub(super) async fn by_key<C: ConnectionTrait>(
    connection: &C,
    scope: &str,
    key: &str,
) -> Result<Option<Operation>, StoreError> {
    let select = format!("SELECT {COLUMNS} FROM operations WHERE key_scope = $1 AND key = $2");
    first(connection, Sql::new(connection, select).bind(scope).bind(key)).await
}

pub(super) async fn list<C: ConnectionTrait>(
    connection: &C,
    filter: &ListOperations,
    request: &PageRequest,
) -> Result<Page<Operation>, StoreError> {
    let mut sql = Sql::new(connection, format!("SELECT {COLUMNS} FROM operations WHERE 1 = 1"));
    if let Some(organization) = filter.organization {
        sql.push(" AND organization_id = ").push_value(organization.as_uuid());
    }
    if let Some(state) = filter.state {
        sql.push(" AND state = ").push_value(state.name());
    }
    newest_first(&mut sql, "", request)?;
    let rows: Vec<Row> = sql.all(connection).await.map_err(store_error)?;
    page(rows, request, operation, |last| instant_cursor(last.snapshot().created_at, last.id().as_uuid()))
}

pub(super) async fn due<C: ConnectionTrait>(
    connection: &C,
    now: DateTime<Utc>,
    limit: u16,
) -> Result<Vec<OperationId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Due {
        id: Uuid,
    }
    let due: Vec<Due> = Sql::new(
        connection,
        "SELECT id FROM operations WHERE state IN ('running', 'undoing') \
         AND (lease_until IS NULL OR lease_until <= $1) AND (not_before IS NULL OR not_before <= $1) \
         ORDER BY updated_at LIMIT $2",
    )
    .bind(now)
    .bind(i64::from(limit))
    .all(connection)
    .await
    .map_err(store_error)?;
    Ok(due.into_iter().map(|due| due.id.into()).collect())
}

/// Gives a free operation to a holder, with a higher fence.
pub(super) async fn take<C: ConnectionTrait>(
    connection: &C,
    id: OperationId,
    holder: Uuid,
    now: DateTime<Utc>,
    failed_too: bool,
) -> Result<Option<Operation>, StoreError> {
    let states = if failed_too { "'running', 'undoing', 'failed'" } else { "'running', 'undoing'" };
    let update = format!(
        "UPDATE operations SET holder = $2, lease_until = $3, fence = fence + 1, attempt = attempt + 1, not_before = NULL, \
         updated_at = $4 WHERE id = $1 AND state IN ({states}) AND (lease_until IS NULL OR lease_until <= $4) \
         RETURNING {COLUMNS}"
    );
    let sql =
        Sql::new(connection, update).bind(id.as_uuid()).bind(holder).bind(now + OPERATION_LEASE).bind(now);
    first(connection, sql).await
}

/// Stores an operation under its fence.
pub(super) async fn save<C: ConnectionTrait>(
    connection: &C,
    operation: &Operation,
) -> Result<(), StoreError> {
    let o = operation.snapshot();
    let rows = Sql::new(
        connection,
        "UPDATE operations SET state = $3, current_step = $4, steps = $5, placement = $6, data = $7, undo_begun = $8, \
         attempt = $9, not_before = $10, holder = $11, lease_until = $12, error = $13, updated_at = $14, \
         finished_at = $15 WHERE id = $1 AND fence = $2",
    )
    .bind(o.id.as_uuid())
    .bind(o.fence)
    .bind(o.state.name())
    .bind(o.current.map(OperationStep::name))
    .bind(steps_value(&o.steps)?)
    .bind(o.placement.as_deref())
    .bind(o.data.clone())
    .bind(o.undo_begun)
    .bind(o.attempt)
    .bind(o.not_before)
    .bind(o.holder)
    .bind(o.lease_until)
    .bind(o.error.as_deref())
    .bind(o.updated_at)
    .bind(o.finished_at)
    .execute(connection)
    .await
    .map_err(store_error)?;
    touched(rows)
}

pub(super) async fn prolong<C: ConnectionTrait>(
    connection: &C,
    operation: &Operation,
    until: DateTime<Utc>,
) -> Result<(), StoreError> {
    let rows = Sql::new(connection, "UPDATE operations SET lease_until = $3 WHERE id = $1 AND fence = $2")
        .bind(operation.id().as_uuid())
        .bind(operation.snapshot().fence)
        .bind(until)
        .execute(connection)
        .await
        .map_err(store_error)?;
    touched(rows)
}

pub(super) struct SeaOperations<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> OperationRepository for SeaOperations<'_, C> {
    async fn insert(&mut self, operation: &Operation) -> Result<(), StoreError> {
        let o = operation.snapshot();
        let key = o.key.as_ref();
        Sql::new(
            self.0,
            format!(
                "INSERT INTO operations ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
                 $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)"
            ),
        )
        .bind(o.id.as_uuid())
        .bind(o.kind.name())
        .bind(o.organization.as_uuid())
        .bind(o.slug.as_str())
        .bind(o.state.name())
        .bind(o.current.map(OperationStep::name))
        .bind(steps_value(&o.steps)?)
        .bind(o.placement.as_deref())
        .bind(o.data.clone())
        .bind(o.undo_begun)
        .bind(o.attempt)
        .bind(o.not_before)
        .bind(o.holder)
        .bind(o.lease_until)
        .bind(o.fence)
        .bind(o.error.as_deref())
        .bind(key.map(|key| key.scope.as_str()))
        .bind(key.map(|key| key.key.as_str()))
        .bind(key.map(|key| key.request.to_vec()))
        .bind(o.requested_by.map(UserId::as_uuid))
        .bind(o.request_id.as_str())
        .bind(o.created_at)
        .bind(o.updated_at)
        .bind(o.finished_at)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(|error| with_unique(UNIQUE, error))
    }

    async fn save(&mut self, operation: &Operation) -> Result<(), StoreError> {
        save(self.0, operation).await
    }

    async fn forget_key(&mut self, scope: &str, key: &str, before: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "UPDATE operations SET key_scope = NULL, key = NULL, key_request = NULL \
             WHERE key_scope = $1 AND key = $2 AND created_at <= $3",
        )
        .bind(scope)
        .bind(key)
        .bind(before)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }
}
