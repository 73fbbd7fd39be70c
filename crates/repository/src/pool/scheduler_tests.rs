//! What the scheduler promises, whatever happens in whatever order.

use super::*;
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

type Org = u8;
type Conn = u32;

/// Everybody who has or wants a connection, beside the scheduler.
struct World {
    caps: Caps,
    scheduler: Scheduler<Org, Conn>,
    waiting: Vec<(Org, Ticket)>,
    held: Vec<(Org, Conn)>,
    /// Evicted or broken, not closed for certain yet.
    closing: usize,
    next: Conn,
    /// Who was served, in order.
    served: Vec<(Org, Ticket)>,
}

impl World {
    fn new(total: usize, pool: usize) -> Self {
        let caps = Caps::of(total, pool);
        Self {
            caps,
            scheduler: Scheduler::new(caps),
            waiting: Vec::new(),
            held: Vec::new(),
            closing: 0,
            next: 0,
            served: Vec::new(),
        }
    }

    fn ask(&mut self, org: Org) -> Ticket {
        let ticket = self.scheduler.ask(org);
        self.waiting.push((org, ticket));
        self.advance();
        ticket
    }

    fn give_back(&mut self, place: usize) {
        let (org, conn) = self.held.remove(place);
        self.scheduler.give_back(org, conn);
        self.advance();
    }

    fn give_up(&mut self, place: usize) {
        let (org, _) = self.held.remove(place);
        self.scheduler.give_up(org);
        self.closing += 1;
        self.advance();
    }

    fn closed(&mut self) {
        if self.closing > 0 {
            self.closing -= 1;
            self.scheduler.closed();
            self.advance();
        }
    }

    fn withdraw(&mut self, place: usize) {
        let (org, ticket) = self.waiting.remove(place);
        self.scheduler.withdraw(org, ticket);
        self.advance();
    }

    fn expire(&mut self, org: Org) {
        self.closing += self.scheduler.expire(|key, _| key == org).len();
        self.advance();
    }

    fn advance(&mut self) {
        let step = self.scheduler.advance();
        self.closing += step.evicted.len();
        for (ticket, grant) in step.granted {
            let place = self.waiting.iter().position(|(_, waiting)| *waiting == ticket).unwrap();
            let (org, _) = self.waiting.remove(place);
            let conn = match grant {
                Grant::Reuse(conn) => conn,
                Grant::Open => {
                    self.next += 1;
                    self.next
                }
            };
            self.held.push((org, conn));
            self.served.push((org, ticket));
        }
        self.check();
    }

    /// What holds at every moment.
    fn check(&self) {
        let counts = self.scheduler.counts();
        assert_eq!((counts.in_use, counts.waiting), (self.held.len(), self.waiting.len()));
        assert_eq!(counts.closing, self.closing);
        let open = counts.in_use + counts.idle + counts.closing;
        assert!(open <= self.caps.total, "{counts:?} is over {}", self.caps.total);

        let mut holds: HashMap<Org, usize> = HashMap::new();
        for (org, _) in &self.held {
            *holds.entry(*org).or_default() += 1;
        }
        assert!(self.caps.total < 3 || self.caps.each * 2 < self.caps.total);
        assert!(holds.values().all(|held| *held <= self.caps.each), "{holds:?}");

        let distinct: HashSet<Conn> = self.held.iter().map(|(_, conn)| *conn).collect();
        assert_eq!(distinct.len(), self.held.len(), "two hold the same connection");

        // Nobody waits for nothing: only when everything is taken, or his organization has its share, or room is being made for him.
        let entitled = |org: Org| holds.get(&org).copied().unwrap_or(0) < self.caps.each;
        if self.waiting.iter().any(|(org, _)| entitled(*org)) {
            assert_eq!(open, self.caps.total, "somebody waits beside a free place: {counts:?}");
            assert!(counts.idle == 0 || counts.closing > 0, "somebody waits beside an idle connection");
        }
    }

    /// Ends everything that is under way, one after the other: everybody who waits must be served by it.
    fn run_out(&mut self) {
        for _ in 0..10_000 {
            if self.waiting.is_empty() {
                return;
            }
            if self.closing > 0 {
                self.closed();
            } else {
                self.give_back(0);
            }
        }
        panic!("somebody is never served: {:?}", self.scheduler.counts());
    }
}

