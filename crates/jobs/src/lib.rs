//! What a job is: its name, its payload, how it is retried, and how one is announced in the transaction of the change.
//!
//! The queue itself is a table of the control database (`docs/adr/0003-job-queue-is-a-table.md`); nothing in this crate
//! knows it. Domain crates write [`OutboxMessage`]s through [`Outbox`] and handle jobs through [`Handle`].
#![deny(missing_docs)]

mod cron;
mod handler;
mod job;
mod lane;
mod outbox;
mod retry;
mod share;
mod wake_up;

pub use cron::{CronExpression, InvalidCron};
pub use handler::{Abandoned, Handle, JobError, JobRun, Progress};
pub use job::{Job, JobTemplate};
pub use lane::Lane;
pub use outbox::{DomainEvent, Outbox, OutboxMessage};
pub use retry::{Randomness, Retry};
pub use share::Share;
pub use wake_up::WakeUp;
