//! What members are told, and the inbox in which they read it.
//!
//! Other domains announce that something happened. [`NotificationService::tell`] finds out whom a [`Happening`] concerns and writes
//! one [`Notification`] for what is told, with one delivery for each recipient. A member reads his deliveries as the
//! [`InboxEntry`]s of his inbox; the text is made when it is read, in the reader's language.
//!
//! Every step may be repeated: a notification has a key that its event gives it, and a recipient gets each notification once by each
//! channel. The inbox is the only channel so far; [`mail`] has what mails are made of.
#![deny(missing_docs)]

mod audience;
mod commands;
mod content;
mod error;
mod inbox;
pub mod mail;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod notification;
mod ports;
mod service;
mod subjects;
#[cfg(test)]
mod tests;
mod text;

pub use commands::{Happening, InboxQuery, MarkAllRead, RedKpi, Tell};
pub use content::{Content, ImportFile, ImportResult, Subject};
pub use error::NotificationError;
pub use inbox::{Addressed, INBOX_DAYS, InboxEntry, InboxEntrySnapshot, MarkedRead};
#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryNotifications;
pub use notification::{Category, Class, Notification, NotificationSnapshot};
pub use ports::{
    InboxReads, InboxRepository, NotificationRepository, NotificationStore, NotificationWork, SubjectReads,
};
pub use service::{NotificationService, Notifications};
pub use subjects::{ActionSubject, CommentSubject, CommentTarget, ImportSubject, KpiSubject};
