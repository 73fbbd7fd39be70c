//! Which keys this process is working on.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use vigie_kernel::{IdempotencyKey, OrganizationId, TenantContext, UserId};

type Entry = (OrganizationId, UserId, IdempotencyKey);

/// The keys under way. Other processes are told apart by the database.
#[derive(Default)]
pub(super) struct UnderWay(Arc<Mutex<HashSet<Entry>>>);

/// The turn of one key; given back when dropped.
pub(super) struct Turn {
    keys: Arc<Mutex<HashSet<Entry>>>,
    entry: Entry,
}

impl UnderWay {
    /// The turn of the actor's key, or `None` when somebody has it.
    pub(super) fn enter(&self, tenant: &TenantContext, key: &IdempotencyKey) -> Option<Turn> {
        let entry = (tenant.organization(), tenant.actor(), key.clone());
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(entry.clone());
        free.then(|| Turn { keys: Arc::clone(&self.0), entry })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.entry);
    }
}
