//! Threads on which files are read.

use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use vigie_imports::ParsePool;

/// Runs a few reading jobs at a time on threads of the runtime that may block; the others wait without holding one.
#[derive(Clone, Debug)]
pub struct BlockingParsePool {
    runtime: Handle,
    places: Arc<Semaphore>,
}

impl BlockingParsePool {
    /// A pool on this runtime with so many jobs at a time, at least one.
    #[must_use]
    pub fn new(runtime: Handle, at_a_time: usize) -> Self {
        Self { runtime, places: Arc::new(Semaphore::new(at_a_time.max(1))) }
    }
}

impl ParsePool for BlockingParsePool {
    fn spawn(&self, job: Box<dyn FnOnce() + Send>) {
        let places = Arc::clone(&self.places);
        let runtime = self.runtime.clone();
        self.runtime.spawn(async move {
            let Ok(place) = places.acquire_owned().await else { return };
            // A job that panics ends its thread's task alone; the place comes back all the same.
            runtime.spawn_blocking(move || {
                let _place = place;
                job();
            });
        });
    }
}
