//! Remembers for a short time which organization a name stands for.

use crate::OrganizationRef;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::lock::Mutex as Turn;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use vigie_kernel::{Alone, OrganizationId, Recalled, Slug, Ticket};

/// How long an answer is believed, whichever process got it. Nothing tells a process that missed the news.
pub(crate) const BELIEVED: TimeDelta = TimeDelta::seconds(2);
/// Most names remembered of each kind.
const CAPACITY: usize = 10_000;

/// A name that was looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TenantName {
    /// A slug.
    Slug(Slug),
    /// A domain: lower case, punycode.
    Domain(String),
}

/// A memory of names that processes share, behind the one that each has of its own. Names that stand for nobody are not kept in it:
/// strangers make them up.
#[async_trait]
pub trait ResolutionCache: Send + Sync {
    /// What another process has found out. A memory that does not answer knows nothing.
    async fn recall(&self, name: &TenantName) -> Recalled<OrganizationRef>;

    /// Keeps an answer for at most `good_for`, unless something has changed since the ticket was given.
    async fn remember(
        &self,
        name: &TenantName,
        organization: &OrganizationRef,
        ticket: Ticket,
        good_for: TimeDelta,
    );
}

#[async_trait]
impl ResolutionCache for Alone {
    async fn recall(&self, _name: &TenantName) -> Recalled<OrganizationRef> {
        Recalled::Unknown(Ticket::void())
    }

    async fn remember(&self, _: &TenantName, _: &OrganizationRef, _: Ticket, _: TimeDelta) {}
}

/// What this process remembers. Hits and misses are apart, so that a flood of made-up names pushes no organization out.
#[derive(Default)]
pub(crate) struct LocalResolutions {
    state: Mutex<State>,
    /// The names that are being looked up: who asks for one of them waits for that answer.
    turns: Mutex<HashMap<TenantName, Weak<Turn<()>>>>,
}

#[derive(Default)]
struct State {
    hits: HashMap<TenantName, (OrganizationRef, DateTime<Utc>)>,
    misses: HashMap<TenantName, DateTime<Utc>>,
    /// Grows at each invalidation: what was looked up before one must not be remembered after it.
    generation: u64,
}

impl LocalResolutions {
    /// What is remembered of a name: an organization, or nobody; else the generation to give back to
    /// [`LocalResolutions::remember`].
    pub(crate) fn recall(
        &self,
        name: &TenantName,
        now: DateTime<Utc>,
    ) -> Result<Option<OrganizationRef>, u64> {
        let state = self.state();
        if let Some((organization, at)) = state.hits.get(name)
            && fresh(*at, now)
        {
            return Ok(Some(organization.clone()));
        }
        match state.misses.get(name) {
            Some(at) if fresh(*at, now) => Ok(None),
            Some(_) | None => Err(state.generation),
        }
    }

    /// Remembers what a name stood for at an instant, unless something was invalidated since the generation was taken.
    pub(crate) fn remember(
        &self,
        name: TenantName,
        found: Option<&OrganizationRef>,
        generation: u64,
        at: DateTime<Utc>,
    ) {
        let mut state = self.state();
        if state.generation != generation {
            return;
        }
        if let Some(organization) = found {
            make_room(&mut state.hits, |(_, known)| fresh(*known, at));
            state.misses.remove(&name);
            state.hits.insert(name, (organization.clone(), at));
        } else {
            make_room(&mut state.misses, |known| fresh(*known, at));
            state.hits.remove(&name);
            state.misses.insert(name, at);
        }
    }

    /// Forgets an organization, and every miss: one of them may have become its name.
    pub(crate) fn forget(&self, organization: OrganizationId) {
        let mut state = self.state();
        state.generation += 1;
        state.misses.clear();
        state.hits.retain(|_, (known, _)| known.id != organization);
    }

    /// The turn of a name: of those that ask for it at once, one at a time holds it.
    pub(crate) fn turn(&self, name: &TenantName) -> Arc<Turn<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(name).and_then(Weak::upgrade) {
            return turn;
        }
        if turns.len() >= CAPACITY {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::new(Turn::new(()));
        turns.insert(name.clone(), Arc::downgrade(&turn));
        turn
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that went back believes nothing.
fn fresh(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (TimeDelta::zero()..BELIEVED).contains(&(now - at))
}

/// Drops what is stale when the map is full, and everything when that is not enough.
fn make_room<V>(map: &mut HashMap<TenantName, V>, is_fresh: impl Fn(&V) -> bool) {
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
        let cache = LocalResolutions::default();
        let now = FixedClock::at_text("2026-11-20T09:00:00Z").now();
        for count in 0..CAPACITY + 10 {
            let name = TenantName::Domain(format!("d{count}.example"));
            drop(cache.turn(&name));
            cache.remember(name, None, 0, now);
        }
        assert_eq!(cache.state().misses.len(), 10);
        assert!(cache.turns.lock().unwrap().len() <= CAPACITY);
    }

    #[test]
    fn what_was_looked_up_before_an_invalidation_is_not_remembered_after_it() {
        let cache = LocalResolutions::default();
        let now = FixedClock::at_text("2026-11-20T09:00:00Z").now();
        let name = TenantName::Domain("kpi.example.org".to_owned());
        let generation = cache.recall(&name, now).unwrap_err();
        cache.forget(OrganizationId::from(uuid::Uuid::from_u128(1)));
        cache.remember(name.clone(), None, generation, now);
        assert_eq!(cache.recall(&name, now), Err(generation + 1));
    }
}
