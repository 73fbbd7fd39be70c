//! What a process has to itself, and shares with others once there is Redis.

use crate::StartError;
use crate::config::Config;
use secrecy::ExposeSecret;
use std::sync::Arc;
use vigie_adapters::{
    Limits, News, Redis, RedisProbe, RedisResolutions, RedisSessions, SharedLimiter, Signer,
};
use vigie_auth::SessionCache;
use vigie_kernel::{Alone, Invalidation};
use vigie_platform_monitoring::HealthProbe;
use vigie_tenancy::ResolutionCache;

/// The memories, the counters and the news of one process.
pub(crate) struct Sharing {
    pub(crate) resolutions: Arc<dyn ResolutionCache>,
    pub(crate) sessions: Arc<dyn SessionCache>,
    pub(crate) news: Arc<News>,
    pub(crate) limiter: Arc<SharedLimiter>,
    pub(crate) probe: Option<Arc<dyn HealthProbe>>,
}

impl Sharing {
    /// Through the Redis server that is configured, which need not answer; else inside the process alone.
    pub(crate) fn build(config: &Config, signer: &Arc<Signer>, limits: &Limits) -> Result<Self, StartError> {
        let Some(url) = &config.redis.url else {
            return Ok(Self {
                resolutions: Arc::new(Alone),
                sessions: Arc::new(Alone),
                news: Arc::new(News::in_process()),
                limiter: Arc::new(SharedLimiter::in_process(limits)),
                probe: None,
            });
        };
        let redis = Redis::try_new(url.expose_secret(), Arc::clone(signer))
            .map_err(|error| StartError::Setting(format!("redis.url: {error}")))?;
        let redis = Arc::new(redis);
        Ok(Self {
            resolutions: Arc::new(RedisResolutions::new(Arc::clone(&redis))),
            sessions: Arc::new(RedisSessions::new(Arc::clone(&redis))),
            news: Arc::new(News::through(Arc::clone(&redis))),
            limiter: Arc::new(SharedLimiter::through(Arc::clone(&redis), limits)),
            probe: Some(Arc::new(RedisProbe::new(redis))),
        })
    }

    /// Lets a service forget what it remembers of what any process tells, for as long as the service is there.
    pub(crate) fn on_change<T: Send + Sync + 'static>(&self, service: &Arc<T>, forget: fn(&T, Invalidation)) {
        let service = Arc::downgrade(service);
        self.news.on_change(move |what| {
            if let Some(service) = service.upgrade() {
                forget(&service, what);
            }
        });
    }

    /// Lets a queue know when another process calls, for as long as the queue is there.
    pub(crate) fn on_call<T: Send + Sync + 'static>(&self, queue: &Arc<T>, wake: fn(&T)) {
        let queue = Arc::downgrade(queue);
        self.news.on_call(move || {
            if let Some(queue) = queue.upgrade() {
                wake(&queue);
            }
        });
    }
}
