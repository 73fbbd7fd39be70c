//! Organizations, their states, plans, provisioning and resolution.
//!
//! An [`Organization`] is a customer with a database of its own. It comes to life by [`TenancyService::provision`],
//! idempotent steps that continue wherever an earlier attempt stopped, and it is named in requests by host, header or
//! parameter, which [`TenancyService::resolve`] understands. Naming is no authority: the caller's token decides.
#![deny(missing_docs)]

mod availability;
mod cache;
mod commands;
mod database_name;
mod error;
mod fleet;
mod hints;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod organization;
mod plan;
mod ports;
mod provisioning;
mod service;
mod status;
#[cfg(test)]
mod tests;

pub use availability::{Availability, Refusal};
pub use commands::{ListOrganizations, ReserveOrganization};
pub use database_name::{DatabaseName, DatabaseNameError};
pub use error::{ProvisioningStep, TenancyError};
pub use fleet::{
    BehindOrganization, FailureBudget, Fleet, FleetDatabases, FleetOptions, FleetPlan, FleetProgress,
    FleetSelection, FleetService, FleetStore, Migrated, MigrationFailure, MigrationOutcome, MigrationResult,
    MigrationRun, NoProgress, OutcomeCounts, RunState,
};
pub use hints::{NamedTenant, ResolutionRules, TenantHints};
#[cfg(any(test, feature = "testing"))]
pub use memory::{DatabaseCall, MemoryDatabases, MemoryOrganizations};
pub use organization::{Change, NewOrganization, Organization, OrganizationRef, OrganizationSnapshot};
pub use plan::Plan;
pub use ports::{
    OrganizationReads, OrganizationRepository, OrganizationStore, OrganizationWork,
    RULE_ORGANIZATION_DATABASE, RULE_ORGANIZATION_SLUG, TenantDatabases,
};
pub use service::{ResumeReport, Tenancy, TenancyService};
pub use vigie_kernel::OrganizationStatus;
