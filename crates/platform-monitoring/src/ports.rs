//! What health needs from the parts that it watches.

use crate::Impact;
use async_trait::async_trait;

/// Tries out one thing that the process depends on.
#[async_trait]
pub trait HealthProbe: Send + Sync {
    /// The stable name of the thing, such as `control_database`.
    fn name(&self) -> &'static str;

    /// What it means when the thing fails.
    fn impact(&self) -> Impact;

    /// Tries the thing once, without writing, and gives up by itself after two seconds at most. The reason of a failure is for the
    /// log and for platform administrators.
    async fn check(&self) -> Result<(), String>;
}
