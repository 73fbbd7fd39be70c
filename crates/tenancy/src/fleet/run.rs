//! A run over many organizations.

use super::{FleetOptions, MigrationOutcome, OutcomeCounts};
use chrono::{DateTime, TimeDelta, Utc};
use vigie_kernel::MigrationRunId;

/// A run that has recorded nothing for so long has nobody who works on it. Longer than one migration may take.
pub(crate) const SILENT_FOR: TimeDelta = TimeDelta::minutes(15);

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Under way.
    Running,
    /// Ended; every organization is at the current schema.
    Done,
    /// Ended; some organizations are not.
    Partial,
    /// Ended early: a canary failed, or too many did.
    Stopped,
    /// Its process went away. The next run does what it left.
    Interrupted,
}

impl RunState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Running, Self::Done, Self::Partial, Self::Stopped, Self::Interrupted];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
        }
    }

    /// The state of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A run as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationRun {
    /// The run.
    pub id: MigrationRunId,
    /// As stored; see [`MigrationRun::state_at`].
    pub state: RunState,
    /// Whether it only tried.
    pub dry_run: bool,
    /// The schema version that it brings databases to.
    pub target_version: i32,
    /// Organizations at a time.
    pub concurrency: u16,
    /// How many went first.
    pub canary: u32,
    /// Share of failures that it takes, in percent.
    pub failure_budget: u8,
    /// How many organizations it is about, those in quarantine included.
    pub planned: u32,
    /// What became of them so far.
    pub counts: OutcomeCounts,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it last recorded anything.
    pub heartbeat_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

impl MigrationRun {
    /// A run that begins.
    #[must_use]
    pub const fn begin(
        id: MigrationRunId,
        options: &FleetOptions,
        target_version: i32,
        planned: u32,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            state: RunState::Running,
            dry_run: options.dry_run,
            target_version,
            concurrency: options.concurrency,
            canary: options.canary,
            failure_budget: options.failure_budget.as_percent(),
            planned,
            counts: OutcomeCounts {
                ok: 0,
                skipped: 0,
                failed: 0,
                blocked: 0,
                unreachable: 0,
                quarantined: 0,
            },
            created_at: now,
            heartbeat_at: now,
            ended_at: None,
        }
    }

    /// Where it is: one that has been silent for a quarter of an hour counts as interrupted.
    #[must_use]
    pub fn state_at(&self, now: DateTime<Utc>) -> RunState {
        if self.state == RunState::Running && self.heartbeat_at < Self::silent_since(now) {
            RunState::Interrupted
        } else {
            self.state
        }
    }

    /// Runs that have recorded nothing since then have nobody who works on them.
    #[must_use]
    pub fn silent_since(now: DateTime<Utc>) -> DateTime<Utc> {
        now - SILENT_FOR
    }

    pub(super) const fn count(&mut self, outcome: MigrationOutcome, now: DateTime<Utc>) {
        self.counts.add(outcome);
        self.heartbeat_at = now;
    }

    pub(super) const fn end(&mut self, stopped: bool, now: DateTime<Utc>) {
        self.state = if stopped {
            RunState::Stopped
        } else if self.counts.troubled() + self.counts.quarantined > 0 {
            RunState::Partial
        } else {
            RunState::Done
        };
        self.heartbeat_at = now;
        self.ended_at = Some(now);
    }
}
