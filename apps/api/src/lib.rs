//! The HTTP API of Vigie.
//!
//! A thin shell around the domain crates' services: extractors (`extract`) take a request apart, handlers (`routes`) translate it
//! into a command and the outcome into a view, `problem` tells every error in one form, `middleware` does what happens
//! around every handler, `once` keeps a repeated request from being done twice, and [`serve`] runs the server until it is told to stop.

#![allow(clippy::option_option, reason = "commands of the domains tell the three states of a PATCH so")]

mod extract;
mod from_app;
mod metrics;
mod middleware;
mod modules;
mod once;
mod openapi;
mod problem;
mod respond;
mod routes;
mod server;
mod services;
mod stream;

pub use openapi::{PREFIX, openapi};
pub use problem::{FieldProblem, Problem, errors_document};
pub use server::{ServerSettings, serve};
pub use services::Services;
pub use stream::StreamSettings;
