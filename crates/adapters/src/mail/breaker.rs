//! Leaving a mail server alone that does not answer.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many failures ..
const TOLERATED: usize = 5;
/// .. within this time ..
const WINDOW: Duration = Duration::from_secs(30);
/// .. and nobody asks for so long; then one does, for all.
const PAUSE: Duration = Duration::from_secs(30);

/// Lets everybody send until five failures in 30 seconds, and then one in 30 seconds until one succeeds.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: VecDeque<Instant>,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether to ask the server now.
    pub(super) fn admits(&self, now: Instant) -> bool {
        let mut state = self.state();
        match state.open_until {
            Some(until) if now < until => false,
            // One goes ahead; the others wait until he is back, or for another pause.
            Some(_) => {
                state.open_until = Some(now + PAUSE);
                true
            }
            None => true,
        }
    }

    /// The server did what it was asked.
    pub(super) fn succeeded(&self) {
        *self.state() = State::default();
    }

    /// It did not answer, or takes nothing of ours. Whether this was the failure that opened the breaker.
    pub(super) fn failed(&self, now: Instant) -> bool {
        let mut state = self.state();
        if state.open_until.is_some() {
            state.open_until = Some(now + PAUSE);
            return false;
        }
        while state.failures.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
            state.failures.pop_front();
        }
        state.failures.push_back(now);
        if state.failures.len() < TOLERATED {
            return false;
        }
        state.failures.clear();
        state.open_until = Some(now + PAUSE);
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
