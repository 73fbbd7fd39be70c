//! Whether Redis answers, for the health of the process.

use super::Redis;
use async_trait::async_trait;
use std::sync::Arc;
use vigie_platform_monitoring::{HealthProbe, Impact};

/// Redis answers. Without it the process is degraded, never unready.
pub struct RedisProbe(Arc<Redis>);

impl RedisProbe {
    /// The probe of this server.
    #[must_use]
    pub const fn new(redis: Arc<Redis>) -> Self {
        Self(redis)
    }
}

#[async_trait]
impl HealthProbe for RedisProbe {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn impact(&self) -> Impact {
        Impact::Degrading
    }

    async fn check(&self) -> Result<(), String> {
        self.0.ping().await
    }
}
