//! Not asking again and again somebody who does not answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which nobody asks any more.
const TOLERATED: u32 = 2;
/// How long nobody asks; then one does, for all.
const PAUSE: Duration = Duration::from_secs(1);

/// What an outcome changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing.
    None,
    /// From now on nobody asks.
    Opened,
    /// From now on everybody asks again.
    Closed,
}

/// Lets everybody ask while answers come, and one in a second while none do.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Whether to ask now. One who is let through an open breaker holds all others back for another pause, so nothing is owed by
    /// one who goes away without an answer.
    pub(crate) fn admits(&self, now: Instant) -> bool {
        match &mut *self.state() {
            State::Closed { .. } => true,
            State::Open { until } if now >= *until => {
                *until = now + PAUSE;
                true
            }
            State::Open { .. } => false,
        }
    }

    /// An answer came.
    pub(crate) fn succeeded(&self) -> Turn {
        let was = std::mem::take(&mut *self.state());
        match was {
            State::Closed { .. } => Turn::None,
            State::Open { .. } => Turn::Closed,
        }
    }

    /// None came.
    pub(crate) fn failed(&self, now: Instant) -> Turn {
        let mut state = self.state();
        match &mut *state {
            State::Closed { failures } if *failures + 1 < TOLERATED => {
                *failures += 1;
                Turn::None
            }
            State::Closed { .. } => {
                *state = State::Open { until: now + PAUSE };
                Turn::Opened
            }
            State::Open { until } => {
                *until = now + PAUSE;
                Turn::None
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
