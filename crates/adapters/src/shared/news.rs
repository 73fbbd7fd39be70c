//! News of what has changed, and calls to idle workers: inside the process, and between processes.

use super::Redis;
use crate::system::random;
use deadpool_redis::redis::{Msg, Pipeline, RedisError, Value};
use futures_util::StreamExt;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vigie_jobs::WakeUp;
use vigie_kernel::{Invalidation, Invalidations};

/// For how long the latest news are kept in Redis: longer than any answer that is older than they are.
const KEPT: Duration = Duration::from_secs(10);
/// How often the news are tried to be told while Redis does not answer, and the pause between. After that no answer that is older
/// than they are is believed any more.
const ATTEMPTS: u32 = 8;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(250);
/// How long subscribing, and an answer on the line of the subscription, may take.
const LINE_ANSWERS: Duration = Duration::from_secs(1);
/// How often the line is tried out when nothing comes.
const LINE_TRIED: Duration = Duration::from_secs(1);
/// The pause before the line is opened again, from and to.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

type OnChange = Box<dyn Fn(Invalidation) + Send + Sync>;
type OnCall = Box<dyn Fn() + Send + Sync>;

/// Passes news on to the listeners of this process, and with Redis to all others.
pub struct News {
    line: Option<Line>,
    listeners: RwLock<Listeners>,
}

#[derive(Default)]
struct Listeners {
    changes: Vec<OnChange>,
    calls: Vec<OnCall>,
}

/// The way to the other processes.
struct Line {
    redis: Arc<Redis>,
    /// Tells this process's own messages from those of others.
    me: String,
    telling: TaskTracker,
    calling: Arc<AtomicBool>,
}

/// Why the line is down; for the log.
#[derive(Debug, Error)]
enum Down {
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("no answer in time")]
    Late,
    #[error("the connection has ended")]
    Ended,
}

impl From<tokio::time::error::Elapsed> for Down {
    fn from(_: tokio::time::error::Elapsed) -> Self {
        Self::Late
    }
}

impl News {
    /// News of a process that is alone.
    #[must_use]
    pub fn in_process() -> Self {
        Self { line: None, listeners: RwLock::default() }
    }

    /// News between the processes that use this server.
    #[must_use]
    pub fn through(redis: Arc<Redis>) -> Self {
        let line = Line { redis, me: token(), telling: TaskTracker::new(), calling: Arc::default() };
        Self { line: Some(line), ..Self::in_process() }
    }

    /// Adds a listener to what changes, whichever process tells it. It must return at once.
    pub fn on_change(&self, listener: impl Fn(Invalidation) + Send + Sync + 'static) {
        let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
        listeners.changes.push(Box::new(listener));
    }

    /// Adds a listener to the calls of other processes for idle workers. It must return at once.
    pub fn on_call(&self, listener: impl Fn() + Send + Sync + 'static) {
        let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
        listeners.calls.push(Box::new(listener));
    }