#[derive(Clone, Debug)]
enum Act {
    Ask(Org),
    GiveBack(usize),
    GiveUp(usize),
    Withdraw(usize),
    Closed,
    Expire(Org),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..6_u8).prop_map(Act::Ask),
        4 => any::<prop::sample::Index>().prop_map(|index| Act::GiveBack(index.index(64))),
        1 => any::<prop::sample::Index>().prop_map(|index| Act::GiveUp(index.index(64))),
        1 => any::<prop::sample::Index>().prop_map(|index| Act::Withdraw(index.index(64))),
        3 => Just(Act::Closed),
        1 => (0..6_u8).prop_map(Act::Expire),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_caps_hold_and_everybody_is_served(
        total in 1..30_usize,
        pool in 1..8_usize,
        acts in prop::collection::vec(act(), 0..300),
    ) {
        let mut world = World::new(total, pool);
        let mut asked = 0;
        let mut left = 0;
        for act in acts {
            match act {
                Act::Ask(org) => {
                    world.ask(org);
                    asked += 1;
                }
                Act::GiveBack(place) if !world.held.is_empty() => world.give_back(place % world.held.len()),
                Act::GiveUp(place) if !world.held.is_empty() => world.give_up(place % world.held.len()),
                Act::Withdraw(place) if !world.waiting.is_empty() => {
                    world.withdraw(place % world.waiting.len());
                    left += 1;
                }
                Act::Closed => world.closed(),
                Act::Expire(org) => world.expire(org),
                Act::GiveBack(_) | Act::GiveUp(_) | Act::Withdraw(_) => {}
            }
        }
        world.run_out();
        prop_assert_eq!(world.served.len() + left, asked);

        // Nothing is lost on the way: when everything is given back and closed, all of it is free again.
        while !world.held.is_empty() {
            world.give_up(0);
        }
        (0..6).for_each(|org| world.expire(org));
        while world.closing > 0 {
            world.closed();
        }
        prop_assert_eq!(world.scheduler.counts(), Counts::default());
        prop_assert!(world.scheduler.shares.is_empty() && world.scheduler.turns.is_empty());
    }

    #[test]
    fn within_an_organization_the_first_comes_first(total in 1..20_usize, orgs in prop::collection::vec(0..4_u8, 1..100)) {
        let mut world = World::new(total, 4);
        for org in orgs {
            world.ask(org);
        }
        world.run_out();
        for org in 0..4 {
            let tickets: Vec<Ticket> =
                world.served.iter().filter(|(served, _)| *served == org).map(|(_, ticket)| *ticket).collect();
            prop_assert!(tickets.is_sorted());
        }
    }

    /// However many of one organization wait, another one waits for at most one turn of each organization.
    #[test]
    fn a_flood_of_one_does_not_starve_the_others(total in 3..30_usize, flood in 50..400_usize, others in 1..5_u8) {
        let mut world = World::new(total, 4);
        for _ in 0..flood {
            world.ask(0);
        }
        // The rest of the connections is taken too, so that the others must wait.
        while world.scheduler.counts().in_use < world.caps.total {
            world.ask(100 + u8::try_from(world.held.len()).unwrap());
        }
        let before = world.served.len();
        let late: Vec<Ticket> = (1..=others).map(|org| world.ask(org)).collect();
        while late.iter().any(|ticket| world.waiting.iter().any(|(_, waiting)| waiting == ticket)) {
            if world.closing > 0 {
                world.closed();
            } else {
                world.give_back(0);
            }
        }
        let turns = world.served.len() - before;
        prop_assert!(turns <= 1 + 2 * usize::from(others), "{turns} turns until all of {others} were served");
    }
}

#[test]
fn an_organization_holds_less_than_half() {
    for (total, each) in [(1, 1), (2, 1), (3, 1), (8, 3), (9, 4), (20, 9), (60, 29)] {
        assert_eq!(Caps::of(total, 100).each, each, "of {total}");
    }
    assert_eq!(Caps::of(60, 4), Caps { total: 60, each: 4, spare: 5 });
}

#[test]
fn an_idle_connection_serves_its_own_organization_again() {
    let mut world = World::new(20, 4);
    world.ask(1);
    world.give_back(0);
    world.ask(1);
    assert_eq!(world.held, [(1, 1)]);
    assert_eq!(world.scheduler.counts(), Counts { in_use: 1, ..Counts::default() });
}

#[test]
fn the_longest_idle_goes_when_another_organization_needs_the_place() {
    let mut world = World::new(3, 1);
    for org in 1..=3 {
        world.ask(org);
    }
    world.give_back(1);
    world.give_back(0);
    // 2 came back first, then 1; 3 is in use. The newcomer gets its place once it is closed for certain.
    world.ask(4);
    assert_eq!((world.waiting.len(), world.closing), (1, 1));
    world.closed();
    assert_eq!(world.held, [(3, 3), (4, 4)]);
    assert_eq!(world.scheduler.idle.values().copied().collect::<Vec<_>>(), [1]);
}

#[test]
fn places_are_kept_spare_so_that_a_newcomer_need_not_wait_for_a_closing() {
    let mut world = World::new(24, 2);
    for org in 0..24 {
        world.ask(org);
    }
    while !world.held.is_empty() {
        world.give_back(0);
    }
    assert_eq!(world.closing, 2);
    world.closed();
    world.closed();
    world.ask(100);
    assert!(world.waiting.is_empty());
}

#[test]
fn what_is_in_use_is_never_taken_away() {
    let mut world = World::new(8, 3);
    for org in 0..8 {
        world.ask(org);
    }
    let before = world.held.clone();
    for org in 10..40 {
        world.ask(org);
        world.expire(org - 10);
    }
    assert_eq!(world.held, before);
    assert_eq!(world.closing, 0);
}

#[test]
fn smaller_caps_take_effect_as_connections_come_back() {
    let mut world = World::new(12, 4);
    for org in 0..12 {
        world.ask(org);
    }
    world.caps = Caps::of(6, 4);
    world.scheduler.set_caps(world.caps);
    while world.held.len() > 6 {
        let (org, conn) = world.held.remove(0);
        world.scheduler.give_back(org, conn);
        world.closing += world.scheduler.advance().evicted.len();
    }
    while world.closing > 0 {
        world.closing -= 1;
        world.scheduler.closed();
    }
    let step = world.scheduler.advance();
    assert!(step.granted.is_empty());
    world.check();
}
