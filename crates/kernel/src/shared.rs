//! What processes remember for a moment, and how they tell each other to forget it.
//!
//! Every answer that is remembered has a lifetime of two seconds at most, counted from before the database was asked, wherever
//! it is kept. So what nobody was told of is right again after two seconds, and telling makes it right at once.

use crate::{OrganizationId, UserId};
use chrono::TimeDelta;

/// Something that processes remember has changed in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invalidation {
    /// An organization: its state, its names, its settings or its plan.
    Organization(OrganizationId),
    /// A user: his account, his sessions or one of his memberships.
    User(UserId),
}

/// Tells every process, this one included, to forget what it remembers. Told after the commit.
pub trait Invalidations: Send + Sync {
    /// Passes the news on. Never waits and never fails: news that are lost are made up for by short lifetimes.
    fn announce(&self, what: Invalidation);
}

/// What a memory that processes share knows.
#[derive(Debug)]
pub enum Recalled<T> {
    /// Somebody asked the database a moment ago.
    Known {
        /// The answer.
        value: T,
        /// For how much longer it may be believed.
        good_for: TimeDelta,
    },
    /// The database has to be asked; the ticket comes back with its answer.
    Unknown(Ticket),
}

/// The state of the news before the database was asked: an answer that is older than the latest news is not believed by anybody.
#[derive(Debug, Default)]
pub struct Ticket(Option<String>);

impl Ticket {
    /// A ticket that carries this state.
    #[must_use]
    pub const fn new(state: String) -> Self {
        Self(Some(state))
    }

    /// A ticket with which nothing is remembered.
    #[must_use]
    pub const fn void() -> Self {
        Self(None)
    }

    /// The state that it carries; `None` for a void one.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// A process that has nobody to share with: it recalls nothing and tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Invalidations for Alone {
    fn announce(&self, _what: Invalidation) {}
}