    /// Hears what other processes tell, until `stop`. A line that breaks is opened again; what was told meanwhile is made up for
    /// by the short life of what is remembered.
    pub async fn listen(&self, stop: &CancellationToken) {
        let Some(line) = &self.line else { return stop.cancelled().await };
        let mut pause = PAUSES.0;
        while !stop.is_cancelled() {
            let heard = tokio::select! {
                () = stop.cancelled() => return,
                heard = Box::pin(self.hear(line, &mut pause)) => heard,
            };
            if let Err(down) = heard {
                tracing::debug!(error = %down, "the news of other processes do not come through");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Waits until what was announced is told, for at most as long as telling it makes a difference: for a process that ends.
    pub async fn settle(&self) {
        let Some(line) = &self.line else { return };
        line.telling.close();
        let _told = tokio::time::timeout(BETWEEN_ATTEMPTS * ATTEMPTS, line.telling.wait()).await;
        line.telling.reopen();
    }

    /// Hears messages on a connection of their own until it breaks.
    async fn hear(&self, line: &Line, pause: &mut Duration) -> Result<(), Down> {
        let keys = line.redis.keys().platform();
        let (changes, calls) = (keys.changes(), keys.calls());
        let subscription = tokio::time::timeout(LINE_ANSWERS, line.redis.client().get_async_pubsub());
        let (mut sink, mut messages) = subscription.await??.split();
        let channels = [changes.as_str(), calls.as_str()];
        let subscribed = sink.subscribe(&channels);
        tokio::time::timeout(LINE_ANSWERS, subscribed).await??;
        *pause = PAUSES.0;
        tracing::debug!("the news of other processes come through");
        loop {
            match tokio::time::timeout(LINE_TRIED, messages.next()).await {
                Ok(Some(message)) => self.pass_on(line, &message, calls.as_str()),
                Ok(None) => return Err(Down::Ended),
                Err(_nothing_came) => {
                    let answer = tokio::time::timeout(LINE_ANSWERS, sink.ping::<Value>()).await??;
                    drop(answer);
                }
            }
        }
    }

    fn pass_on(&self, line: &Line, message: &Msg, calls: &str) {
        let Ok(text) = message.get_payload::<String>() else { return };
        let Some((from, what)) = text.split_once(' ').filter(|(from, _)| *from != line.me) else { return };
        tracing::trace!(message.from = from, "news of another process");
        if message.get_channel_name() == calls {
            let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
            listeners.calls.iter().for_each(|listener| listener());
        } else if let Some(what) = read(what) {
            self.tell_own(what);
        }
    }

    fn tell_own(&self, what: Invalidation) {
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        listeners.changes.iter().for_each(|listener| listener(what));
    }
}

impl Invalidations for News {
    fn announce(&self, what: Invalidation) {
        self.tell_own(what);
        if let Some(line) = &self.line {
            line.tell(what);
        }
    }
}

impl WakeUp for News {
    fn enqueued(&self) {
        if let Some(line) = &self.line {
            line.call();
        }
    }
}

impl Line {
    /// Makes every answer that is older than these news worthless in Redis, and tells the other processes.
    fn tell(&self, what: Invalidation) {
        let keys = self.redis.keys();
        let platform = keys.platform();
        let places = match what {
            Invalidation::Organization(id) => vec![keys.organization(id).news(), platform.names_news()],
            Invalidation::User(id) => vec![platform.user_news(id)],
        };
        let kept = u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX);
        let mut telling = Pipeline::new();
        for place in places {
            telling.cmd("SET").arg(place.as_str()).arg(token()).arg("PX").arg(kept).ignore();
        }
        let message = format!("{} {}", self.me, written(what));
        telling.cmd("PUBLISH").arg(platform.changes().as_str()).arg(message).ignore();
        let redis = Arc::clone(&self.redis);
        let telling = async move {
            for attempt in 1..=ATTEMPTS {
                if redis.query::<()>(&telling).await.is_ok() {
                    return;
                }
                if attempt < ATTEMPTS {
                    tokio::time::sleep(BETWEEN_ATTEMPTS).await;
                }
            }
            metrics::counter!("redis_news_lost_total").increment(1);
        };
        self.redis.runtime().spawn(self.telling.track_future(telling));
    }

    /// Calls idle workers. Of calls that come together one is made.
    fn call(&self) {
        if self.calling.swap(true, Ordering::AcqRel) {
            return;
        }
        let (redis, calling) = (Arc::clone(&self.redis), Arc::clone(&self.calling));
        let message = format!("{} call", self.me);
        let calling = async move {
            // Before the call, so that a job that is enqueued from now on makes another one.
            calling.store(false, Ordering::Release);
            let mut call = Pipeline::new();
            call.cmd("PUBLISH").arg(redis.keys().platform().calls().as_str()).arg(message).ignore();
            // Workers look at the queue by themselves as well.
            let _called = redis.query::<()>(&call).await;
        };
        self.redis.runtime().spawn(self.telling.track_future(calling));
    }
}

fn written(what: Invalidation) -> String {
    match what {
        Invalidation::Organization(id) => format!("organization {id}"),
        Invalidation::User(id) => format!("user {id}"),
    }
}

fn read(text: &str) -> Option<Invalidation> {
    let (kind, id) = text.split_once(' ')?;
    match kind {
        "organization" => id.parse().ok().map(Invalidation::Organization),
        "user" => id.parse().ok().map(Invalidation::User),
        _ => None,
    }
}

/// A text that nobody else has.
fn token() -> String {
    // Without randomness nothing else of the product works either; then every token is the same, and news of others are lost for as
    // long as what they are about is remembered.
    let bytes: [u8; 12] = random().unwrap_or_default();
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
