//! Remembers for a moment what organizations may have and use.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use vigie_kernel::{Entitlements, OrganizationId};

/// After this time one request asks again, while the others still believe.
const RENEWED: TimeDelta = TimeDelta::milliseconds(900);
/// After this time nobody believes: a change counts everywhere within two seconds.
const BELIEVED: TimeDelta = TimeDelta::milliseconds(1_800);
/// Organizations remembered at a time; when full, the old ones are forgotten, and then all.
const CAPACITY: usize = 10_000;

/// What is remembered of each organization.
#[derive(Debug, Default)]
pub(crate) struct EntitlementCache(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    known: HashMap<OrganizationId, Known>,
    /// Grows when something is forgotten: what was asked before must not be remembered after it.
    generation: u64,
}

#[derive(Debug)]
struct Known {
    entitlements: Entitlements,
    asked_at: DateTime<Utc>,
    renewing: bool,
}

impl EntitlementCache {
    /// What is remembered of an organization; else, for who is to ask, the generation to give back to [`Self::remember`].
    pub(crate) fn recall(
        &self,
        organization: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<Entitlements, u64> {
        let mut state = self.state();
        let generation = state.generation;
        let Some(known) = state.known.get_mut(&organization) else { return Err(generation) };
        let age = now - known.asked_at;
        let fresh = (TimeDelta::zero()..RENEWED).contains(&age);
        let believed = known.renewing && (TimeDelta::zero()..BELIEVED).contains(&age);
        if fresh || believed {
            return Ok(known.entitlements);
        }
        known.renewing = true;
        Err(generation)
    }

    /// Remembers what was answered to a question of that instant, unless something was forgotten since.
    pub(crate) fn remember(
        &self,
        organization: OrganizationId,
        entitlements: Entitlements,
        generation: u64,
        asked_at: DateTime<Utc>,
    ) {
        let mut state = self.state();
        if state.generation != generation {
            return;
        }
        if state.known.len() >= CAPACITY {
            state.known.retain(|_, known| asked_at - known.asked_at < BELIEVED);
            if state.known.len() >= CAPACITY {
                state.known.clear();
            }
        }
        state.known.insert(organization, Known { entitlements, asked_at, renewing: false });
    }

    /// Forgets an organization.
    pub(crate) fn forget(&self, organization: OrganizationId) {
        let mut state = self.state();
        state.generation += 1;
        state.known.remove(&organization);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use vigie_kernel::Clock;
    use vigie_kernel::testing::FixedClock;

    fn organization(number: u128) -> OrganizationId {
        OrganizationId::from(Uuid::from_u128(number))
    }

    #[test]
    fn one_asks_again_while_the_others_believe_and_after_two_seconds_everybody_asks() {
        let (cache, clock) = (EntitlementCache::default(), FixedClock::at_text("2026-11-20T09:00:00Z"));
        let generation = cache.recall(organization(1), clock.now()).unwrap_err();
        cache.remember(organization(1), Entitlements::UNLIMITED, generation, clock.now());
        clock.advance(TimeDelta::milliseconds(899));
        assert!(cache.recall(organization(1), clock.now()).is_ok());
        clock.advance(TimeDelta::milliseconds(2));
        assert!(cache.recall(organization(1), clock.now()).is_err(), "the first asks");
        assert!(cache.recall(organization(1), clock.now()).is_ok(), "the second believes");
        clock.advance(TimeDelta::seconds(1));
        assert!(cache.recall(organization(1), clock.now()).is_err(), "the first did not come back");
        assert!(cache.recall(organization(1), clock.now()).is_err());
    }

    #[test]
    fn what_was_asked_before_a_change_is_not_remembered_after_it() {
        let (cache, clock) = (EntitlementCache::default(), FixedClock::at_text("2026-11-20T09:00:00Z"));
        let generation = cache.recall(organization(1), clock.now()).unwrap_err();
        cache.forget(organization(1));
        cache.remember(organization(1), Entitlements::UNLIMITED, generation, clock.now());
        assert!(cache.recall(organization(1), clock.now()).is_err());
    }

    #[test]
    fn a_clock_that_went_back_believes_nothing() {
        let (cache, clock) = (EntitlementCache::default(), FixedClock::at_text("2026-11-20T09:00:00Z"));
        cache.remember(organization(1), Entitlements::UNLIMITED, 0, clock.now());
        assert!(cache.recall(organization(1), clock.now() - TimeDelta::seconds(1)).is_err());
    }

    #[test]
    fn the_memory_stays_bounded() {
        let (cache, clock) = (EntitlementCache::default(), FixedClock::at_text("2026-11-20T09:00:00Z"));
        for number in 0..u128::try_from(CAPACITY).unwrap() + 10 {
            cache.remember(organization(number), Entitlements::UNLIMITED, 0, clock.now());
        }
        assert_eq!(cache.state().known.len(), 10);
    }
}
