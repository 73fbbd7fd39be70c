//! One entry for each organization that is open or being opened.

use super::shared;
use crate::servers::ServerNode;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use vigie_kernel::{OrganizationId, StoreError};

/// Where an organization is, verified.
pub(super) struct Opened {
    pub(super) node: Arc<ServerNode>,
    pub(super) database: String,
    since: Instant,
    /// Milliseconds from `since` to the last use.
    used: AtomicU64,
    forgotten: AtomicBool,
}

impl Opened {
    pub(super) fn new(node: Arc<ServerNode>, database: String) -> Self {
        Self {
            node,
            database,
            since: Instant::now(),
            used: AtomicU64::new(0),
            forgotten: AtomicBool::new(false),
        }
    }

    /// Whether it was forgotten since: the organization may be elsewhere by now.
    pub(super) fn is_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::Acquire)
    }

    fn forget(&self) {
        self.forgotten.store(true, Ordering::Release);
    }

    fn touch(&self) {
        let since = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.used.store(since, Ordering::Relaxed);
    }

    fn last_used(&self) -> Instant {
        self.since + Duration::from_millis(self.used.load(Ordering::Relaxed))
    }
}

type Outcome = Option<Result<Arc<Opened>, Arc<StoreError>>>;

enum Entry {
    Open(Arc<Opened>),
    Opening { number: u64, outcome: watch::Receiver<Outcome> },
}

/// What is known of an organization.
pub(super) enum Known {
    /// It is open.
    Open(Arc<Opened>),
    /// Somebody opens it.
    Opening(Opening),
    /// Nobody does: whoever got this has to.
    Ours(Opener),
}

/// An opening that somebody does.
pub(super) struct Opening(watch::Receiver<Outcome>);

impl Opening {
    /// What came of it; `None` when it was given up.
    pub(super) async fn outcome(&mut self) -> Option<Result<Arc<Opened>, StoreError>> {
        let outcome = self.0.wait_for(Option::is_some).await.ok()?.clone()?;
        Some(outcome.map_err(|error| shared(&error)))
    }
}

/// The right and the duty to open an organization. Dropped, it lets the next one do it.
pub(super) struct Opener {
    entries: Entries,
    organization: OrganizationId,
    number: u64,
    outcome: watch::Sender<Outcome>,
}

impl Opener {
    pub(super) fn watch(&self) -> Opening {
        Opening(self.outcome.subscribe())
    }

    /// Tells everybody what came of it, once `then` has seen to what follows from one more being open.
    pub(super) fn settle(self, outcome: Result<Opened, StoreError>, then: impl FnOnce()) {
        let outcome = outcome.map(Arc::new).map_err(Arc::new);
        {
            let mut map = self.entries.lock();
            match &outcome {
                Ok(opened) if self.is_ours(&map) => {
                    map.insert(self.organization, Entry::Open(Arc::clone(opened)));
                }
                // What was read before it was forgotten may be wrong by now.
                Ok(opened) => opened.forget(),
                // Whoever comes after those who wait now tries again.
                Err(_) if self.is_ours(&map) => drop(map.remove(&self.organization)),
                Err(_) => {}
            }
        }
        then();
        self.outcome.send_replace(Some(outcome));
    }

    fn is_ours(&self, map: &HashMap<OrganizationId, Entry>) -> bool {
        match map.get(&self.organization) {
            Some(Entry::Opening { number, .. }) => *number == self.number,
            Some(Entry::Open(_)) | None => false,
        }
    }
}

impl Drop for Opener {
    fn drop(&mut self) {
        let mut map = self.entries.lock();
        if self.is_ours(&map) {
            map.remove(&self.organization);
        }
    }
}

/// The entries. Cloning shares them.
#[derive(Clone, Default)]
pub(super) struct Entries(Arc<Inner>);

#[derive(Default)]
struct Inner {
    map: Mutex<HashMap<OrganizationId, Entry>>,
    openings: AtomicU64,
}

impl Entries {
    /// What is known of an organization, which is used now.
    pub(super) fn look(&self, organization: OrganizationId) -> Known {
        let mut map = self.lock();
        match map.get(&organization) {
            Some(Entry::Open(opened)) => {
                opened.touch();
                Known::Open(Arc::clone(opened))
            }
            Some(Entry::Opening { outcome, .. }) => Known::Opening(Opening(outcome.clone())),
            None => {
                let number = self.0.openings.fetch_add(1, Ordering::Relaxed);
                let (sender, outcome) = watch::channel(None);
                map.insert(organization, Entry::Opening { number, outcome });
                Known::Ours(Opener { entries: self.clone(), organization, number, outcome: sender })
            }
        }
    }

    /// Where an organization is, if it is open; looking at it is no use of it.
    pub(super) fn peek(&self, organization: OrganizationId) -> Option<Arc<Opened>> {
        match self.lock().get(&organization)? {
            Entry::Open(opened) => Some(Arc::clone(opened)),
            Entry::Opening { .. } => None,
        }
    }

    /// Those that are open and were used since then.
    pub(super) fn used_since(&self, since: Option<Instant>) -> Vec<OrganizationId> {
        let open = self.open().into_iter();
        open.filter(|(_, opened)| since.is_none_or(|since| opened.last_used() >= since))
            .map(|(id, _)| id)
            .collect()
    }

    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.lock().values().filter(|entry| matches!(entry, Entry::Open(_))).count()
    }

    /// Every organization that is open.
    pub(super) fn open(&self) -> Vec<(OrganizationId, Arc<Opened>)> {
        let map = self.lock();
        map.iter()
            .filter_map(|(id, entry)| match entry {
                Entry::Open(opened) => Some((*id, Arc::clone(opened))),
                Entry::Opening { .. } => None,
            })
            .collect()
    }

    /// Forgets an organization: what was opened, and what is about to be.
    pub(super) fn forget(&self, organization: OrganizationId) -> Option<Arc<Opened>> {
        match self.lock().remove(&organization)? {
            Entry::Open(opened) => {
                opened.forget();
                Some(opened)
            }
            Entry::Opening { .. } => None,
        }
    }

    /// Takes out the least recently used organizations beyond a number; those in use stay. Who has one of them goes on with it.
    pub(super) fn beyond(
        &self,
        most: usize,
        in_use: impl Fn(OrganizationId, &Opened) -> bool,
    ) -> Vec<(OrganizationId, Arc<Opened>)> {
        let mut open = self.open();
        let surplus = open.len().saturating_sub(most);
        if surplus == 0 {
            return Vec::new();
        }
        open.sort_by_key(|(_, opened)| opened.last_used());
        open.retain(|(id, opened)| !in_use(*id, opened));
        open.truncate(surplus);
        self.take_out(open)
    }

    /// Takes out the organizations that nobody has used for so long; those in use stay.
    pub(super) fn idle(
        &self,
        idle: Duration,
        in_use: impl Fn(OrganizationId, &Opened) -> bool,
    ) -> Vec<(OrganizationId, Arc<Opened>)> {
        let mut open = self.open();
        open.retain(|(id, opened)| opened.last_used().elapsed() >= idle && !in_use(*id, opened));
        self.take_out(open)
    }

    fn take_out(&self, gone: Vec<(OrganizationId, Arc<Opened>)>) -> Vec<(OrganizationId, Arc<Opened>)> {
        let mut map = self.lock();
        gone.into_iter()
            .filter(|(id, gone)| {
                let same = matches!(map.get(id), Some(Entry::Open(opened)) if Arc::ptr_eq(opened, gone));
                if same {
                    map.remove(id);
                }
                same
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrganizationId, Entry>> {
        self.0.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
