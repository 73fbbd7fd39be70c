//! Who gets the next connection of a server: what is open, who waits, whose turn it is. Knows neither time nor tasks.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hash;

/// Names somebody who waits.
pub(crate) type Ticket = u64;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caps {
    /// Open connections altogether: in use, idle, or being closed.
    pub(crate) total: usize,
    /// Open connections of one organization.
    pub(crate) each: usize,
    /// Connections that are kept closed ahead of who needs one next, so that he does not wait for a closing.
    pub(crate) spare: usize,
}

impl Caps {
    /// Caps of a server: `pool` connections for an organization at most, and always less than half of all of them, so that one never
    /// shuts the others out. With fewer than three in all it gets one.
    pub(crate) fn of(total: usize, pool: usize) -> Self {
        let less_than_half = (total.saturating_sub(1) / 2).max(1);
        Self { total: total.max(1), each: pool.clamp(1, less_than_half), spare: total / 12 }
    }
}

/// What somebody who waited gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Grant<C> {
    /// An idle connection of his organization.
    Reuse(C),
    /// The right to open one.
    Open,
}

/// What a change made possible.
#[derive(Debug)]
pub(crate) struct Step<C> {
    /// Who gets something, in the order of their turns.
    pub(crate) granted: Vec<(Ticket, Grant<C>)>,
    /// Idle connections to be closed because others need the room. [`Scheduler::closed`] is due for each.
    pub(crate) evicted: Vec<C>,
}

/// How many connections there are, and how many wait for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) in_use: usize,
    pub(crate) idle: usize,
    pub(crate) closing: usize,
    pub(crate) waiting: usize,
}

/// The scheduler. `K` names an organization, `C` is a connection that is idle.
///
/// Who waits is served in turns of organizations, not in one line: an organization with a thousand waiting gets as many turns as one with
/// a single one. Within an organization the first comes first. After each change, [`Scheduler::advance`] gives out what can be given.
#[derive(Debug)]
pub(crate) struct Scheduler<K, C> {
    caps: Caps,
    shares: HashMap<K, Share<C>>,
    /// Idle connections, the longest idle first, by when they came back.
    idle: BTreeMap<u64, K>,
    /// Organizations in which somebody waits, the next one first.
    turns: VecDeque<K>,
    in_use: usize,
    closing: usize,
    waiting: usize,
    next: u64,
}

#[derive(Debug)]
struct Share<C> {
    in_use: usize,
    idle: VecDeque<(u64, C)>,
    waiting: VecDeque<Ticket>,
}

impl<C> Default for Share<C> {
    fn default() -> Self {
        Self { in_use: 0, idle: VecDeque::new(), waiting: VecDeque::new() }
    }
}

impl<C> Share<C> {
    fn is_empty(&self) -> bool {
        self.in_use == 0 && self.idle.is_empty() && self.waiting.is_empty()
    }
}

impl<K: Copy + Eq + Hash, C> Scheduler<K, C> {
    pub(crate) fn new(caps: Caps) -> Self {
        Self {
            caps,
            shares: HashMap::new(),
            idle: BTreeMap::new(),
            turns: VecDeque::new(),
            in_use: 0,
            closing: 0,
            waiting: 0,
            next: 0,
        }
    }

    /// Changes the caps. What is open beyond smaller ones goes as it comes back.
    pub(crate) fn set_caps(&mut self, caps: Caps) {
        self.caps = caps;
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts { in_use: self.in_use, idle: self.idle.len(), closing: self.closing, waiting: self.waiting }
    }

    /// Whether an organization has a connection in use, or waits for one.
    pub(crate) fn is_used(&self, key: K) -> bool {
        self.shares.get(&key).is_some_and(|share| share.in_use > 0 || !share.waiting.is_empty())
    }

    /// Gets in line for a connection.
    pub(crate) fn ask(&mut self, key: K) -> Ticket {
        let ticket = self.number();
        let share = self.shares.entry(key).or_default();
        if share.waiting.is_empty() {
            self.turns.push_back(key);
        }
        share.waiting.push_back(ticket);
        self.waiting += 1;
        ticket
    }

    /// Leaves the line. Not an error when the turn has come meanwhile: whoever was granted something gives it back.
    pub(crate) fn withdraw(&mut self, key: K, ticket: Ticket) {
        let Some(share) = self.shares.get_mut(&key) else { return };
        let Some(place) = share.waiting.iter().position(|waiting| *waiting == ticket) else { return };
        share.waiting.remove(place);
        self.waiting -= 1;
        if share.waiting.is_empty() {
            self.turns.retain(|waiting| *waiting != key);
        }
        self.forget_if_empty(key);
    }

