//! Notifications, and the inboxes in which members read them.
//!
//! The count of a member's unread entries is a row of `inbox_counters`. What changes entries that are there (reading, forgetting)
//! takes that row's lock first, and entries of several members are counted in the order of their ids: so the count is right
//! whoever comes at the same time, and nobody waits in a circle. SQLite has one writer anyway.

mod inbox;
mod subjects;
mod tell;

use super::TenantStore;
use super::work::TenantWork;
use crate::error::store_error;
use crate::server::is_postgres;
use crate::sql::{Sql, push_in};
use async_trait::async_trait;
use inbox::SeaInbox;
use sea_orm::ConnectionTrait;
use std::collections::BTreeSet;
use tell::SeaNotifications;
use uuid::Uuid;
use vigie_kernel::{StoreError, TenantContext};
use vigie_notifications::{
    InboxReads, InboxRepository, NotificationRepository, NotificationStore, NotificationWork, SubjectReads,
};

#[async_trait]
impl NotificationStore for TenantStore {
    async fn begin(&self, tenant: &TenantContext) -> Result<Box<dyn NotificationWork>, StoreError> {
        Ok(self.work(tenant).await?)
    }

    async fn read(&self, tenant: &TenantContext) -> Result<Box<dyn InboxReads>, StoreError> {
        Ok(self.reads(tenant).await?)
    }

    async fn subjects(&self, tenant: &TenantContext) -> Result<Box<dyn SubjectReads>, StoreError> {
        Ok(self.reads(tenant).await?)
    }
}

impl NotificationWork for TenantWork {
    fn notifications(&mut self) -> Box<dyn NotificationRepository + '_> {
        Box::new(SeaNotifications(&self.txn))
    }

    fn inbox(&mut self) -> Box<dyn InboxRepository + '_> {
        Box::new(SeaInbox(&self.txn))
    }
}

/// Keeps others from changing entries of these members until the end of the transaction.
async fn lock_inboxes<C: ConnectionTrait>(
    connection: &C,
    members: &BTreeSet<Uuid>,
) -> Result<(), StoreError> {
    if members.is_empty() || !is_postgres(connection) {
        return Ok(());
    }
    let mut sql = Sql::new(connection, "SELECT unread FROM inbox_counters WHERE ");
    push_in(&mut sql, "recipient_id", members.iter().copied());
    sql.push(" ORDER BY recipient_id FOR UPDATE");
    sql.execute(connection).await.map(|_| ()).map_err(store_error)
}

/// Counts entries of a member as unread no more.
async fn count_off<C: ConnectionTrait>(connection: &C, member: Uuid, entries: i64) -> Result<(), StoreError> {
    if entries == 0 {
        return Ok(());
    }
    Sql::new(connection, "UPDATE inbox_counters SET unread = unread - $2 WHERE recipient_id = $1")
        .bind(member)
        .bind(entries)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(store_error)
}
