//! Server-sent events: answers that stay open and tell what changes.
//!
//! A route gives a [`Feed`], which is asked now and then for what is new, and [`Streams`] does the rest: it bounds how many streams are
//! open, keeps them alive, looks at the session again and ends them when it is gone, when the feed has ended or when the server stops.
//! The task that asks lives in the process's own runtime; between it and the connection fits one event, so a slow reader makes it wait
//! instead of making it remember.

mod event;
mod follow;
mod slots;

pub(crate) use event::{Batch, Event};
pub(crate) use follow::{Feed, Streams};
pub(crate) use slots::Slots;

use std::time::Duration;

/// How streams go on and how many there may be.
#[derive(Clone, Copy, Debug)]
pub struct StreamSettings {
    /// How often a stream asks whether there is something new.
    pub poll: Duration,
    /// How often it shows that it is alive, and looks at the session again.
    pub heartbeat: Duration,
    /// What a client is told to wait before it connects again.
    pub retry: Duration,
    /// Streams that one user may have open.
    pub per_user: usize,
    /// Streams that the process may have open.
    pub per_process: usize,
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(500),
            heartbeat: Duration::from_secs(15),
            retry: Duration::from_secs(3),
            per_user: 5,
            per_process: 200,
        }
    }
}
