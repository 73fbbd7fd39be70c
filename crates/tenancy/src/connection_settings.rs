//! What the database server enforces for one organization's database.

use crate::Plan;
use std::time::Duration;

/// Limits that are set on the database itself, so that they hold for every process that connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// Connections at a time, over all processes; `None` for no limit of its own.
    pub connections: Option<u16>,
    /// How long one statement may run.
    pub statement: Duration,
    /// How long one waits for a lock.
    pub lock: Duration,
    /// How long a transaction may be open without doing anything.
    pub idle_in_transaction: Duration,
}

impl ConnectionSettings {
    /// The limits of a plan. A process keeps a handful of connections for one organization, so that even the smallest
    /// figure is meant for several processes; migrations lift the time limit for themselves.
    #[must_use]
    pub const fn of(plan: Plan) -> Self {
        let (connections, statement) = match plan {
            Plan::Starter => (Some(32), 60),
            Plan::Community => (Some(64), 60),
            Plan::Professional => (Some(128), 120),
            Plan::Enterprise => (None, 300),
        };
        Self {
            connections,
            statement: Duration::from_secs(statement),
            lock: Duration::from_secs(10),
            idle_in_transaction: Duration::from_mins(1),
        }
    }
}
