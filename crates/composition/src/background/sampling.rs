//! Samples organizations, slowly.

use super::{Background, TROUBLE};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use vigie_platform_monitoring::SampleStep;

/// How often is looked whether somebody is due when nobody is.
const IDLE: Duration = Duration::from_secs(10);

impl Background {
    /// Samples who is due until `stop`, which it does not make wait: whom it leaves in between is due again in a minute.
    pub(super) async fn sample(&self, stop: &CancellationToken) {
        loop {
            let pause = tokio::select! {
                () = stop.cancelled() => return,
                pause = self.sample_next() => pause,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Samples one organization, and tells how long to rest.
    async fn sample_next(&self) -> Duration {
        match self.samples.step().await {
            Ok(SampleStep::Sampled(..) | SampleStep::Retired(_)) => Duration::ZERO,
            Ok(SampleStep::Wait(time)) => time,
            Ok(SampleStep::Idle) => IDLE,
            Err(error) => {
                tracing::warn!(%error, "no organization could be sampled");
                TROUBLE
            }
        }
    }
}
