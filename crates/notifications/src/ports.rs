//! What this crate asks of a store. The contract is the same on every engine; the in-memory store of feature `testing` keeps it too.

use crate::{ActionSubject, Addressed, CommentSubject, ImportSubject, InboxEntry, KpiSubject};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use vigie_kernel::{
    ActionId, CommentId, DeliveryId, ImportRunId, KpiId, Page, PageRequest, StoreError, TenantContext,
    UnitOfWork, UserId,
};

/// Opens the organization's data.
#[async_trait]
pub trait NotificationStore: Send + Sync {
    /// Begins a transaction.
    async fn begin(&self, tenant: &TenantContext) -> Result<Box<dyn NotificationWork>, StoreError>;
    /// Reads inboxes without a transaction.
    async fn read(&self, tenant: &TenantContext) -> Result<Box<dyn InboxReads>, StoreError>;
    /// Looks at the things that notifications are about, without a transaction.
    async fn subjects(&self, tenant: &TenantContext) -> Result<Box<dyn SubjectReads>, StoreError>;
}

/// One transaction on notifications and inboxes.
pub trait NotificationWork: UnitOfWork {
    /// What is told.
    fn notifications(&mut self) -> Box<dyn NotificationRepository + '_>;
    /// What members have before them.
    fn inbox(&mut self) -> Box<dyn InboxRepository + '_>;
}

/// Notifications and their deliveries.
#[async_trait]
pub trait NotificationRepository: Send {
    /// Adds notifications, puts them into the inboxes of their recipients and counts them there as unread; answers how many entries
    /// that made. What was added before, by its key, and who has it already are left alone, so it may be called again.
    async fn tell(&mut self, addressed: &[Addressed]) -> Result<u64, StoreError>;
    /// Forgets the oldest notifications told before that instant, at most `most`, with their entries; what was unread of them is
    /// unread no more. Answers how many notifications those were.
    async fn forget_before(&mut self, instant: DateTime<Utc>, most: u32) -> Result<u64, StoreError>;
}

/// The entries of members' inboxes, for change. The count of unread entries is kept with each change.
#[async_trait]
pub trait InboxRepository: Send {
    /// The entry of the member's inbox; `None` when absent, or somebody else's.
    async fn find(&mut self, member: UserId, id: DeliveryId) -> Result<Option<InboxEntry>, StoreError>;
    /// Marks an entry of the member's inbox as read. One that is read already, or is not there, is left alone.
    async fn mark_read(
        &mut self,
        member: UserId,
        id: DeliveryId,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// Marks all unread entries of the member's inbox as read, or those received at or before `through`; answers how many.
    async fn mark_all_read(
        &mut self,
        member: UserId,
        through: Option<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError>;
    /// How many entries of the member's inbox are unread.
    async fn unread(&mut self, member: UserId) -> Result<u64, StoreError>;
}

/// Reads of inboxes outside a transaction.
#[async_trait]
pub trait InboxReads: Send {
    /// The member's entries, the newest first; only the unread or only the read ones when asked.
    async fn entries(
        &mut self,
        member: UserId,
        unread: Option<bool>,
        page: &PageRequest,
    ) -> Result<Page<InboxEntry>, StoreError>;
    /// How many of the member's entries are unread, by one lookup.
    async fn unread(&mut self, member: UserId) -> Result<u64, StoreError>;
    /// Whether there is a notification told before that instant.
    async fn any_before(&mut self, instant: DateTime<Utc>) -> Result<bool, StoreError>;
}

/// The things that notifications are about, as they are now.
#[async_trait]
pub trait SubjectReads: Send {
    /// Those KPIs that there are, by name.
    async fn kpis(&mut self, ids: &[KpiId]) -> Result<Vec<KpiSubject>, StoreError>;
    /// `None` when absent.
    async fn action(&mut self, id: ActionId) -> Result<Option<ActionSubject>, StoreError>;
    /// `None` when absent.
    async fn comment(&mut self, id: CommentId) -> Result<Option<CommentSubject>, StoreError>;
    /// `None` when absent.
    async fn import(&mut self, id: ImportRunId) -> Result<Option<ImportSubject>, StoreError>;
    /// Those of them who are active members.
    async fn active(&mut self, members: &BTreeSet<UserId>) -> Result<BTreeSet<UserId>, StoreError>;
}
