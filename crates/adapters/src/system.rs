//! The system's clock, ids and randomness: the one place that takes them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::time::Duration;
use uuid::Uuid;
use vigie_auth::Secrets;
use vigie_jobs::Randomness;
use vigie_kernel::{BoxError, Clock, IdSource, to_microseconds};
use vigie_tenancy::Timer;

/// The system's clock, cut to microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the clock that everything else is given")]
    fn now(&self) -> DateTime<Utc> {
        to_microseconds(Utc::now())
    }
}

/// The time of the runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemTimer;

#[async_trait]
impl Timer for SystemTimer {
    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// UUIDv7: ordered by time, also within a millisecond.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    #[allow(clippy::disallowed_methods, reason = "the id source that everything else is given")]
    fn next_uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemSecrets;

impl Secrets for SystemSecrets {
    fn random(&self) -> Result<[u8; 32], BoxError> {
        random()
    }
}

/// The system's generator, for what is not secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn number(&self) -> u32 {
        // Without randomness a delay is neither shorter nor longer than it is meant to be.
        random().map_or(u32::MAX / 2, u32::from_le_bytes)
    }
}

/// Bytes from the system's generator.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], BoxError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "the system's generator gives no randomness")?;
    Ok(bytes)
}
