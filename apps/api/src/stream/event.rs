//! The form of an event (HTML Living Standard, 9.2).

use crate::problem::{ApiError, Code};
use actix_web::web::Bytes;
use serde::Serialize;
use std::time::Duration;

/// A comment, which clients leave aside: it keeps proxies from closing a connection on which nothing happens.
const HEARTBEAT: &[u8] = b":\n\n";

/// One event as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event(Bytes);

impl Event {
    /// An event of that name. `id` is what a client gives as `Last-Event-ID` when it comes back.
    pub(crate) fn new<T: Serialize>(name: &'static str, id: i64, data: &T) -> Result<Self, ApiError> {
        let mut text = format!("id: {id}\nevent: {name}\ndata: ").into_bytes();
        // JSON without indentation has no line break, so it is one line of data.
        serde_json::to_writer(&mut text, data).map_err(|error| ApiError::caused(Code::Internal, error))?;
        text.extend_from_slice(b"\n\n");
        Ok(Self(text.into()))
    }

    pub(super) const fn heartbeat() -> Self {
        Self(Bytes::from_static(HEARTBEAT))
    }

    /// What a client is told to wait before it connects again.
    pub(super) fn retry(after: Duration) -> Self {
        Self(format!("retry: {}\n\n", after.as_millis()).into())
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.0
    }
}

/// What a feed has to tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The events, in order; few, for they wait in memory until the client takes them.
    pub(crate) events: Vec<Event>,
    /// Whether nothing more will come: the stream ends after them.
    pub(crate) is_last: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_one_line_of_each_kind() {
        let event = Event::new("progress", 7, &json!({"text": "deux\nlignes"})).unwrap();
        assert_eq!(
            event.into_bytes(),
            "id: 7\nevent: progress\ndata: {\"text\":\"deux\\nlignes\"}\n\n".as_bytes()
        );
        assert_eq!(Event::retry(Duration::from_secs(3)).into_bytes(), "retry: 3000\n\n".as_bytes());
    }
}
