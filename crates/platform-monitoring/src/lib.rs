//! Health of the platform and of its organizations.
//!
//! Of the platform: whether the process is alive, whether it should get requests, and how a series of good and bad probes
//! becomes a status that does not flutter. Of an organization: what a background sampler measures of it, slowly and never in a
//! request ([`SampleService`]), and which rule says that it is not well ([`HealthRule`]).
#![deny(missing_docs)]

mod organizations;
mod ports;
mod service;
mod status;
#[cfg(test)]
mod tests;

pub use organizations::*;
pub use ports::HealthProbe;
pub use service::{HealthService, PlatformHealth, Readiness};
pub use status::{HealthStatus, Impact, SteadyStatus, overall};
pub use vigie_kernel::Health;
