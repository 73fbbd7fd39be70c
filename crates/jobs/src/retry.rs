//! When a failed job is tried again.

use std::time::Duration;

/// A doubling delay with an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    first: Duration,
    attempts: u16,
    longest: Duration,
}

impl Retry {
    /// Waits `first` after the first failure, twice as long after each further one, up to an hour; 10 attempts in all.
    #[must_use]
    pub const fn doubling(first: Duration) -> Self {
        Self { first, attempts: 10, longest: Duration::from_hours(1) }
    }

    /// Ends after so many attempts, at least one.
    #[must_use]
    pub const fn up_to(self, attempts: u16) -> Self {
        Self { attempts: if attempts == 0 { 1 } else { attempts }, ..self }
    }

    /// How many times a job is attempted before it is dead.
    #[must_use]
    pub const fn attempts(&self) -> u16 {
        self.attempts
    }

    /// How long to wait after the given attempt (counted from 1) failed.
    #[must_use]
    pub fn delay_after(&self, attempt: u16) -> Duration {
        let doublings = u32::from(attempt.saturating_sub(1)).min(20);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_an_hour() {
        let retry = Retry::doubling(Duration::from_secs(5)).up_to(0);
        assert_eq!(retry.attempts(), 1);
        let seconds: Vec<u64> = [1, 2, 3, 30].map(|attempt| retry.delay_after(attempt).as_secs()).to_vec();
        assert_eq!(seconds, [5, 10, 20, 3600]);
    }
}
