//! The control database: organizations, identity, jobs, plans, the platform's audit trail.

use sea_orm_migration::prelude::*;

mod m20261120_000001_organizations;
mod m20261120_000002_identity;
mod m20261120_000003_jobs;
mod m20261120_000004_maintenance;
mod m20261120_000005_operations;
mod m20261120_000006_db_servers;
mod m20261120_000007_queue;
mod m20261120_000008_backups;
mod m20261120_000009_fleet;
mod m20261120_000010_plans;
mod m20261120_000011_organization_samples;
mod m20261120_000012_rounds;
mod m20261120_000013_accounts;
mod m20261120_000014_sessions;
mod m20261120_000015_memberships;

/// Brings the control database to the current schema.
pub struct ControlMigrator;

#[async_trait::async_trait]
impl MigratorTrait for ControlMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_organizations::Migration),
            Box::new(m20261120_000002_identity::Migration),
            Box::new(m20261120_000003_jobs::Migration),
            Box::new(m20261120_000004_maintenance::Migration),
            Box::new(m20261120_000005_operations::Migration),
            Box::new(m20261120_000006_db_servers::Migration),
            Box::new(m20261120_000007_queue::Migration),
            Box::new(m20261120_000008_backups::Migration),
            Box::new(m20261120_000009_fleet::Migration),
            Box::new(m20261120_000010_plans::Migration),
            Box::new(m20261120_000011_organization_samples::Migration),
            Box::new(m20261120_000012_rounds::Migration),
            Box::new(m20261120_000013_accounts::Migration),
            Box::new(m20261120_000014_sessions::Migration),
            Box::new(m20261120_000015_memberships::Migration),
        ]
    }
}
