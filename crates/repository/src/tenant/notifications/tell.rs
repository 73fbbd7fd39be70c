//! Telling, and forgetting what was told.

use super::{count_off, lock_inboxes};
use crate::error::store_error;
use crate::server::is_postgres;
use crate::sql::{Sql, push_in};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;
use vigie_kernel::{StoreError, UserId};
use vigie_notifications::{Addressed, NotificationRepository};

/// Rows of one statement.
const ROWS_PER_STATEMENT: usize = 500;

pub(super) struct SeaNotifications<'a, C>(pub(super) &'a C);

#[derive(FromQueryResult)]
struct StoredKey {
    id: Uuid,
    idempotency_key: String,
}

#[derive(FromQueryResult)]
struct Recipient {
    recipient_id: Uuid,
}

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

#[derive(FromQueryResult)]
struct Unread {
    recipient_id: Uuid,
    unread: i64,
}

/// A delivery to be made.
struct NewDelivery {
    id: Uuid,
    notification: Uuid,
    recipient: Uuid,
    at: DateTime<Utc>,
}

#[async_trait]
impl<C: ConnectionTrait> NotificationRepository for SeaNotifications<'_, C> {
    async fn tell(&mut self, addressed: &[Addressed]) -> Result<u64, StoreError> {
        let mut received: BTreeMap<Uuid, i64> = BTreeMap::new();
        for some in addressed.chunks(ROWS_PER_STATEMENT) {
            self.insert(some).await?;
            // One that was told before has another id.
            let ids = self.ids_by_key(some).await?;
            let deliveries = deliveries(some, &ids)?;
            for some in deliveries.chunks(ROWS_PER_STATEMENT) {
                for row in self.deliver(some).await? {
                    *received.entry(row.recipient_id).or_default() += 1;
                }
            }
        }
        self.count_on(&received).await?;
        u64::try_from(received.values().sum::<i64>()).map_err(|error| StoreError::Broken(Box::new(error)))
    }

    async fn forget_before(&mut self, instant: DateTime<Utc>, most: u32) -> Result<u64, StoreError> {
        // Two that forget at the same time take other ones.
        let lock = if is_postgres(self.0) { " FOR UPDATE SKIP LOCKED" } else { "" };
        let old: Vec<Id> = Sql::new(
            self.0,
            format!(
                "SELECT id FROM notifications WHERE created_at < $1 ORDER BY created_at, id LIMIT $2{lock}"
            ),
        )
        .bind(instant)
        .bind(i64::from(most))
        .all(self.0)
        .await
        .map_err(store_error)?;
        if old.is_empty() {
            return Ok(0);
        }
        let concerned = self.unread_of(&old).await?;
        lock_inboxes(self.0, &concerned.iter().map(|row| row.recipient_id).collect()).await?;
        // Somebody may have read some of it before his inbox was locked.
        for row in self.unread_of(&old).await? {
            count_off(self.0, row.recipient_id, row.unread).await?;
        }
        let mut sql = Sql::new(self.0, "DELETE FROM notifications WHERE ");
        push_in(&mut sql, "id", old.iter().map(|row| row.id));
        sql.execute(self.0).await.map_err(store_error)
    }
}

