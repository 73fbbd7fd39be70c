//! Remembers for a short time which organization a name stands for.

use crate::OrganizationRef;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use vigie_kernel::{OrganizationId, Slug};

/// How long an organization is remembered.
const HIT: TimeDelta = TimeDelta::seconds(30);
/// How long it is remembered that a name stands for nobody.
const MISS: TimeDelta = TimeDelta::seconds(2);
/// Most names remembered of each kind.
const CAPACITY: usize = 10_000;

/// A name that was looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    /// A slug.
    Slug(Slug),
    /// A domain.
    Domain(String),
}

/// Hits and misses are apart, so that a flood of made-up names pushes no organization out.
#[derive(Default)]
pub(crate) struct ResolutionCache(Mutex<State>);

#[derive(Default)]
struct State {
    hits: HashMap<Name, (OrganizationRef, DateTime<Utc>)>,
    misses: HashMap<Name, DateTime<Utc>>,
    /// Grows at each invalidation: what was looked up before one must not be remembered after it.
    generation: u64,
}

impl ResolutionCache {
    /// What is remembered of a name: an organization, or nobody; else the generation to give back to
    /// [`ResolutionCache::remember`].
    pub(crate) fn recall(&self, name: &Name, now: DateTime<Utc>) -> Result<Option<OrganizationRef>, u64> {
        let state = self.state();
        if let Some((organization, at)) = state.hits.get(name)
            && fresh(*at, HIT, now)
        {
            return Ok(Some(organization.clone()));
        }
        match state.misses.get(name) {
            Some(at) if fresh(*at, MISS, now) => Ok(None),
            Some(_) | None => Err(state.generation),
        }
    }

    /// Remembers what a name stands for, unless something was invalidated since the generation was taken.
    pub(crate) fn remember(
        &self,
        name: Name,
        found: Option<&OrganizationRef>,
        generation: u64,
        now: DateTime<Utc>,
    ) {
        let mut state = self.state();
        if state.generation != generation {
            return;
        }
        if let Some(organization) = found {
            make_room(&mut state.hits, |(_, at)| fresh(*at, HIT, now));
            state.misses.remove(&name);
            state.hits.insert(name, (organization.clone(), now));
        } else {
            make_room(&mut state.misses, |at| fresh(*at, MISS, now));
            state.hits.remove(&name);
            state.misses.insert(name, now);
        }
    }

    /// Forgets an organization, and every miss: one of them may have become its name.
    pub(crate) fn invalidate(&self, organization: OrganizationId) {
        let mut state = self.state();
        state.generation += 1;
        state.misses.clear();
        state.hits.retain(|_, (known, _)| known.id != organization);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fresh(at: DateTime<Utc>, lifetime: TimeDelta, now: DateTime<Utc>) -> bool {
    now - at < lifetime
}

/// Drops what is stale when the map is full, and everything when that is not enough.
fn make_room<V>(map: &mut HashMap<Name, V>, is_fresh: impl Fn(&V) -> bool) {
    if map.len() >= CAPACITY {
        map.retain(|_, value| is_fresh(value));
    }
    if map.len() >= CAPACITY {
        map.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_kernel::Clock;
    use vigie_kernel::testing::FixedClock;

    #[test]
    fn a_flood_of_names_stays_bounded() {
        let cache = ResolutionCache::default();
        let now = FixedClock::at_text("2026-11-20T09:00:00Z").now();
        for count in 0..CAPACITY + 10 {
            cache.remember(Name::Domain(format!("d{count}.example")), None, 0, now);
        }
        assert_eq!(cache.state().misses.len(), 10);
    }

    #[test]
    fn what_was_looked_up_before_an_invalidation_is_not_remembered_after_it() {
        let cache = ResolutionCache::default();
        let now = FixedClock::at_text("2026-11-20T09:00:00Z").now();
        let name = Name::Domain("kpi.example.org".to_owned());
        let generation = cache.recall(&name, now).unwrap_err();
        cache.invalidate(OrganizationId::from(uuid::Uuid::from_u128(1)));
        cache.remember(name.clone(), None, generation, now);
        assert_eq!(cache.recall(&name, now), Err(generation + 1));
    }
}
