//! Schema migrations: one migrator for the control database, one for each organization's database.
//!
//! Files are append-only once landed: a change of a released file fails the test command (`migrations/released.sha256`).
//! The caller runs a migrator inside one locked transaction; see `vigie-repository`.

mod control;
mod dialect;
mod shape;
mod tenant;

pub use control::ControlMigrator;
pub use shape::{ColumnKind, ColumnShape, TableShape};
pub use tenant::TenantMigrator;
