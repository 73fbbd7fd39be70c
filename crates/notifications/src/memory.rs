//! Notifications in memory, for tests.

use crate::{
    ActionSubject, Addressed, CommentSubject, ImportSubject, InboxEntry, InboxEntrySnapshot, InboxReads,
    InboxRepository, KpiSubject, NotificationRepository, NotificationStore, NotificationWork, SubjectReads,
};
use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vigie_kernel::{
    ActionId, CommentId, Cursor, DeliveryId, ImportRunId, KpiId, Page, PageRequest, StoreError,
    TenantContext, UnitOfWork, UserId,
};

#[derive(Clone, Default)]
struct State {
    members: BTreeMap<UserId, String>,
    kpis: Vec<KpiSubject>,
    actions: Vec<ActionSubject>,
    comments: Vec<CommentSubject>,
    imports: Vec<ImportSubject>,
    entries: Vec<InboxEntrySnapshot>,
    counters: BTreeMap<UserId, u64>,
}

/// A [`NotificationStore`] of one organization in memory. One transaction at a time.
#[derive(Clone, Default)]
pub struct MemoryNotifications(Arc<Mutex<State>>);

impl MemoryNotifications {
    /// Puts an active member into the organization.
    pub fn put_member(&self, id: UserId, name: impl Into<String>) {
        self.lock().members.insert(id, name.into());
    }

    /// Takes a member out of it.
    pub fn remove_member(&self, id: UserId) {
        self.lock().members.remove(&id);
    }

    /// Puts a KPI into it.
    pub fn put_kpi(&self, kpi: KpiSubject) {
        self.lock().kpis.push(kpi);
    }

    /// Puts an action into it, in the place of the one with its id.
    pub fn put_action(&self, action: ActionSubject) {
        let mut state = self.lock();
        state.actions.retain(|other| other.id != action.id);
        state.actions.push(action);
    }

    /// Puts a comment into it.
    pub fn put_comment(&self, comment: CommentSubject) {
        self.lock().comments.push(comment);
    }

    /// Puts an import into it.
    pub fn put_import(&self, import: ImportSubject) {
        self.lock().imports.push(import);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl NotificationStore for MemoryNotifications {
    async fn begin(&self, _: &TenantContext) -> Result<Box<dyn NotificationWork>, StoreError> {
        let own = self.lock().clone();
        Ok(Box::new(MemoryWork { store: self.clone(), own }))
    }

    async fn read(&self, _: &TenantContext) -> Result<Box<dyn InboxReads>, StoreError> {
        Ok(Box::new(self.lock().clone()))
    }

    async fn subjects(&self, _: &TenantContext) -> Result<Box<dyn SubjectReads>, StoreError> {
        Ok(Box::new(self.lock().clone()))
    }
}

struct MemoryWork {
    store: MemoryNotifications,
    own: State,
}

#[async_trait]
impl UnitOfWork for MemoryWork {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        *self.store.lock() = self.own;
        Ok(())
    }
}

impl NotificationWork for MemoryWork {
    fn notifications(&mut self) -> Box<dyn NotificationRepository + '_> {
        Box::new(&mut self.own)
    }

    fn inbox(&mut self) -> Box<dyn InboxRepository + '_> {
        Box::new(&mut self.own)
    }
}

impl State {
    fn shown(&self, entry: &InboxEntrySnapshot) -> InboxEntry {
        let actor = entry.notification.snapshot().actor;
        let actor_name = actor.and_then(|actor| self.members.get(&actor).cloned());
        InboxEntry::restore(InboxEntrySnapshot { actor_name, ..entry.clone() })
    }

    fn count_off(&mut self, member: UserId, entries: u64) {
        if let Some(unread) = self.counters.get_mut(&member) {
            *unread -= entries;
        }
    }
}

#[async_trait]
impl NotificationRepository for &mut State {
    async fn tell(&mut self, addressed: &[Addressed]) -> Result<u64, StoreError> {
        let mut told = 0;
        for Addressed { notification, recipients } in addressed {
            for (id, recipient) in recipients {
                let key = &notification.snapshot().key;
                let has_it = |entry: &InboxEntrySnapshot| {
                    entry.recipient == *recipient && entry.notification.snapshot().key == *key
                };
                if self.entries.iter().any(has_it) {
                    continue;
                }
                self.entries.push(InboxEntrySnapshot {
                    id: *id,
                    notification: notification.clone(),
                    recipient: *recipient,
                    actor_name: None,
                    received_at: notification.snapshot().created_at,
                    read_at: None,
                });
                *self.counters.entry(*recipient).or_default() += 1;
                told += 1;
            }
        }
        Ok(told)
    }

