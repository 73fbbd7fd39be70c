//! Applications, servers and HTTP clients for tests. A dev-dependency only.
//!
//! [`TestApp`] builds the whole application on a temporary folder, [`TestServer`] serves it in the test's own process and makes
//! people in it, [`Client`] talks HTTP to it. [`TestDatabases`] are databases of a PostgreSQL server for a test that
//! starts the real program. [`SmtpSink`] is a mail server that keeps what it gets and fails as it is told. Everything here panics when something goes wrong: that is how a test fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "test support: what goes wrong fails the test"
)]

mod app;
mod client;
mod events;
mod mails;
mod person;
mod server;
mod smtp;

pub use app::TestApp;
pub use client::{Answer, Client};
pub use events::{EventStream, StreamedEvent};
pub use mails::ReceivedMail;
pub use person::{PASSWORD, Person};
pub use server::TestServer;
pub use smtp::{Fault, SinkTls, SmtpSink, Stage};
pub use vigie_repository::testing::{Gate, SecondServer, TestDatabases, sqlite_execute, sqlite_texts};

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that no other call in this process was given, for names that must be unique.
#[must_use]
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// What an organization's database of that schema version says of itself.
#[must_use]
pub fn schema_fingerprint(version: usize) -> &'static str {
    vigie_repository::SchemaWindow::fingerprint_of(version).unwrap()
}