    /// Gives a connection back that may serve again.
    pub(crate) fn give_back(&mut self, key: K, connection: C) {
        let number = self.number();
        let Some(share) = self.shares.get_mut(&key) else { return };
        share.in_use = share.in_use.saturating_sub(1);
        share.idle.push_back((number, connection));
        self.in_use = self.in_use.saturating_sub(1);
        self.idle.insert(number, key);
    }

    /// Gives back the place of a connection that is being closed, or that could not be opened. [`Scheduler::closed`] is due.
    pub(crate) fn give_up(&mut self, key: K) {
        let Some(share) = self.shares.get_mut(&key) else { return };
        share.in_use = share.in_use.saturating_sub(1);
        self.in_use = self.in_use.saturating_sub(1);
        self.closing += 1;
        self.forget_if_empty(key);
    }

    /// A connection is closed for certain.
    pub(crate) fn closed(&mut self) {
        self.closing = self.closing.saturating_sub(1);
    }

    /// Takes out the idle connections that are to go. [`Scheduler::closed`] is due for each.
    pub(crate) fn expire(&mut self, mut goes: impl FnMut(K, &C) -> bool) -> Vec<C> {
        let mut gone = Vec::new();
        for (key, share) in &mut self.shares {
            for _ in 0..share.idle.len() {
                let Some((number, connection)) = share.idle.pop_front() else { break };
                if goes(*key, &connection) {
                    self.idle.remove(&number);
                    self.closing += 1;
                    gone.push(connection);
                } else {
                    share.idle.push_back((number, connection));
                }
            }
        }
        self.shares.retain(|_, share| !share.is_empty());
        gone
    }

    /// Gives out what can be given, and says which idle connections must go so that others can have their place.
    pub(crate) fn advance(&mut self) -> Step<C> {
        let mut step = Step { granted: Vec::new(), evicted: Vec::new() };
        loop {
            while let Some(grant) = self.serve_next() {
                step.granted.push(grant);
            }
            match self.make_room() {
                Some(connection) => step.evicted.push(connection),
                None => return step,
            }
        }
    }

    /// Serves the first organization in line that can be served; it goes to the end of the line.
    ///
    /// One that has an idle connection of its own may pass others only when places are on their way for all of them: otherwise busy
    /// organizations would hand their connections on to themselves for ever.
    fn serve_next(&mut self) -> Option<(Ticket, Grant<C>)> {
        let free = self.free() > 0;
        let mut passed = 0;
        let place = self.turns.iter().position(|key| {
            let Some(share) = self.shares.get(key) else { return false };
            if share.in_use >= self.caps.each {
                return false;
            }
            let served = free || (!share.idle.is_empty() && passed <= self.closing);
            passed += 1;
            served
        })?;
        let key = self.turns.remove(place)?;
        let share = self.shares.get_mut(&key)?;
        let ticket = share.waiting.pop_front()?;
        // The one used last: the others may then get old.
        let grant = match share.idle.pop_back() {
            Some((number, connection)) => {
                self.idle.remove(&number);
                Grant::Reuse(connection)
            }
            None => Grant::Open,
        };
        share.in_use += 1;
        self.in_use += 1;
        self.waiting -= 1;
        if !share.waiting.is_empty() {
            self.turns.push_back(key);
        }
        Some((ticket, grant))
    }

    /// Takes out the longest idle connection when somebody waits for its place, when too few places are spare, or when there are too many.
    fn make_room(&mut self) -> Option<C> {
        let each = self.caps.each;
        let wanted: usize = self
            .turns
            .iter()
            .filter_map(|key| self.shares.get(key))
            .map(|share| share.waiting.len().min(each.saturating_sub(share.in_use + share.idle.len())))
            .sum();
        let open = self.in_use + self.idle.len();
        let coming = self.caps.total.saturating_sub(open);
        if open <= self.caps.total && wanted.max(self.caps.spare) <= coming {
            return None;
        }
        let (number, key) = self.idle.pop_first()?;
        let share = self.shares.get_mut(&key)?;
        let place = share.idle.iter().position(|(idle, _)| *idle == number)?;
        let (_, connection) = share.idle.remove(place)?;
        self.closing += 1;
        self.forget_if_empty(key);
        Some(connection)
    }

    /// Connections that could be opened at once. One that is being closed counts until it is gone.
    fn free(&self) -> usize {
        self.caps.total.saturating_sub(self.in_use + self.idle.len() + self.closing)
    }

    fn forget_if_empty(&mut self, key: K) {
        if self.shares.get(&key).is_some_and(Share::is_empty) {
            self.shares.remove(&key);
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
#[path = "scheduler_tests.rs"]
mod tests;
