//! One request with a key while it is worked on: its transaction, which the units of work inside it share.

use super::answers;
use crate::error::store_error;
use crate::pool::Lease;
use crate::tenant::TenantStore;
use crate::transaction;
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, TransactionTrait};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;
use vigie_kernel::{Effect, KeptAnswer, KeyedRequest, Repeat, StoreError, TenantContext};

tokio::task_local! {
    static ONGOING: Arc<Scope>;
}

/// The request with a key that this task works on, if it works on one.
pub(in crate::tenant) fn ongoing() -> Option<Arc<Scope>> {
    ONGOING.try_with(Arc::clone).ok()
}

/// A request with a key. Its transaction is begun by its first unit of work, so that nothing is held while a file is read or a body
/// is checked; it is committed with the answer. Dropped, it is rolled back.
pub(in crate::tenant) struct Scope {
    store: TenantStore,
    tenant: TenantContext,
    request: KeyedRequest,
    now: DateTime<Utc>,
    stage: Mutex<Stage>,
    /// A unit of work is open.
    lent: AtomicBool,
    /// A statement that opens or closes a unit of work has failed: how deep the transaction stands is not known any more.
    spoiled: AtomicBool,
    outbox_written: AtomicBool,
}

enum Stage {
    Unopened,
    Open {
        txn: Arc<DatabaseTransaction>,
        lease: Lease,
    },
    /// Another process has the key, or has used it meanwhile.
    Elsewhere(Repeat),
    Ended,
}

/// The request has no transaction to give, because another process does it.
#[derive(Debug, thiserror::Error)]
#[error("another process works on this request, or has done it")]
struct DoneElsewhere;

impl Scope {
    pub(super) fn new(
        store: TenantStore,
        tenant: &TenantContext,
        request: KeyedRequest,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            store,
            tenant: tenant.clone(),
            request,
            now,
            stage: Mutex::new(Stage::Unopened),
            lent: AtomicBool::new(false),
            spoiled: AtomicBool::new(false),
            outbox_written: AtomicBool::new(false),
        }
    }

    /// Runs the effect; every unit of work and read inside it finds the scope.
    pub(super) async fn run(self: Arc<Self>, effect: Effect<'_>) -> Option<KeptAnswer> {
        ONGOING.scope(self, effect).await
    }

    /// A transaction inside the request's own. Committed, it waits for the request's commit; dropped, it alone is undone.
    pub(in crate::tenant) async fn lend(
        self: Arc<Self>,
        tenant: &TenantContext,
    ) -> Result<(DatabaseTransaction, Lent), StoreError> {
        self.must_be_of(tenant)?;
        let whole = self.open().await?;
        if self.lent.swap(true, Ordering::AcqRel) {
            return Err(StoreError::broken("a second unit of work was begun while one was open"));
        }
        let lent = Lent(self);
        match whole.begin().await {
            Ok(txn) => Ok((txn, lent)),
            Err(error) => {
                lent.0.spoil();
                Err(store_error(error))
            }
        }
    }

    /// The transaction for a read, once it is open.
    pub(in crate::tenant) async fn opened(
        &self,
        tenant: &TenantContext,
    ) -> Result<Option<Arc<DatabaseTransaction>>, StoreError> {
        self.must_be_of(tenant)?;
        match &*self.stage.lock().await {
            Stage::Open { txn, .. } => Ok(Some(Arc::clone(txn))),
            Stage::Unopened | Stage::Elsewhere(_) | Stage::Ended => Ok(None),
        }
    }

    /// Keeps the answer and commits, or rolls back when there is none.
    pub(super) async fn finish(&self, answer: Option<KeptAnswer>) -> Result<Repeat, StoreError> {
        // An effect that wrote nothing has an answer to keep as well.
        let opened = if answer.is_some() { self.open().await.map(|_| ()) } else { Ok(()) };
        let stage = std::mem::replace(&mut *self.stage.lock().await, Stage::Ended);
        let (txn, _lease) = match stage {
            Stage::Elsewhere(repeat) => return Ok(repeat),
            Stage::Unopened | Stage::Ended => return opened.map(|()| Repeat::NotDone),
            Stage::Open { txn, lease } => (txn, lease),
        };
        let Some(txn) = Arc::into_inner(txn) else {
            return Err(StoreError::broken("a read of the request is still open"));
        };
        let Some(answer) = answer else {
            roll_back(txn).await;
            return Ok(Repeat::NotDone);
        };
        if self.lent.load(Ordering::Acquire) || self.spoiled.load(Ordering::Acquire) {
            roll_back(txn).await;
            return Err(StoreError::broken("a unit of work of the request was not ended"));
        }
        answers::prune(&txn, self.now).await?;
        if !answers::keep(&txn, self.tenant.actor(), &self.request, &answer, self.now).await? {
            roll_back(txn).await;
            return Ok(Repeat::InProgress);
        }
        txn.commit().await.map_err(store_error)?;
        if self.outbox_written.load(Ordering::Acquire) {
            self.store.relay().notify(self.tenant.organization());
        }
        Ok(Repeat::Done(answer))
    }

    /// The request's transaction, begun and with the key's turn taken at the first call.
    async fn open(&self) -> Result<Arc<DatabaseTransaction>, StoreError> {
        let mut stage = self.stage.lock().await;
        match &*stage {
            Stage::Open { txn, .. } => return Ok(Arc::clone(txn)),
            Stage::Elsewhere(_) | Stage::Ended => return Err(elsewhere()),
            Stage::Unopened => {}
        }
        let lease = self.store.lease(&self.tenant).await?;
        let txn = transaction::begin(lease.connection()).await?;
        let actor = self.tenant.actor();
        let other = if answers::claim(&txn, actor, &self.request).await? {
            // Another process may have done it since the key was looked up.
            answers::find(&txn, actor, &self.request, self.now).await?
        } else {
            Some(Repeat::InProgress)
        };
        if let Some(other) = other {
            roll_back(txn).await;
            *stage = Stage::Elsewhere(other);
            return Err(elsewhere());
        }
        let txn = Arc::new(txn);
        *stage = Stage::Open { txn: Arc::clone(&txn), lease };
        Ok(txn)
    }

    /// One request, one organization, whatever the code inside asks for.
    fn must_be_of(&self, tenant: &TenantContext) -> Result<(), StoreError> {
        if tenant.organization() == self.tenant.organization() {
            return Ok(());
        }
        Err(StoreError::broken("a request with a key reached for another organization's database"))
    }

    fn spoil(&self) {
        self.spoiled.store(true, Ordering::Release);
    }
}

fn elsewhere() -> StoreError {
    StoreError::Unavailable(Box::new(DoneElsewhere))
}

/// At once, so that the key is free when the answer is sent. Where that fails the connection is gone, and the transaction with it.
async fn roll_back(txn: DatabaseTransaction) {
    if let Err(error) = txn.rollback().await {
        tracing::warn!(%error, "a transaction was not rolled back in order");
    }
}

/// The right to the one unit of work that a request may have open; given back when dropped.
pub(in crate::tenant) struct Lent(Arc<Scope>);

impl Lent {
    /// Notes how the unit of work was committed. Its messages are relayed after the request's own commit.
    pub(in crate::tenant) fn committed(
        &self,
        outcome: Result<(), StoreError>,
        outbox_written: bool,
    ) -> Result<(), StoreError> {
        if outcome.is_err() {
            self.0.spoil();
        } else if outbox_written {
            self.0.outbox_written.store(true, Ordering::Release);
        }
        outcome
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.0.lent.store(false, Ordering::Release);
    }
}
