//! What the control database, the queue, the registry and the relay promise, on both engines.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where an expectation is not met")]

#[path = "../common/mod.rs"]
mod common;

mod accounts;
mod capacity;
mod databases;
mod fleet;
mod lists;
mod mailed;
mod memberships;
mod operations;
mod organizations;
mod plans;
mod queue;
mod queue_crowd;
mod queue_endings;
mod queue_turns;
mod registry;
mod relay;
mod rounds;
mod samples;
mod schedules;
mod servers;
mod sessions;
mod tokens;
mod two_servers;
mod upkeep;
