//! Following a feed until it ends.

use super::StreamSettings;
use super::event::{Batch, Event};
use super::slots::{Slot, Slots};
use crate::problem::{ApiError, Code};
use actix_web::HttpResponse;
use actix_web::http::header;
use futures_util::stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use vigie_auth::{AuthService, Caller};
use vigie_kernel::TenantContext;

/// Something that changes, and can be asked what is new.
pub(crate) trait Feed: Send + 'static {
    /// What is new since the last time, for a member as he stands now. Asked every half second: what has not changed must cost
    /// little, and nothing may be held in between.
    fn next(&mut self, tenant: &TenantContext) -> impl Future<Output = Result<Batch, ApiError>> + Send;
}

/// The streams of the process.
pub(crate) struct Streams {
    pub(crate) settings: StreamSettings,
    pub(crate) slots: Arc<Slots>,
    pub(crate) auth: Arc<dyn AuthService>,
    /// Ends every stream.
    pub(crate) stop: CancellationToken,
    /// The runtime of the process, which outlives those of the server's threads.
    pub(crate) runtime: Handle,
}

impl Streams {
    /// A place for one stream of the caller.
    pub(crate) fn place(&self, caller: &Caller) -> Result<Slot, ApiError> {
        self.slots.take(caller.user())
    }

    /// Answers with a stream: what there is at first, then what the feed tells.
    pub(crate) fn answer<F: Feed>(&self, place: Slot, caller: Caller, first: Batch, feed: F) -> HttpResponse {
        let (sender, receiver) = mpsc::channel(1);
        let following = Following {
            settings: self.settings,
            auth: Arc::clone(&self.auth),
            stop: self.stop.clone(),
            caller,
            feed,
        };
        self.runtime.spawn(following.run(first, sender).instrument(tracing::Span::current()));
        // The place is given back with the connection, not with the task: a client that reads nothing keeps his.
        let body = stream::unfold((receiver, place), async |(mut receiver, place)| {
            let event: Event = receiver.recv().await?;
            Some((Ok::<_, Infallible>(event.into_bytes()), (receiver, place)))
        });
        HttpResponse::Ok()
            .content_type("text/event-stream")
            // Compression would hold events back; the edge takes the mark off.
            .insert_header((header::CONTENT_ENCODING, "identity"))
            // So would nginx.
            .insert_header(("x-accel-buffering", "no"))
            .streaming(body)
    }
}

/// One stream at work.
struct Following<F> {
    settings: StreamSettings,
    auth: Arc<dyn AuthService>,
    stop: CancellationToken,
    caller: Caller,
    feed: F,
}

impl<F: Feed> Following<F> {
    async fn run(mut self, first: Batch, sender: mpsc::Sender<Event>) {
        let now = Instant::now();
        let mut poll = interval_at(now + self.settings.poll, self.settings.poll);
        let mut heartbeat = interval_at(now + self.settings.heartbeat, self.settings.heartbeat);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waiting = VecDeque::from([Event::retry(self.settings.retry)]);
        waiting.extend(first.events);
        let mut is_last = first.is_last;
        loop {
            if is_last && waiting.is_empty() {
                return;
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = sender.closed() => return,
                _ = heartbeat.tick() => {
                    if !self.is_still_in().await {
                        return;
                    }
                    if waiting.is_empty() {
                        waiting.push_back(Event::heartbeat());
                    }
                }
                room = sender.reserve(), if !waiting.is_empty() => {
                    if let (Ok(room), Some(event)) = (room, waiting.pop_front()) {
                        room.send(event);
                    }
                }
                // Only when the client has taken everything: a slow one gets the latest state, not each one in between.
                _ = poll.tick(), if waiting.is_empty() && !is_last => {
                    match self.ask().await {
                        Ok(batch) => {
                            waiting.extend(batch.events);
                            is_last = batch.is_last;
                        }
                        // The client comes back and is told what is wrong, or goes on where it was.
                        Err(error) => {
                            let cause = error.cause().map(ToString::to_string);
                            tracing::warn!(error.code = error.code().name(), error.cause = cause, "a stream ended");
                            return;
                        }
                    }
                }
            }
        }
    }

    async fn ask(&mut self) -> Result<Batch, ApiError> {
        match &self.caller {
            Caller::Member(member) => self.feed.next(&member.tenant).await,
            Caller::PlatformAdmin(_) => Err(ApiError::new(Code::MemberRequired)),
        }
    }

    /// Whether the session and the membership are still there; notes the rights that he has by now.
    async fn is_still_in(&mut self) -> bool {
        match self.auth.still_in(&self.caller).await {
            Ok(caller) => {
                self.caller = caller;
                true
            }
            Err(error) => {
                tracing::info!(%error, "a stream ended: its caller may not come in any more");
                false
            }
        }
    }
}
