//! What processes share through Redis: answers that are remembered for a moment, counters of requests, news, calls to idle workers.
//!
//! Redis is never the only place of anything. Without it, and while it does not answer, everything goes on: answers come from
//! the database, requests are counted in the process, workers look at the queue by themselves.

mod breaker;
mod counters;
mod keys;
mod link;
mod news;
mod probe;
mod resolutions;
mod seal;
mod sessions;

pub(crate) use breaker::Breaker;
#[cfg(test)]
pub(crate) use breaker::Turn;
pub(crate) use counters::Counters;
#[cfg(test)]
pub(crate) use keys::ForeignKey;
pub(crate) use keys::{Key, KeySpace};
pub(crate) use link::Away;
pub use link::{Redis, RedisSetupError};
pub use news::News;
pub use probe::RedisProbe;
pub use resolutions::RedisResolutions;
pub use sessions::RedisSessions;
