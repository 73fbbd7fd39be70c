//! What became of one organization in a run.

use chrono::{DateTime, Utc};
use thiserror::Error;
use vigie_kernel::{OrganizationId, Slug};

/// What became of one organization in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MigrationOutcome {
    /// Its database is at the current schema now; in a dry run, it would be.
    Ok,
    /// It already was when its turn came.
    Skipped,
    /// A migration failed; the database keeps its old schema.
    Failed,
    /// Somebody else held a lock for too long; nothing was changed.
    Blocked,
    /// The database did not answer.
    Unreachable,
    /// Not tried: it failed three times in a row. Naming it or retrying the run tries it again.
    Quarantined,
}

impl MigrationOutcome {
    /// Every outcome.
    pub const ALL: [Self; 6] =
        [Self::Ok, Self::Skipped, Self::Failed, Self::Blocked, Self::Unreachable, Self::Quarantined];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Unreachable => "unreachable",
            Self::Quarantined => "quarantined",
        }
    }

    /// The outcome of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// Whether the database is at the current schema (in a dry run: would be).
    #[must_use]
    pub const fn is_current(self) -> bool {
        match self {
            Self::Ok | Self::Skipped => true,
            Self::Failed | Self::Blocked | Self::Unreachable | Self::Quarantined => false,
        }
    }
}

/// A database brought to the current schema, or found there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The schema version that it has now.
    pub schema_version: i32,
    /// How many migrations that took; 0 when it was current.
    pub applied: u32,
}

/// Why a database was not migrated; the message is for the operator.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MigrationFailure {
    /// Somebody else held a lock for too long.
    #[error("{0}")]
    Blocked(String),
    /// The database did not answer.
    #[error("{0}")]
    Unreachable(String),
    /// A migration failed.
    #[error("{0}")]
    Failed(String),
}

impl MigrationFailure {
    /// The outcome that it makes.
    #[must_use]
    pub const fn outcome(&self) -> MigrationOutcome {
        match self {
            Self::Blocked(_) => MigrationOutcome::Blocked,
            Self::Unreachable(_) => MigrationOutcome::Unreachable,
            Self::Failed(_) => MigrationOutcome::Failed,
        }
    }
}

/// One organization's line of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationResult {
    /// The organization.
    pub organization: OrganizationId,
    /// Its slug at the time.
    pub slug: Slug,
    /// The schema version that was recorded before; `None` when none was.
    pub from_version: Option<i32>,
    /// The schema version that it has now; `None` when it was not migrated, and in a dry run.
    pub to_version: Option<i32>,
    /// What became of it.
    pub outcome: MigrationOutcome,
    /// What the database said, for the operator.
    pub error: Option<String>,
    /// Wall time of the attempt, in milliseconds.
    pub milliseconds: u64,
    /// When it ended.
    pub at: DateTime<Utc>,
}

/// How many organizations had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// [`MigrationOutcome::Ok`].
    pub ok: u32,
    /// [`MigrationOutcome::Skipped`].
    pub skipped: u32,
    /// [`MigrationOutcome::Failed`].
    pub failed: u32,
    /// [`MigrationOutcome::Blocked`].
    pub blocked: u32,
    /// [`MigrationOutcome::Unreachable`].
    pub unreachable: u32,
    /// [`MigrationOutcome::Quarantined`].
    pub quarantined: u32,
}

impl OutcomeCounts {
    /// Counts one more.
    pub const fn add(&mut self, outcome: MigrationOutcome) {
        let count = match outcome {
            MigrationOutcome::Ok => &mut self.ok,
            MigrationOutcome::Skipped => &mut self.skipped,
            MigrationOutcome::Failed => &mut self.failed,
            MigrationOutcome::Blocked => &mut self.blocked,
            MigrationOutcome::Unreachable => &mut self.unreachable,
            MigrationOutcome::Quarantined => &mut self.quarantined,
        };
        *count += 1;
    }

    /// Organizations that were tried and are not at the current schema.
    #[must_use]
    pub const fn troubled(&self) -> u32 {
        self.failed + self.blocked + self.unreachable
    }

    /// Organizations with an outcome.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.ok + self.skipped + self.troubled() + self.quarantined
    }
}
