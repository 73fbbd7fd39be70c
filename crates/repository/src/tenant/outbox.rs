//! The outbox of an organization: jobs announced in the transaction of the change.

use crate::error::store_error;
use crate::sql::{Sql, push_in};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;
use vigie_jobs::{Lane, Outbox, OutboxMessage};
use vigie_kernel::StoreError;

/// Writes messages, and notes that there is something to relay after the commit.
pub(crate) struct SeaOutbox<'a, C> {
    pub(crate) connection: &'a C,
    pub(crate) written: &'a AtomicBool,
}

#[async_trait]
impl<C: ConnectionTrait> Outbox for SeaOutbox<'_, C> {
    async fn add(&mut self, message: &OutboxMessage) -> Result<(), StoreError> {
        Sql::new(
            self.connection,
            "INSERT INTO outbox (id, name, lane, once_key, payload, max_attempts, run_at, request_id, exclusive_key) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(message.id.as_uuid())
        .bind(message.name.as_str())
        .bind(message.lane.name())
        .bind(message.once.as_deref())
        .bind(message.payload.clone())
        .bind(i32::from(message.max_attempts))
        .bind(message.run_at)
        .bind(message.request_id.as_str())
        .bind(message.exclusive.as_deref())
        .execute(self.connection)
        .await
        .map_err(store_error)?;
        self.written.store(true, Ordering::Release);
        Ok(())
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    lane: String,
    once_key: Option<String>,
    exclusive_key: Option<String>,
    payload: serde_json::Value,
    max_attempts: i32,
    run_at: DateTime<Utc>,
    request_id: String,
}

/// The oldest messages, at most `limit`.
pub(crate) async fn take_batch<C: ConnectionTrait>(
    connection: &C,
    limit: u32,
) -> Result<Vec<OutboxMessage>, StoreError> {
    let rows: Vec<Row> = Sql::new(
        connection,
        "SELECT id, name, lane, once_key, exclusive_key, payload, max_attempts, run_at, request_id FROM outbox \
         ORDER BY id LIMIT $1",
    )
    .bind(i64::from(limit))
    .all(connection)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(message).collect()
}

/// Forgets messages that the queue has.
pub(crate) async fn forget<C: ConnectionTrait>(
    connection: &C,
    messages: &[OutboxMessage],
) -> Result<(), DbErr> {
    if messages.is_empty() {
        return Ok(());
    }
    let mut delete = Sql::new(connection, "DELETE FROM outbox WHERE ");
    push_in(&mut delete, "id", messages.iter().map(|message| message.id.as_uuid()));
    delete.execute(connection).await.map(|_| ())
}

fn message(row: Row) -> Result<OutboxMessage, StoreError> {
    Ok(OutboxMessage {
        id: row.id.into(),
        lane: Lane::from_name(&row.lane)
            .ok_or_else(|| StoreError::broken(format!("outbox message {} names no lane of ours", row.id)))?,
        name: row.name,
        once: row.once_key,
        exclusive: row.exclusive_key,
        payload: row.payload,
        max_attempts: u16::try_from(row.max_attempts).map_err(|error| StoreError::Broken(Box::new(error)))?,
        run_at: row.run_at,
        request_id: row.request_id,
    })
}
