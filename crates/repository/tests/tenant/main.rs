//! The contract of an organization's repositories, on both engines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test program: what fails here fails the test"
)]

#[path = "../common/mod.rs"]
mod common;

mod actions;
mod backups;
mod decimals;
mod imports;
mod isolation;
mod kpis;
mod latest;
mod notifications;
mod repeats;
mod reports;
mod rig;
mod usage;
mod values;
