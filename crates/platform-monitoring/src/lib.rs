//! Health of the platform: whether the process is alive, whether it should get requests, and how a series of good and bad
//! probes becomes a status that does not flutter.
#![deny(missing_docs)]

mod ports;
mod service;
mod status;
#[cfg(test)]
mod tests;

pub use ports::HealthProbe;
pub use service::{HealthService, PlatformHealth, Readiness};
pub use status::{HealthStatus, Impact, SteadyStatus, overall};
