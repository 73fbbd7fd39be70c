//! What a run is asked to do.

use super::FailureBudget;
use vigie_kernel::{FieldError, FieldErrors, MigrationRunId, Slug};

/// Most organizations migrated at a time.
const MAX_CONCURRENCY: u16 = 64;

/// Which organizations a run is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FleetSelection {
    /// All that are behind and not in quarantine.
    All,
    /// One, in quarantine or not.
    One(Slug),
    /// Those that an earlier run did not bring to the current schema, in quarantine or not.
    UnfinishedOf(MigrationRunId),
}

/// How a run goes about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetOptions {
    /// Which organizations.
    pub selection: FleetSelection,
    /// Tries on a copy of each database and changes none.
    pub dry_run: bool,
    /// Organizations at a time, 1..=64.
    pub concurrency: u16,
    /// So many go first; when one of them fails, the run stops. 0 for none.
    pub canary: u32,
    /// How many failures the rest of the run takes.
    pub failure_budget: FailureBudget,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self {
            selection: FleetSelection::All,
            dry_run: false,
            concurrency: 8,
            canary: 0,
            failure_budget: FailureBudget::default(),
        }
    }
}

impl FleetOptions {
    /// Refuses numbers out of their range, by field.
    pub fn check(&self) -> Result<(), FieldErrors> {
        if (1..=MAX_CONCURRENCY).contains(&self.concurrency) {
            return Ok(());
        }
        Err(FieldError::new("concurrency", "out_of_range").with("min", 1).with("max", MAX_CONCURRENCY).into())
    }
}
