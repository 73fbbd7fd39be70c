//! The rules by which an organization is well or not.
//!
//! No activity is no illness: an organization that nobody uses is healthy.

use super::{Gap, Measured, OrganizationFacts, SchemaState};
use chrono::{DateTime, TimeDelta, Utc};
use vigie_kernel::{Health, OrganizationStatus, PlanLimit};

/// So many gaps in a row are no chance any more.
pub const UNREACHABLE_AFTER: u32 = 3;
/// The age from which on the last good backup is too old: a nightly round was missed.
pub const BACKUP_OVERDUE_AFTER: TimeDelta = TimeDelta::hours(26);
/// The age from which on a sample says nothing about how the organization is.
pub const STALE_AFTER: TimeDelta = TimeDelta::hours(2);

/// Percent of a limit from which on it is nearly reached.
const NEARLY: u128 = 80;
/// Percent of a limit at which nothing more fits in.
const FULL: u128 = 100;

/// A rule that says why an organization is not well; the worst first, and among those of one severity the one that says most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthRule {
    /// Its database bears another organization's id.
    DatabaseForeign,
    /// Its database could not be measured [`UNREACHABLE_AFTER`] times in a row.
    DatabaseUnreachable,
    /// Its provisioning failed.
    OrganizationFailed,
    /// Its last migration failed.
    MigrationFailed,
    /// No member fits in any more.
    MembersFull,
    /// No file fits in any more.
    StorageFull,
    /// No KPI fits in any more.
    KpisFull,
    /// Its database could not be measured the last time.
    SampleFailed,
    /// Its schema is older than the program's.
    SchemaBehind,
    /// At least 80 % of the members that it may have.
    MembersNearlyFull,
    /// At least 80 % of the storage that it may have.
    StorageNearlyFull,
    /// At least 80 % of the KPIs that it may have.
    KpisNearlyFull,
    /// Its last good backup is older than [`BACKUP_OVERDUE_AFTER`], or there is none and the organization is older.
    BackupOverdue,
    /// Its latest sample is older than [`STALE_AFTER`]: nothing is sampled any more.
    SampleStale,
}

/// What the rules look at.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What the control database knows.
    pub facts: &'a OrganizationFacts,
    /// What the organization's database told.
    pub measured: &'a Measured,
    /// Why it told nothing.
    pub gap: Option<Gap>,
    /// Gaps in a row, this one included.
    pub failures_in_a_row: u32,
    /// The instant of the sample.
    pub now: DateTime<Utc>,
}

impl Evidence<'_> {
    /// Whether so many percent of a limit are in use. Nothing is nothing, also of a limit of zero.
    fn is_used(&self, limit: PlanLimit, percent: u128) -> bool {
        let used = match limit {
            PlanLimit::Members => Some(self.facts.members),
            PlanLimit::StorageBytes => self.measured.storage_bytes,
            PlanLimit::Kpis => self.measured.kpis,
            PlanLimit::ImportValues | PlanLimit::NotificationsPerDay => None,
        };
        match (used, self.facts.limits.get(limit)) {
            (Some(used), Some(max)) if used > 0 => u128::from(used) * FULL >= u128::from(max) * percent,
            (Some(_) | None, Some(_) | None) => false,
        }
    }

    fn is_backup_overdue(&self) -> bool {
        let last = self.facts.last_backup_at.max(Some(self.facts.created_at));
        self.facts.is_backed_up() && last < Some(self.now - BACKUP_OVERDUE_AFTER)
    }
}

/// One line of the table of rules.
struct Definition {
    rule: HealthRule,
    name: &'static str,
    health: Health,
    fires: fn(&Evidence<'_>) -> bool,
}

/// Every rule, in the order of [`HealthRule`].
const RULES: [Definition; 14] = [
    Definition {
        rule: HealthRule::DatabaseForeign,
        name: "database_foreign",
        health: Health::Critical,
        fires: |seen| seen.gap == Some(Gap::Foreign),
    },
    Definition {
        rule: HealthRule::DatabaseUnreachable,
        name: "database_unreachable",
        health: Health::Critical,
        fires: |seen| seen.gap.is_some() && seen.failures_in_a_row >= UNREACHABLE_AFTER,
    },
    Definition {
        rule: HealthRule::OrganizationFailed,
        name: "organization_failed",
        health: Health::Critical,
        fires: |seen| seen.facts.status == OrganizationStatus::Failed,
    },
    Definition {
        rule: HealthRule::MigrationFailed,
        name: "migration_failed",
        health: Health::Critical,
        fires: |seen| seen.facts.schema == SchemaState::MigrationFailed,
    },
    Definition {
        rule: HealthRule::MembersFull,
        name: "members_full",
        health: Health::Critical,
        fires: |seen| seen.is_used(PlanLimit::Members, FULL),
    },
    Definition {
        rule: HealthRule::StorageFull,
        name: "storage_full",
        health: Health::Critical,
        fires: |seen| seen.is_used(PlanLimit::StorageBytes, FULL),
    },
    Definition {
        rule: HealthRule::KpisFull,
        name: "kpis_full",
        health: Health::Critical,
        fires: |seen| seen.is_used(PlanLimit::Kpis, FULL),
    },
    Definition {
        rule: HealthRule::SampleFailed,
        name: "sample_failed",
        health: Health::Warning,
        fires: |seen| seen.gap.is_some(),
    },
    Definition {
        rule: HealthRule::SchemaBehind,
        name: "schema_behind",
        health: Health::Warning,
        fires: |seen| seen.facts.schema != SchemaState::Current,
    },
    Definition {
        rule: HealthRule::MembersNearlyFull,
        name: "members_nearly_full",
        health: Health::Warning,
        fires: |seen| seen.is_used(PlanLimit::Members, NEARLY),
    },
    Definition {
        rule: HealthRule::StorageNearlyFull,
        name: "storage_nearly_full",
        health: Health::Warning,
        fires: |seen| seen.is_used(PlanLimit::StorageBytes, NEARLY),
    },
    Definition {
        rule: HealthRule::KpisNearlyFull,
        name: "kpis_nearly_full",
        health: Health::Warning,
        fires: |seen| seen.is_used(PlanLimit::Kpis, NEARLY),
    },
    Definition {
        rule: HealthRule::BackupOverdue,
        name: "backup_overdue",
        health: Health::Warning,
        fires: |seen| seen.is_backup_overdue(),
    },
    // A sample is never old when it is taken: this one is found by who reads it later.
    Definition {
        rule: HealthRule::SampleStale,
        name: "sample_stale",
        health: Health::Warning,
        fires: |_| false,
    },
];

/// The worst rule that fires, or `None` for an organization that is healthy.
#[must_use]
pub fn judge(seen: &Evidence<'_>) -> Option<HealthRule> {
    RULES.iter().filter(|one| (one.fires)(seen)).map(|one| one.rule).min()
}

impl HealthRule {
    /// Every rule, the worst first.
    pub fn all() -> impl Iterator<Item = Self> {
        RULES.iter().map(|one| one.rule)
    }

    fn definition(self) -> &'static Definition {
        // The table has a line for every rule, which a test holds.
        RULES.iter().find(|one| one.rule == self).unwrap_or(&RULES[0])
    }

    /// The stable name, as in answers and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// The rule of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        RULES.iter().find(|one| one.name == name).map(|one| one.rule)
    }

    /// How an organization is about which it fires.
    #[must_use]
    pub fn health(self) -> Health {
        self.definition().health
    }
}
