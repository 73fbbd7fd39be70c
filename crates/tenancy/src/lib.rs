//! Organizations, their states, plans, creation and resolution.
//!
//! An [`Organization`] is a customer with a database of its own. An [`Operation`] makes it: persisted steps under a lease
//! with a fence, which go on in another process wherever one was interrupted, or undo themselves, so that every organization
//! ends active or fully gone ([`TenancyService::begin`], [`TenancyService::run`]). It is named in requests by host, header or
//! parameter, which [`TenancyService::resolve`] understands. Naming is no authority: the caller's token decides.
#![deny(missing_docs)]

mod availability;
pub mod backup;
mod cache;
mod commands;
mod connection_settings;
mod creation;
mod database_name;
mod doctor;
mod error;
mod fleet;
mod hints;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod one_server;
mod operation;
mod operation_kind;
mod operations;
mod organization;
mod owner;
mod placement;
mod plan;
mod plans;
mod ports;
mod saga;
mod service;
mod status;
mod taking_up;
#[cfg(test)]
mod tests;
mod undoing;

pub use availability::{Availability, Refusal};
pub use cache::{ResolutionCache, TenantName};
pub use commands::{
    Begun, ChangeOrganization, CreateOrganization, FirstOwner, HealthWanted, ListOperations,
    ListOrganizations, OrganizationOrder, Outcome, SetPassword, Switch,
};
pub use connection_settings::ConnectionSettings;
pub use database_name::{DatabaseName, DatabaseNameError};
pub use doctor::{Finding, FoundDatabase};
pub use error::TenancyError;
pub use fleet::{
    BehindOrganization, FailureBudget, Fleet, FleetDatabases, FleetOptions, FleetPlan, FleetProgress,
    FleetSelection, FleetService, FleetStore, Migrated, MigrationFailure, MigrationOutcome, MigrationResult,
    MigrationRun, NoProgress, OutcomeCounts, RunState,
};
pub use hints::{NamedTenant, ResolutionRules, TenantHints};
#[cfg(any(test, feature = "testing"))]
pub use memory::*;
pub use one_server::OneServer;
pub use operation::{NewOperation, OPERATION_LEASE, Operation, OperationKey, OperationSnapshot, StepResult};
pub use operation_kind::{OperationKind, OperationState, OperationStep, StepOutcome};
pub use organization::{Change, NewOrganization, Organization, OrganizationRef, OrganizationSnapshot};
pub use owner::{FreshToken, OwnerAccount, OwnerMembership, OwnerToken, Redacted};
pub use placement::{NO_SERVER, PlacedOn, PlacementPort};
pub use plan::Plan;
pub use plans::*;
pub use ports::*;
pub use saga::Patience;
pub use service::{ResumeReport, Tenancy, TenancyPorts, TenancyService};
pub use vigie_kernel::OrganizationStatus;
