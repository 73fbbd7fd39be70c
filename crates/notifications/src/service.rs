//! The use cases of notifications.

use crate::audience::{self, Draft};
use crate::{
    Addressed, Happening, INBOX_DAYS, InboxEntry, InboxQuery, MarkAllRead, MarkedRead, Notification,
    NotificationError, NotificationSnapshot, NotificationStore, SubjectReads, Tell,
};
use async_trait::async_trait;
use chrono::{DateTime, Days, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;
use vigie_kernel::{Clock, DeliveryId, IdSource, Page, Permission, StoreError, TenantContext, UserId};

/// Notifications that are told in one transaction.
const TOLD_AT_ONCE: usize = 200;
/// Old notifications that are forgotten each time that something new is told: more than one event ever makes.
const FORGOTTEN_AT_ONCE: u32 = 1_000;

/// Telling members what concerns them, and the inbox in which they read it.
///
/// A member has his own inbox and no other: what is not in it is absent. Using it needs [`Permission::InboxRead`].
#[async_trait]
pub trait NotificationService: Send + Sync {
    /// What is in the caller's inbox, the newest first.
    async fn inbox(
        &self,
        tenant: &TenantContext,
        query: InboxQuery,
    ) -> Result<Page<InboxEntry>, NotificationError>;

    /// How many entries of the caller's inbox are unread.
    async fn unread(&self, tenant: &TenantContext) -> Result<u64, NotificationError>;

    /// Marks an entry of the caller's inbox as read; it keeps the instant at which that was first done.
    async fn mark_read(
        &self,
        tenant: &TenantContext,
        id: DeliveryId,
    ) -> Result<InboxEntry, NotificationError>;

    /// Marks all entries of the caller's inbox as read.
    async fn mark_all_read(
        &self,
        tenant: &TenantContext,
        command: MarkAllRead,
    ) -> Result<MarkedRead, NotificationError>;

    /// Tells those whom something concerns, as of now: what is gone meanwhile is told to nobody. Answers how many inboxes got
    /// something new; for the same event again that is none. The product itself calls it, in the organization of `tenant`.
    async fn tell(&self, tenant: &TenantContext, command: Tell) -> Result<u64, NotificationError>;
}

/// The one implementation of [`NotificationService`].
pub struct Notifications {
    store: Arc<dyn NotificationStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Notifications {
    /// The service on a store.
    #[must_use]
    pub fn new(store: Arc<dyn NotificationStore>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { store, clock, ids }
    }

    /// The drafts with their recipients who are active members, as notifications.
    async fn addressed(
        &self,
        subjects: &mut dyn SubjectReads,
        command: &Tell,
        drafts: Vec<Draft>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Addressed>, StoreError> {
        let everybody: BTreeSet<UserId> =
            drafts.iter().flat_map(|draft| draft.recipients.iter().copied()).collect();
        if everybody.is_empty() {
            return Ok(Vec::new());
        }
        let active = subjects.active(&everybody).await?;
        let address = |draft: Draft| {
            let recipients: Vec<_> =
                draft.recipients.intersection(&active).map(|member| (self.ids.next(), *member)).collect();
            let notification = Notification::restore(NotificationSnapshot {
                id: self.ids.next(),
                key: format!("{}/{}", command.event, draft.part),
                actor: Some(actor(&command.happening)),
                content: draft.content,
                occurred_at: command.at,
                created_at: now,
            });
            Addressed { notification, recipients }
        };
        Ok(drafts.into_iter().map(address).filter(|addressed| !addressed.recipients.is_empty()).collect())
    }

    /// Forgets some of what is older than an inbox keeps.
    async fn forget_old(&self, tenant: &TenantContext, now: DateTime<Utc>) -> Result<(), StoreError> {
        let oldest = now.checked_sub_days(Days::new(u64::from(INBOX_DAYS))).unwrap_or(now);
        if !self.store.read(tenant).await?.any_before(oldest).await? {
            return Ok(());
        }
        let mut work = self.store.begin(tenant).await?;
        work.notifications().forget_before(oldest, FORGOTTEN_AT_ONCE).await?;
        work.commit().await
    }
}

/// Who did it.
const fn actor(happening: &Happening) -> UserId {
    match happening {
        Happening::ActionGiven { by, .. }
        | Happening::KpiTurnedRed { by, .. }
        | Happening::CommentWritten { by, .. }
        | Happening::ImportEnded { by, .. } => *by,
    }
}

/// What is to be told of something that happened.
async fn drafts(subjects: &mut dyn SubjectReads, happening: &Happening) -> Result<Vec<Draft>, StoreError> {
    Ok(match happening {
        Happening::ActionGiven { action, to, by } => {
            let action = subjects.action(*action).await?;
            action.map(|action| audience::of_given_action(&action, *to, *by)).into_iter().collect()
        }
        Happening::KpiTurnedRed { kpi, period_start, by } => {
            let kpis = subjects.kpis(&[*kpi]).await?;
            kpis.iter().map(|kpi| audience::of_red_kpi(kpi, *period_start, *by)).collect()
        }
        Happening::CommentWritten { comment, by } => {
            let comment = subjects.comment(*comment).await?;
            comment.map(|comment| audience::of_comment(&comment, *by)).into_iter().collect()
        }
        Happening::ImportEnded { run, by, in_background, turned_red } => {
            let Some(import) = subjects.import(*run).await? else { return Ok(Vec::new()) };
            let ids: Vec<_> = turned_red.iter().map(|red| red.kpi).collect();
            let kpis = if ids.is_empty() { Vec::new() } else { subjects.kpis(&ids).await? };
            let ended = audience::of_ended_import(&import, *in_background, *by);
            ended.into_iter().chain(audience::of_red_import(&import, turned_red, &kpis)).collect()
        }
    })
}

#[async_trait]
impl NotificationService for Notifications {
    async fn inbox(
        &self,
        tenant: &TenantContext,
        query: InboxQuery,
    ) -> Result<Page<InboxEntry>, NotificationError> {
        tenant.require(Permission::InboxRead)?;
        let mut reads = self.store.read(tenant).await?;
        Ok(reads.entries(tenant.actor(), query.unread, &query.page).await?)
    }

    async fn unread(&self, tenant: &TenantContext) -> Result<u64, NotificationError> {
        tenant.require(Permission::InboxRead)?;
        Ok(self.store.read(tenant).await?.unread(tenant.actor()).await?)
    }

    async fn mark_read(
        &self,
        tenant: &TenantContext,
        id: DeliveryId,
    ) -> Result<InboxEntry, NotificationError> {
        tenant.require(Permission::InboxRead)?;
        let mut work = self.store.begin(tenant).await?;
        work.inbox().mark_read(tenant.actor(), id, self.clock.now()).await?;
        let entry = work.inbox().find(tenant.actor(), id).await?.ok_or(NotificationError::NotFound)?;
        work.commit().await?;
        Ok(entry)
    }

    async fn mark_all_read(
        &self,
        tenant: &TenantContext,
        command: MarkAllRead,
    ) -> Result<MarkedRead, NotificationError> {
        tenant.require(Permission::InboxRead)?;
        let mut work = self.store.begin(tenant).await?;
        let marked = work.inbox().mark_all_read(tenant.actor(), command.before, self.clock.now()).await?;
        let unread = work.inbox().unread(tenant.actor()).await?;
        work.commit().await?;
        Ok(MarkedRead { marked, unread })
    }

    async fn tell(&self, tenant: &TenantContext, command: Tell) -> Result<u64, NotificationError> {
        let now = self.clock.now();
        let mut subjects = self.store.subjects(tenant).await?;
        let drafts = drafts(&mut *subjects, &command.happening).await?;
        let addressed = self.addressed(&mut *subjects, &command, drafts, now).await?;
        // What is read holds a connection; the writing takes its own.
        drop(subjects);
        let mut told = 0;
        for some in addressed.chunks(TOLD_AT_ONCE) {
            let mut work = self.store.begin(tenant).await?;
            told += work.notifications().tell(some).await?;
            work.commit().await?;
        }
        self.forget_old(tenant, now).await?;
        Ok(told)
    }
}
