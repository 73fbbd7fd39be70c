//! Bringing the databases of all organizations to a new schema, one by one, while they serve.
//!
//! [`FleetService::migrate`] plans from the control database alone: an organization whose recorded version is current is never
//! opened. Each other one is migrated under its own lock and its outcome recorded at once, so a run that dies loses nothing and
//! the next one goes on. One failure never stops the others; too many stop new starts.
//!
//! Organizations serve while they are migrated. Only a migration that does not bear writes closes its organization to them: the
//! status is `migrating` from before its first statement until its outcome is recorded, and stays so when the process dies, until the
//! organization is migrated again.

mod budget;
mod options;
mod outcome;
mod ports;
mod run;
mod service;
#[cfg(test)]
mod tests;

pub use budget::FailureBudget;
pub use options::{FleetOptions, FleetSelection};
pub use outcome::{Migrated, MigrationFailure, MigrationOutcome, MigrationResult, OutcomeCounts};
pub use ports::{BehindOrganization, FleetDatabases, FleetStore};
pub use run::{MigrationRun, RunState};
pub use service::{Fleet, FleetPlan, FleetProgress, FleetService, NoProgress};
