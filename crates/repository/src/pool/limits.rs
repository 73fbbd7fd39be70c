//! How many connections, and for how long.

use std::time::Duration;

/// How a process keeps its connections to one server.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Connections to the server altogether, idle ones included. A server's own budget goes before this one.
    pub connections: usize,
    /// Connections of one organization at most; always less than half of all.
    pub each: usize,
    /// How long a request waits for a connection before it is told to come back.
    pub patience: Duration,
    /// An idle connection is closed after so long.
    pub idle: Duration,
    /// A connection is replaced after about so long.
    pub lifetime: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            connections: 60,
            each: 4,
            patience: Duration::from_millis(750),
            idle: Duration::from_secs(45),
            lifetime: Duration::from_mins(15),
        }
    }
}
