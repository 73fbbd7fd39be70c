//! The entries of members' inboxes.

use super::{count_off, lock_inboxes};
use crate::error::store_error;
use crate::keyset::{instant_cursor, newest_first, page};
use crate::sql::Sql;
use crate::tenant::work::TenantReads;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::collections::BTreeSet;
use uuid::Uuid;
use vigie_kernel::{DeliveryId, Page, PageRequest, StoreError, UserId};
use vigie_notifications::{
    InboxEntry, InboxEntrySnapshot, InboxReads, InboxRepository, Notification, NotificationSnapshot,
};

const ENTRIES: &str = "SELECT d.id, d.recipient_id, d.created_at, d.read_at, n.id AS notification_id, n.idempotency_key, \
    n.actor_id, n.vars, n.occurred_at, n.created_at AS told_at, m.full_name AS actor_name \
    FROM deliveries d JOIN notifications n ON n.id = d.notification_id LEFT JOIN members m ON m.id = n.actor_id \
    WHERE d.channel = 'inbox' AND ";

#[derive(FromQueryResult)]
struct EntryRow {
    id: Uuid,
    recipient_id: Uuid,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
    notification_id: Uuid,
    idempotency_key: String,
    actor_id: Option<Uuid>,
    vars: serde_json::Value,
    occurred_at: DateTime<Utc>,
    told_at: DateTime<Utc>,
    actor_name: Option<String>,
}

#[derive(FromQueryResult)]
struct CounterRow {
    unread: i64,
}

fn entry(row: EntryRow) -> Result<InboxEntry, StoreError> {
    let content = serde_json::from_value(row.vars)
        .map_err(|error| StoreError::broken(format!("notifications.vars: {error}")))?;
    let notification = Notification::restore(NotificationSnapshot {
        id: row.notification_id.into(),
        key: row.idempotency_key,
        actor: row.actor_id.map(Into::into),
        content,
        occurred_at: row.occurred_at,
        created_at: row.told_at,
    });
    Ok(InboxEntry::restore(InboxEntrySnapshot {
        id: row.id.into(),
        notification,
        recipient: row.recipient_id.into(),
        actor_name: row.actor_name,
        received_at: row.created_at,
        read_at: row.read_at,
    }))
}

/// The maintained count; a member who was never told anything has no row.
async fn unread<C: ConnectionTrait>(connection: &C, member: UserId) -> Result<u64, StoreError> {
    let row: Option<CounterRow> =
        Sql::new(connection, "SELECT unread FROM inbox_counters WHERE recipient_id = $1")
            .bind(member.as_uuid())
            .one(connection)
            .await
            .map_err(store_error)?;
    let unread = row.map_or(0, |row| row.unread);
    u64::try_from(unread).map_err(|error| StoreError::Broken(Box::new(error)))
}

pub(super) struct SeaInbox<'a, C>(pub(super) &'a C);

impl<C: ConnectionTrait> SeaInbox<'_, C> {
    async fn lock(&self, member: UserId) -> Result<(), StoreError> {
        lock_inboxes(self.0, &BTreeSet::from([member.as_uuid()])).await
    }

    async fn count_off(&self, member: UserId, entries: u64) -> Result<(), StoreError> {
        let entries = i64::try_from(entries).map_err(|error| StoreError::Broken(Box::new(error)))?;
        count_off(self.0, member.as_uuid(), entries).await
    }
}

#[async_trait]
impl<C: ConnectionTrait> InboxRepository for SeaInbox<'_, C> {
    async fn find(&mut self, member: UserId, id: DeliveryId) -> Result<Option<InboxEntry>, StoreError> {
        let row: Option<EntryRow> = Sql::new(self.0, format!("{ENTRIES} d.id = $1 AND d.recipient_id = $2"))
            .bind(id.as_uuid())
            .bind(member.as_uuid())
            .one(self.0)
            .await
            .map_err(store_error)?;
        row.map(entry).transpose()
    }

    async fn mark_read(
        &mut self,
        member: UserId,
        id: DeliveryId,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.lock(member).await?;
        let marked = Sql::new(
            self.0,
            "UPDATE deliveries SET read_at = $3 \
             WHERE id = $1 AND recipient_id = $2 AND channel = 'inbox' AND read_at IS NULL",
        )
        .bind(id.as_uuid())
        .bind(member.as_uuid())
        .bind(at)
        .execute(self.0)
        .await
        .map_err(store_error)?;
        self.count_off(member, marked).await
    }

    async fn mark_all_read(
        &mut self,
        member: UserId,
        through: Option<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.lock(member).await?;
        let mut sql = Sql::new(self.0, "UPDATE deliveries SET read_at = ");
        sql.push_value(at).push(" WHERE channel = 'inbox' AND read_at IS NULL AND recipient_id = ");
        sql.push_value(member.as_uuid());
        if let Some(through) = through {
            sql.push(" AND created_at <= ").push_value(through);
        }
        let marked = sql.execute(self.0).await.map_err(store_error)?;
        self.count_off(member, marked).await?;
        Ok(marked)
    }

    async fn unread(&mut self, member: UserId) -> Result<u64, StoreError> {
        unread(self.0, member).await
    }
}

#[async_trait]
impl InboxReads for TenantReads {
    async fn entries(
        &mut self,
        member: UserId,
        unread: Option<bool>,
        request: &PageRequest,
    ) -> Result<Page<InboxEntry>, StoreError> {
        let mut sql = Sql::new(&self.pool, format!("{ENTRIES} d.recipient_id = "));
        sql.push_value(member.as_uuid());
        sql.push(match unread {
            None => "",
            Some(true) => " AND d.read_at IS NULL",
            Some(false) => " AND d.read_at IS NOT NULL",
        });
        newest_first(&mut sql, "d.", request)?;
        let rows: Vec<EntryRow> = sql.all(&self.pool).await.map_err(store_error)?;
        page(rows, request, entry, |last| instant_cursor(last.snapshot().received_at, last.id().as_uuid()))
    }

    async fn unread(&mut self, member: UserId) -> Result<u64, StoreError> {
        unread(&self.pool, member).await
    }

    async fn any_before(&mut self, instant: DateTime<Utc>) -> Result<bool, StoreError> {
        Sql::new(&self.pool, "SELECT 1 FROM notifications WHERE created_at < $1 LIMIT 1")
            .bind(instant)
            .exists(&self.pool)
            .await
            .map_err(store_error)
    }
}
