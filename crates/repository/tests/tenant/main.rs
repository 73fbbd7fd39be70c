//! The contract of an organization's repositories, on both engines.

#[path = "../common/mod.rs"]
mod common;

mod actions;
mod decimals;
mod imports;
mod isolation;
mod kpis;
mod reports;
mod rig;
mod values;