impl<C: ConnectionTrait> SeaNotifications<'_, C> {
    async fn insert(&self, addressed: &[Addressed]) -> Result<(), StoreError> {
        let mut sql = Sql::new(
            self.0,
            "INSERT INTO notifications (id, idempotency_key, category, class, actor_id, subject_kind, subject_id, vars, \
             occurred_at, created_at) VALUES ",
        );
        for (index, one) in addressed.iter().enumerate() {
            let n = one.notification.snapshot();
            let (category, subject) = (n.content.category(), n.content.subject());
            let vars =
                serde_json::to_value(&n.content).map_err(|error| StoreError::Broken(Box::new(error)))?;
            sql.push(if index == 0 { "(" } else { ", (" });
            sql.push_value(n.id.as_uuid()).push(", ").push_value(n.key.as_str()).push(", ");
            sql.push_value(category.name()).push(", ").push_value(category.class().name()).push(", ");
            sql.push_value(n.actor.map(UserId::as_uuid)).push(", ");
            sql.push_value(subject.kind()).push(", ").push_value(subject.id()).push(", ");
            sql.push_value(vars).push(", ").push_value(n.occurred_at).push(", ");
            sql.push_value(n.created_at).push(")");
        }
        sql.push(" ON CONFLICT (idempotency_key) DO NOTHING");
        sql.execute(self.0).await.map(|_| ()).map_err(store_error)
    }

    async fn ids_by_key(&self, addressed: &[Addressed]) -> Result<HashMap<String, Uuid>, StoreError> {
        let mut sql = Sql::new(self.0, "SELECT id, idempotency_key FROM notifications WHERE ");
        let keys = addressed.iter().map(|one| one.notification.snapshot().key.as_str());
        push_in(&mut sql, "idempotency_key", keys);
        let rows: Vec<StoredKey> = sql.all(self.0).await.map_err(store_error)?;
        Ok(rows.into_iter().map(|row| (row.idempotency_key, row.id)).collect())
    }

    /// Puts notifications into inboxes; answers the recipient of each that was not there.
    async fn deliver(&self, deliveries: &[NewDelivery]) -> Result<Vec<Recipient>, StoreError> {
        let mut sql = Sql::new(
            self.0,
            "INSERT INTO deliveries (id, notification_id, channel, recipient_id, state, created_at) VALUES ",
        );
        for (index, delivery) in deliveries.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { ", (" });
            sql.push_value(delivery.id).push(", ").push_value(delivery.notification);
            sql.push(", 'inbox', ").push_value(delivery.recipient);
            sql.push(", 'delivered', ").push_value(delivery.at).push(")");
        }
        sql.push(" ON CONFLICT (notification_id, channel, recipient_id) DO NOTHING RETURNING recipient_id");
        sql.all(self.0).await.map_err(store_error)
    }

    /// Counts new entries as unread.
    async fn count_on(&self, received: &BTreeMap<Uuid, i64>) -> Result<(), StoreError> {
        if received.is_empty() {
            return Ok(());
        }
        let mut sql = Sql::new(self.0, "INSERT INTO inbox_counters (recipient_id, unread) VALUES ");
        for (index, (recipient, entries)) in received.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { ", (" });
            sql.push_value(*recipient).push(", ").push_value(*entries).push(")");
        }
        sql.push(
            " ON CONFLICT (recipient_id) DO UPDATE SET unread = inbox_counters.unread + excluded.unread",
        );
        sql.execute(self.0).await.map(|_| ()).map_err(store_error)
    }

    /// How many entries of those notifications each member has not read.
    async fn unread_of(&self, notifications: &[Id]) -> Result<Vec<Unread>, StoreError> {
        let mut sql = Sql::new(
            self.0,
            "SELECT recipient_id, COUNT(*) AS unread FROM deliveries WHERE channel = 'inbox' AND read_at IS NULL AND ",
        );
        push_in(&mut sql, "notification_id", notifications.iter().map(|row| row.id));
        sql.push(" GROUP BY recipient_id ORDER BY recipient_id");
        sql.all(self.0).await.map_err(store_error)
    }
}

/// The deliveries of what is told, in the order of the recipients, so that two that tell the same do not wait for each other.
fn deliveries(addressed: &[Addressed], ids: &HashMap<String, Uuid>) -> Result<Vec<NewDelivery>, StoreError> {
    let mut deliveries = Vec::new();
    for one in addressed {
        let n = one.notification.snapshot();
        let notification = *ids
            .get(&n.key)
            .ok_or_else(|| StoreError::broken("a notification is gone as soon as it is told"))?;
        deliveries.extend(one.recipients.iter().map(|(id, recipient)| NewDelivery {
            id: id.as_uuid(),
            notification,
            recipient: recipient.as_uuid(),
            at: n.created_at,
        }));
    }
    deliveries.sort_by_key(|delivery| (delivery.notification, delivery.recipient));
    Ok(deliveries)
}