    async fn forget_before(&mut self, instant: DateTime<Utc>, most: u32) -> Result<u64, StoreError> {
        let old: BTreeSet<_> = self
            .entries
            .iter()
            .map(|entry| entry.notification.snapshot())
            .filter(|notification| notification.created_at < instant)
            .map(|notification| (notification.created_at, notification.id))
            .take(usize::try_from(most).unwrap_or(usize::MAX))
            .collect();
        let is_old = |entry: &InboxEntrySnapshot| {
            let notification = entry.notification.snapshot();
            old.contains(&(notification.created_at, notification.id))
        };
        let (gone, kept): (Vec<_>, Vec<_>) = self.entries.drain(..).partition(is_old);
        self.entries = kept;
        for entry in gone.iter().filter(|entry| entry.read_at.is_none()) {
            self.count_off(entry.recipient, 1);
        }
        Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
    }
}

#[async_trait]
impl InboxRepository for &mut State {
    async fn find(&mut self, member: UserId, id: DeliveryId) -> Result<Option<InboxEntry>, StoreError> {
        let found = self.entries.iter().find(|entry| entry.id == id && entry.recipient == member);
        Ok(found.map(|entry| self.shown(entry)))
    }

    async fn mark_read(
        &mut self,
        member: UserId,
        id: DeliveryId,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mine = |entry: &&mut InboxEntrySnapshot| entry.id == id && entry.recipient == member;
        if let Some(entry) = self.entries.iter_mut().find(mine).filter(|entry| entry.read_at.is_none()) {
            entry.read_at = Some(at);
            self.count_off(member, 1);
        }
        Ok(())
    }

    async fn mark_all_read(
        &mut self,
        member: UserId,
        through: Option<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut marked = 0;
        for entry in self.entries.iter_mut().filter(|entry| entry.recipient == member) {
            let meant = through.is_none_or(|through| entry.received_at <= through);
            if meant && entry.read_at.is_none() {
                entry.read_at = Some(at);
                marked += 1;
            }
        }
        self.count_off(member, marked);
        Ok(marked)
    }

    async fn unread(&mut self, member: UserId) -> Result<u64, StoreError> {
        Ok(self.counters.get(&member).copied().unwrap_or_default())
    }
}

#[async_trait]
impl InboxReads for State {
    async fn entries(
        &mut self,
        member: UserId,
        unread: Option<bool>,
        page: &PageRequest,
    ) -> Result<Page<InboxEntry>, StoreError> {
        let key = |entry: &InboxEntrySnapshot| {
            (entry.received_at.to_rfc3339_opts(SecondsFormat::Micros, true), entry.id.as_uuid())
        };
        let after = page.after.as_ref().map(|cursor| (cursor.key.clone(), cursor.id));
        let mut mine: Vec<&InboxEntrySnapshot> = self
            .entries
            .iter()
            .filter(|entry| entry.recipient == member)
            .filter(|entry| unread.is_none_or(|unread| entry.read_at.is_none() == unread))
            .filter(|entry| after.as_ref().is_none_or(|after| key(entry) < *after))
            .collect();
        mine.sort_by_key(|entry| std::cmp::Reverse(key(entry)));
        let mine = mine.into_iter().map(|entry| self.shown(entry)).collect();
        Ok(Page::from_overfull(mine, page.limit, |last| {
            let (key, id) = key(last.snapshot());
            Cursor { key, id }
        }))
    }

    async fn unread(&mut self, member: UserId) -> Result<u64, StoreError> {
        Ok(self.counters.get(&member).copied().unwrap_or_default())
    }

    async fn any_before(&mut self, instant: DateTime<Utc>) -> Result<bool, StoreError> {
        Ok(self.entries.iter().any(|entry| entry.notification.snapshot().created_at < instant))
    }
}

#[async_trait]
impl SubjectReads for State {
    async fn kpis(&mut self, ids: &[KpiId]) -> Result<Vec<KpiSubject>, StoreError> {
        let mut found: Vec<_> = self.kpis.iter().filter(|kpi| ids.contains(&kpi.id)).cloned().collect();
        found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(found)
    }

    async fn action(&mut self, id: ActionId) -> Result<Option<ActionSubject>, StoreError> {
        Ok(self.actions.iter().find(|action| action.id == id).cloned())
    }

    async fn comment(&mut self, id: CommentId) -> Result<Option<CommentSubject>, StoreError> {
        Ok(self.comments.iter().find(|comment| comment.id == id).cloned())
    }

    async fn import(&mut self, id: ImportRunId) -> Result<Option<ImportSubject>, StoreError> {
        Ok(self.imports.iter().find(|import| import.file.id == id).cloned())
    }

    async fn active(&mut self, members: &BTreeSet<UserId>) -> Result<BTreeSet<UserId>, StoreError> {
        Ok(members.iter().copied().filter(|member| self.members.contains_key(member)).collect())
    }
}
