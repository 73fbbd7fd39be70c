//! Faults that strike before an effect, in its middle, or after it and before it is recorded.

use super::lock;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// Holds back what stalls at it until it is opened.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    /// Lets go on what waits, at its next poll.
    pub fn open(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The points that everything in memory passes, in the order in which it does.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    passed: Vec<String>,
    /// Points still to be passed, and what happens then. A gate that is never opened is a death.
    strike: Option<(usize, Gate)>,
}

impl Faults {
    /// Stops whoever comes to the point after `points` further ones, until the gate is opened. A test that drops what
    /// waits there has killed the process.
    #[must_use]
    pub fn stall_after(&self, points: usize) -> Gate {
        let gate = Gate::default();
        lock(&self.0).strike = Some((points, gate.clone()));
        gate
    }

    /// Lets nothing go wrong any more.
    pub fn clear(&self) {
        lock(&self.0).strike = None;
    }

    /// The points passed so far.
    #[must_use]
    pub fn passed(&self) -> Vec<String> {
        lock(&self.0).passed.clone()
    }

    /// Passes a point.
    pub(crate) async fn point(&self, name: &str) {
        let struck = {
            let mut state = lock(&self.0);
            state.passed.push(name.to_owned());
            match state.strike.take() {
                Some((0, gate)) => Some(gate),
                Some((left, gate)) => {
                    state.strike = Some((left - 1, gate));
                    None
                }
                None => None,
            }
        };
        if let Some(gate) = struck {
            let opened = || if gate.0.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending };
            poll_fn(|_| opened()).await;
        }
    }
}
