//! The outside of tenancy in memory, for tests: a control database, databases, files, and faults that strike anywhere.

mod databases;
mod faults;
mod store;
mod work;

pub use databases::{MemoryDatabases, MemoryFiles};
pub use faults::{Faults, Gate};
pub use store::MemoryOrganizations;

use crate::{FreshToken, OneServer, OwnerTokens, Redacted, TenancyPorts, Timer};
use async_trait::async_trait;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use vigie_kernel::{BoxError, Clock, IdSource};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Time that never passes: nothing is ever prolonged.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandingTimer;

#[async_trait]
impl Timer for StandingTimer {
    async fn pause(&self, _time: Duration) {
        std::future::pending::<()>().await;
    }
}

/// Tokens that are counted.
#[derive(Debug, Default)]
pub struct CountedTokens(AtomicU8);

impl OwnerTokens for CountedTokens {
    fn fresh(&self) -> Result<FreshToken, BoxError> {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(FreshToken { text: Redacted::new(format!("token-{count}")), hash: [count; 32] })
    }
}

/// The outside of one installation, whose parts share their faults.
#[derive(Clone)]
pub struct MemoryOutside {
    /// The control database.
    pub store: MemoryOrganizations,
    /// The organizations' databases.
    pub databases: Arc<MemoryDatabases>,
    /// Their files.
    pub files: Arc<MemoryFiles>,
    /// What goes wrong in any of them.
    pub faults: Faults,
}

impl Default for MemoryOutside {
    fn default() -> Self {
        let faults = Faults::default();
        Self {
            store: MemoryOrganizations::new(faults.clone()),
            databases: Arc::new(MemoryDatabases::new(faults.clone())),
            files: Arc::new(MemoryFiles::new(faults.clone())),
            faults,
        }
    }
}

impl MemoryOutside {
    /// The ports of a process of the installation.
    #[must_use]
    pub fn ports(&self, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> TenancyPorts {
        TenancyPorts {
            store: Arc::new(self.store.clone()),
            databases: self.databases.clone(),
            files: self.files.clone(),
            placement: Arc::new(OneServer),
            tokens: Arc::new(CountedTokens::default()),
            timer: Arc::new(StandingTimer),
            clock,
            ids,
        }
    }
}
