//! The worker and the operator's tool of Vigie.
//!
//! `vigie-worker run` is the loop that relays outboxes and runs jobs; every other command of [`Cli`] does one thing and
//! ends. [`execute`] runs a command and gives its [`Answer`]; only the binary prints it. Commands act through the same
//! services as the HTTP API, as the operator of the platform, so they leave the same audit trail.

mod answer;
mod cli;
mod cli_mail;
mod cli_operations;
mod cli_plans;
mod cli_server;
mod commands;
mod demo;
mod error;
mod logging;
mod scrape;

pub use answer::Answer;
pub use cli::{
    AdminCommand, Cli, Command, JobsCancel, JobsCommand, JobsList, JobsRetry, JobsSchedule, MemberCommand,
    TenantCommand,
};
pub use cli_mail::{MailCommand, MailTest};
pub use cli_plans::{LimitValue, PlansCommand, TenantLimit, TenantModule, TenantPlan};
pub use cli_server::{AddressArguments, Limit, ServerAdd, ServerCommand, ServerSet};
pub use commands::execute;
pub use error::CommandError;
pub use logging::{DEFAULT_FILTER, start_log};
