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
    /// The things that do not work and without which requests are served, by name.
    pub missing: Vec<&'static str>,
}

impl Readiness {
    /// Whether requests should come.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        !self.draining && self.failing.is_empty()
    }

    /// Whether requests are served with something missing.
    #[must_use]
    pub const fn is_degraded(&self) -> bool {
        self.is_ready() && !self.missing.is_empty()
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

    /// Whether requests should come: every critical thing works and the process is not stopping; and what else does not work,
    /// which keeps no request away. Probes are asked at most
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
    answer: Option<(DateTime<Utc>, NotWorking)>,
    asking: bool,
}

/// What does not work, by what that means.
#[derive(Clone, Default)]
struct NotWorking {
    critical: Vec<&'static str>,
    degrading: Vec<&'static str>,
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

    async fn not_working(&self) -> NotWorking {
        let now = self.clock.now();
        let asking = {
            let mut last = lock(&self.last);
            if let Some((at, known)) = &last.answer
                && (now - *at < KEPT || last.asking)
            {
                return known.clone();
            }
            last.asking = true;
            Asking(&self.last)
        };
        let found = self.ask().await;
        lock(&self.last).answer = Some((now, found.clone()));
        drop(asking);
        found
    }

    async fn ask(&self) -> NotWorking {
        let mut found = NotWorking::default();
        for probe in &self.probes {
            if let Err(reason) = probe.check().await {
                tracing::warn!(probe.name = probe.name(), reason, "a health probe failed");
                match probe.impact() {
                    Impact::Critical => found.critical.push(probe.name()),
                    Impact::Degrading => found.degrading.push(probe.name()),
                }
            }
        }
        found
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
        let found = if draining { NotWorking::default() } else { self.not_working().await };
        Readiness { draining, failing: found.critical, missing: found.degrading }
    }

    fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }
}
