//! What a job is: its name, its payload, how it is retried, and how one is announced in the transaction of the change.
//!
//! The queue itself is a table of the control database (`docs/adr/0003-job-queue-is-a-table.md`); nothing in this crate
//! knows it. Domain crates write [`OutboxMessage`]s through [`Outbox`] and handle jobs through [`Handle`].
#![deny(missing_docs)]

mod handler;
mod job;
mod outbox;
mod retry;

pub use handler::{Handle, JobError, JobRun, Progress};
pub use job::{Job, Lane};
pub use outbox::{DomainEvent, Outbox, OutboxMessage};
pub use retry::Retry;
