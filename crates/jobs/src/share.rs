//! How the workers of a process are shared out between the lanes.

use crate::Lane;

/// Which lanes one worker of a process serves, and in which order.
///
/// A flood in one lane must not stop another. So some workers are kept free for the security lane, one never takes a long job of the
/// bulk lane, and the others let the lower lanes go first now and then, so that a flood of urgent jobs does not starve them either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The security lane alone.
    Security,
    /// What somebody waits for; never the bulk lane.
    Prompt,
    /// Every lane.
    Any,
}

impl Share {
    /// The shares of a process with so many workers, and so many more that are kept for the security lane. A process with one
    /// worker serves every lane with it.
    #[must_use]
    pub fn split(workers: usize, for_security: usize) -> Vec<Self> {
        let prompt = usize::from(workers > 1);
        let kept = std::iter::repeat_n(Self::Security, for_security);
        let prompt_workers = std::iter::repeat_n(Self::Prompt, prompt);
        kept.chain(prompt_workers)
            .chain(std::iter::repeat_n(Self::Any, workers.saturating_sub(prompt)))
            .collect()
    }

    /// The lanes that a worker looks into for its next job, the first one first. `turn` counts the jobs that it has run: of eight
    /// jobs the bulk lane is asked first for one and the transactional lane for two.
    #[must_use]
    pub const fn lanes(self, turn: u64) -> &'static [Lane] {
        use Lane::{Bulk, Security, Transactional};
        match self {
            Self::Security => &[Security],
            Self::Prompt => match turn % 4 {
                3 => &[Transactional, Security],
                _ => &[Security, Transactional],
            },
            Self::Any => match turn % 8 {
                2 | 5 => &[Transactional, Security, Bulk],
                7 => &[Bulk, Security, Transactional],
                _ => &Lane::ALL,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// How many of `jobs` each lane gives while all of them are full.
    fn served(share: Share, jobs: u64) -> HashMap<Lane, u64> {
        let mut counts = HashMap::new();
        for turn in 0..jobs {
            *counts.entry(share.lanes(turn)[0]).or_default() += 1;
        }
        counts
    }

    #[test]
    fn every_lane_has_its_turns_while_all_are_full() {
        assert_eq!(
            served(Share::Any, 80),
            HashMap::from([(Lane::Security, 50), (Lane::Transactional, 20), (Lane::Bulk, 10)])
        );
        assert_eq!(
            served(Share::Prompt, 80),
            HashMap::from([(Lane::Security, 60), (Lane::Transactional, 20)])
        );
        assert_eq!(served(Share::Security, 80), HashMap::from([(Lane::Security, 80)]));
    }

    #[test]
    fn a_worker_that_finds_its_first_lane_empty_takes_from_the_others() {
        for turn in 0..16 {
            let mut lanes = Share::Any.lanes(turn).to_vec();
            lanes.sort();
            assert_eq!(lanes, Lane::ALL);
        }
    }

    #[test]
    fn bulk_never_holds_every_worker_of_a_process_that_has_two() {
        assert_eq!(Share::split(1, 1), [Share::Security, Share::Any]);
        assert_eq!(
            Share::split(3, 2),
            [Share::Security, Share::Security, Share::Prompt, Share::Any, Share::Any]
        );
        assert_eq!(Share::split(1, 0), [Share::Any]);
    }
}
