//! One organization's database: members, dashboards, KPIs, values, actions, imports, notifications, audit, outbox.

use sea_orm_migration::prelude::*;

mod m20261120_000001_foundation;
mod m20261120_000002_kpis;
mod m20261120_000003_action_plans;
mod m20261120_000004_imports;
mod m20261120_000005_repeats;
mod m20261120_000006_notifications;
mod m20261120_000007_latest_values;
mod m20261120_000010_outbox_exclusive;
mod m20261120_000011_usage;
mod m20261120_000012_late_actions;

/// Brings an organization's database to the current schema.
pub struct TenantMigrator;

impl TenantMigrator {
    /// How many migrations there are: the version of the current schema.
    pub const COUNT: i32 = 10;

    /// The oldest version (the number of migrations) whose databases the product's statements still work on, beside the current one.
    ///
    /// A migration that only adds leaves it alone; one that the statements cannot do without moves it to its own number. While it is
    /// smaller than the number of migrations, processes of two releases can run side by side, and a database whose migration failed goes
    /// on serving.
    pub const OLDEST_SERVED: usize = 9;

    /// The versions whose migrations must not run beside writes, ascending: while such a migration runs its organization has the status
    /// `migrating` and can only be read. For one that rewrites rows which requests write as well; one that only adds never belongs here.
    pub const EXCLUSIVE: &'static [i32] = &[];

    /// The text of every migration, oldest first: what a schema fingerprint is made of.
    #[must_use]
    pub const fn sources() -> &'static [&'static str] {
        &[
            include_str!("m20261120_000001_foundation.rs"),
            include_str!("m20261120_000002_kpis.rs"),
            include_str!("m20261120_000003_action_plans.rs"),
            include_str!("m20261120_000004_imports.rs"),
            include_str!("m20261120_000005_repeats.rs"),
            include_str!("m20261120_000006_notifications.rs"),
            include_str!("m20261120_000007_latest_values.rs"),
            include_str!("m20261120_000010_outbox_exclusive.rs"),
            include_str!("m20261120_000011_usage.rs"),
            include_str!("m20261120_000012_late_actions.rs"),
        ]
    }
}

#[async_trait::async_trait]
impl MigratorTrait for TenantMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_foundation::Migration),
            Box::new(m20261120_000002_kpis::Migration),
            Box::new(m20261120_000003_action_plans::Migration),
            Box::new(m20261120_000004_imports::Migration),
            Box::new(m20261120_000005_repeats::Migration),
            Box::new(m20261120_000006_notifications::Migration),
            Box::new(m20261120_000007_latest_values::Migration),
            Box::new(m20261120_000010_outbox_exclusive::Migration),
            Box::new(m20261120_000011_usage::Migration),
            Box::new(m20261120_000012_late_actions::Migration),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_is_part_of_the_fingerprint() {
        let migrations = TenantMigrator::migrations();
        assert_eq!(migrations.len(), TenantMigrator::sources().len());
        assert_eq!(usize::try_from(TenantMigrator::COUNT).ok(), Some(migrations.len()));
        let names: Vec<&str> = migrations.iter().map(|migration| migration.name()).collect();
        assert!(names.is_sorted(), "the oldest comes first: {names:?}");
        assert!((1..=migrations.len()).contains(&TenantMigrator::OLDEST_SERVED));
        let exclusive = TenantMigrator::EXCLUSIVE;
        assert!(
            exclusive.is_sorted() && exclusive.iter().all(|one| (1..=TenantMigrator::COUNT).contains(one))
        );
    }
}
