//! When a failed job is tried again.

use std::time::Duration;

/// Gives numbers that nobody can foretell, so that jobs that failed together do not come back together.
pub trait Randomness: Send + Sync {
    /// A number, evenly spread over the whole range.
    fn number(&self) -> u32;
}

/// Delays between attempts, with an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    delays: Delays,
    attempts: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delays {
    Doubling { first: Duration, longest: Duration },
    Listed(&'static [Duration]),
}

impl Retry {
    /// Waits `first` after the first failure, twice as long after each further one, up to an hour; 10 attempts in all.
    #[must_use]
    pub const fn doubling(first: Duration) -> Self {
        Self { delays: Delays::Doubling { first, longest: Duration::from_hours(1) }, attempts: 10 }
    }

    /// Waits each of these delays once, one after the other; one attempt more than there are delays.
    #[must_use]
    pub const fn after(delays: &'static [Duration]) -> Self {
        let mut attempts: u16 = 1;
        let mut rest = delays;
        while let [_, others @ ..] = rest {
            attempts = attempts.saturating_add(1);
            rest = others;
        }
        Self { delays: Delays::Listed(delays), attempts }
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

    /// How long to wait after the given attempt (counted from 1) failed, before chance moves it. A list that is too short repeats its
    /// last delay.
    #[must_use]
    pub fn delay_after(&self, attempt: u16) -> Duration {
        match self.delays {
            Delays::Doubling { first, longest } => {
                let doublings = u32::from(attempt.saturating_sub(1)).min(20);
                first.saturating_mul(1 << doublings).min(longest)
            }
            Delays::Listed(delays) => {
                let at = usize::from(attempt.saturating_sub(1));
                delays.get(at).or(delays.last()).copied().unwrap_or_default()
            }
        }
    }

    /// The same, moved by up to a fifth in either direction: 0 is a fifth less, [`u32::MAX`] a fifth more.
    #[must_use]
    pub fn jittered(&self, attempt: u16, random: u32) -> Duration {
        let delay = self.delay_after(attempt);
        let shortest = delay / 5 * 4;
        let spread = delay / 5 * 2;
        let millis = spread.as_millis().saturating_mul(u128::from(random)) / u128::from(u32::MAX);
        shortest + Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)).min(spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn delays_double_up_to_an_hour() {
        let retry = Retry::doubling(Duration::from_secs(5)).up_to(0);
        assert_eq!(retry.attempts(), 1);
        let seconds: Vec<u64> = [1, 2, 3, 30].map(|attempt| retry.delay_after(attempt).as_secs()).to_vec();
        assert_eq!(seconds, [5, 10, 20, 3600]);
    }

    #[test]
    fn listed_delays_come_one_after_the_other() {
        const RETRY: Retry = Retry::after(&[Duration::from_secs(5), Duration::from_mins(5)]);
        assert_eq!(RETRY.attempts(), 3);
        let seconds: Vec<u64> = [1, 2, 3].map(|attempt| RETRY.delay_after(attempt).as_secs()).to_vec();
        assert_eq!(seconds, [5, 300, 300]);
        assert_eq!(RETRY.jittered(2, 0).as_secs(), 240);
        assert_eq!((Retry::after(&[]).attempts(), Retry::after(&[]).delay_after(1)), (1, Duration::ZERO));
    }

    #[test]
    fn chance_moves_a_delay_by_a_fifth() {
        let retry = Retry::doubling(Duration::from_secs(10));
        let seconds = [0, u32::MAX / 2, u32::MAX].map(|random| retry.jittered(2, random).as_millis());
        assert_eq!(seconds, [16_000, 19_999, 24_000]);
    }

    proptest! {
        #[test]
        fn a_delay_stays_within_a_fifth(first in 1_u64..7_200_000, attempt in 1_u16..40, random: u32) {
            let retry = Retry::doubling(Duration::from_millis(first));
            let (plain, moved) = (retry.delay_after(attempt), retry.jittered(attempt, random));
            prop_assert!(moved >= plain.mul_f64(0.799) && moved <= plain.mul_f64(1.2), "{plain:?} {moved:?}");
        }
    }
}
