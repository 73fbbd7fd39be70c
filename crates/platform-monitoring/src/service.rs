//! Whether the process lives and should get requests.

use crate::{HealthProbe, Impact};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vigie_kernel::Clock;

/// How long an answer is repeated before the probes are asked again.
const KEPT: TimeDelta = TimeDelta::seconds(1);

/// Whether the process should get requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Whether the process is stopping.
    pub draining: bool,
    /// The critical things that do not work, by name.
    pub failing: Vec<&'static str>,
}

impl Readiness {
    /// Whether requests should come.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        !self.draining && self.failing.is_empty()
    }

    /// The HTTP status of the answer: 200 or 503.
    #[must_use]
    pub const fn http_status(&self) -> u16 {
        if self.is_ready() { 200 } else { 503 }
    }
}

/// The health of this process.
#[async_trait]
pub trait HealthService: Send + Sync {
    /// Whether the process lives: always, for it answers.
    fn live(&self) -> bool;

    /// Whether requests should come: every critical thing works and the process is not stopping. Probes are asked at most
    /// once a second, however often this is.
    async fn ready(&self) -> Readiness;

    /// Tells that the process is stopping: from now on it is not ready.
    fn drain(&self);
}

/// The one implementation of [`HealthService`].
pub struct PlatformHealth {
    probes: Vec<Arc<dyn HealthProbe>>,
    clock: Arc<dyn Clock>,
    draining: AtomicBool,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    answer: Option<(DateTime<Utc>, Vec<&'static str>)>,
    asking: bool,
}

/// Lets the next caller ask when this one is gone, even if it was cancelled on the way.
struct Asking<'a>(&'a Mutex<Last>);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        lock(self.0).asking = false;
    }
}

fn lock(last: &Mutex<Last>) -> MutexGuard<'_, Last> {
    last.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PlatformHealth {
    /// The health of a process that depends on these things.
    #[must_use]
    pub fn new(probes: Vec<Arc<dyn HealthProbe>>, clock: Arc<dyn Clock>) -> Self {
        Self { probes, clock, draining: AtomicBool::new(false), last: Mutex::default() }
    }

    async fn failing(&self) -> Vec<&'static str> {
        let now = self.clock.now();
        let asking = {
            let mut last = lock(&self.last);
            if let Some((at, failing)) = &last.answer
                && (now - *at < KEPT || last.asking)
            {
                return failing.clone();
            }
            last.asking = true;
            Asking(&self.last)
        };
        let failing = self.ask().await;
        lock(&self.last).answer = Some((now, failing.clone()));
        drop(asking);
        failing
    }

    async fn ask(&self) -> Vec<&'static str> {
        let mut failing = Vec::new();
        for probe in self.probes.iter().filter(|probe| probe.impact() == Impact::Critical) {
            if let Err(reason) = probe.check().await {
                tracing::warn!(probe.name = probe.name(), reason, "a health probe failed");
                failing.push(probe.name());
            }
        }
        failing
    }
}

#[async_trait]
impl HealthService for PlatformHealth {
    fn live(&self) -> bool {
        true
    }

    async fn ready(&self) -> Readiness {
        let draining = self.draining.load(Ordering::Acquire);
        // Who is stopping asks nothing any more: its pools may be closing.
        let failing = if draining { Vec::new() } else { self.failing().await };
        Readiness { draining, failing }
    }

    fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }
}
