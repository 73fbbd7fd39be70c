//! Leaves a server alone that does not answer.

use std::time::{Duration, Instant};

/// Failures in a row after which a server is left alone.
const THRESHOLD: u32 = 3;
/// How long it is left alone at first.
const PAUSE: Duration = Duration::from_secs(1);
/// How long at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A try that has told nothing for so long has nobody who will.
const LOST: Duration = Duration::from_secs(20);

/// Whether a server may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may.
    Pass,
    /// This one may, to see whether the server is back: [`Breaker::succeeded`], [`Breaker::failed`] or [`Breaker::abandoned`] is due.
    Try,
    /// It is left alone.
    Refuse,
}

/// Counts failures of connecting to one server. Closed while it answers, open while it is left alone, then one try at a time.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: State,
    pause: Duration,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    Trying { since: Instant },
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed { failures: 0 }, pause: PAUSE }
    }
}

impl Breaker {
    /// Whether the server may be asked now.
    pub(crate) fn admit(&mut self, now: Instant) -> Admission {
        match self.state {
            State::Closed { .. } => Admission::Pass,
            State::Open { until } if now < until => Admission::Refuse,
            State::Trying { since } if now < since + LOST => Admission::Refuse,
            State::Open { .. } | State::Trying { .. } => {
                self.state = State::Trying { since: now };
                Admission::Try
            }
        }
    }

    /// The server answered.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// The server did not answer. True when it is left alone from now on.
    pub(crate) fn failed(&mut self, now: Instant) -> bool {
        match self.state {
            State::Closed { failures } if failures + 1 < THRESHOLD => {
                self.state = State::Closed { failures: failures + 1 };
                false
            }
            State::Closed { .. } => {
                self.state = State::Open { until: now + self.pause };
                true
            }
            // Tries that began before count no more.
            State::Open { .. } => false,
            State::Trying { .. } => {
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                self.state = State::Open { until: now + self.pause };
                false
            }
        }
    }

    /// A try ended without telling anything: the next one may try.
    pub(crate) fn abandoned(&mut self, now: Instant) {
        if matches!(self.state, State::Trying { .. }) {
            self.state = State::Open { until: now };
        }
    }

    /// Whether the server is left alone.
    pub(crate) const fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(now: Instant) -> Breaker {
        let mut breaker = Breaker::default();
        assert_eq!([breaker.failed(now), breaker.failed(now), breaker.failed(now)], [false, false, true]);
        breaker
    }

    #[test]
    fn three_failures_in_a_row_open_it() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.failed(now);
        breaker.failed(now);
        breaker.succeeded();
        breaker.failed(now);
        breaker.failed(now);
        assert_eq!(breaker.admit(now), Admission::Pass);
        breaker.failed(now);
        assert_eq!(breaker.admit(now), Admission::Refuse);
        assert!(breaker.is_open());
    }

    #[test]
    fn one_at_a_time_tries_after_the_pause() {
        let now = Instant::now();
        let mut breaker = broken(now);
        let later = now + PAUSE;
        assert_eq!(breaker.admit(later), Admission::Try);
        assert_eq!(breaker.admit(later), Admission::Refuse);
        breaker.succeeded();
        assert_eq!(breaker.admit(later), Admission::Pass);
        assert!(!breaker.is_open());
    }

    #[test]
    fn the_pause_grows_up_to_a_bound() {
        let mut now = Instant::now();
        let mut breaker = broken(now);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let began = now;
            while breaker.admit(now) == Admission::Refuse {
                now += Duration::from_millis(500);
            }
            pauses.push((now - began).as_secs());
            breaker.failed(now);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 15, 15]);
    }

    #[test]
    fn a_try_that_is_given_up_lets_the_next_one_try() {
        let now = Instant::now();
        let mut breaker = broken(now);
        assert_eq!(breaker.admit(now + PAUSE), Admission::Try);
        breaker.abandoned(now + PAUSE);
        assert_eq!(breaker.admit(now + PAUSE), Admission::Try);
        assert_eq!(breaker.admit(now + PAUSE + LOST), Admission::Try);
    }

    #[test]
    fn a_failure_that_began_before_changes_nothing() {
        let now = Instant::now();
        let mut breaker = broken(now);
        breaker.failed(now + PAUSE / 2);
        assert_eq!(breaker.admit(now + PAUSE), Admission::Try);
    }
}
