//! Reading server-sent events.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An open stream of events.
#[derive(Debug)]
pub struct EventStream {
    /// The headers of the answer.
    pub headers: HeaderMap,
    response: reqwest::Response,
    read: String,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamedEvent {
    /// Its `id`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Value,
}

impl EventStream {
    pub(crate) fn new(response: reqwest::Response) -> Self {
        Self { headers: response.headers().clone(), response, read: String::new() }
    }

    /// A header as text, or empty.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The next event; comments and other lines are left aside. `None` when the server has ended the stream in order.
    pub async fn next(&mut self) -> Option<StreamedEvent> {
        loop {
            while let Some(end) = self.read.find("\n\n") {
                let block: String = self.read.drain(..end + 2).collect();
                let event = event(&block);
                if event.is_some() {
                    return event;
                }
            }
            let chunk = self.response.chunk().await.expect("the stream broke")?;
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Every event until the server ends the stream.
    pub async fn rest(mut self) -> Vec<StreamedEvent> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn event(block: &str) -> Option<StreamedEvent> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Some(StreamedEvent {
        id: field("id")?.to_owned(),
        name: field("event")?.to_owned(),
        data: serde_json::from_str(field("data")?).unwrap(),
    })
}
