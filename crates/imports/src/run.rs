//! One import of a file.

use crate::error::{FileProblem, ImportError};
use crate::report::{Counts, Report};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use vigie_kernel::{ImportRunId, UserId};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name, as in answers and in the database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The one of that name, or `None`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

named! {
    /// Where the values come from.
    RunKind {
        /// A workbook.
        Excel = "EXCEL",
        /// A text file.
        Csv = "CSV",
        /// Rows of a request.
        Api = "API",
    }
}

named! {
    /// How a run stands.
    RunStatus {
        /// Waits for the worker.
        Pending = "PENDING",
        /// Is being applied.
        Running = "RUNNING",
        /// Everything in the file is in.
        Success = "SUCCESS",
        /// Some of it is in, some was refused.
        Partial = "PARTIAL",
        /// Nothing is in.
        Failed = "FAILED",
        /// Stopped by somebody; what was applied stays.
        Cancelled = "CANCELLED",
    }
}

named! {
    /// How far a run is.
    RunPhase {
        /// The file is stored.
        Uploaded = "uploaded",
        /// The table is found and counted.
        Parsed = "parsed",
        /// Somebody must say what the columns mean.
        NeedsMapping = "needs_mapping",
        /// A dry run ends here.
        Validated = "validated",
        /// Values are being written.
        Applying = "applying",
        /// Ended.
        Done = "done",
    }
}

impl RunStatus {
    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Pending | Self::Running => false,
            Self::Success | Self::Partial | Self::Failed | Self::Cancelled => true,
        }
    }
}

/// How much of the file has been read and applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunProgress {
    /// Rows or cells read, as counted in `rows_total`.
    pub read: u64,
    /// Of those, inserted, updated or unchanged.
    pub applied: u64,
    /// Rows or cells of the file.
    pub total: u64,
}

impl RunProgress {
    /// 0..=100.
    #[must_use]
    pub fn percent(&self) -> u8 {
        let percent = (self.read * 100).checked_div(self.total).unwrap_or(100).min(100);
        u8::try_from(percent).unwrap_or(100)
    }
}

/// What a run resumes from. Written in the transaction of the rows that it covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checkpoint {
    /// All rows up to this one are dealt with; 0 before the first.
    pub through_row: u32,
    /// Chunks applied.
    pub chunks: u32,
    /// Stored files that together hold every issue, in order.
    pub issue_files: Vec<String>,
}

/// An import run as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportRunSnapshot {
    /// The run.
    pub id: ImportRunId,
    /// Where the values come from.
    pub kind: RunKind,
    /// How it stands.
    pub status: RunStatus,
    /// How far it is.
    pub phase: RunPhase,
    /// The name under which the file was uploaded.
    pub file_name: String,
    /// SHA-256 of the file, lower-case hexadecimal; also its key in the organization's files.
    pub file_sha256: String,
    /// Bytes of the file.
    pub file_size: u64,
    /// The options as they were given.
    pub options: serde_json::Value,
    /// Whether it only reports.
    pub dry_run: bool,
    /// Who started it.
    pub created_by: UserId,
    /// When it was started.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Why it failed, as the name of a code: one of [`crate::IssueCode`], or `PERMISSION_MISSING`, `INTERNAL`.
    pub error_message: Option<String>,
    /// How much is done.
    pub progress: RunProgress,
    /// What became of the rows.
    pub counts: Counts,
    /// What it resumes from.
    pub checkpoint: Checkpoint,
    /// What was read, assumed and refused.
    pub report: Report,
    /// Starts at 1, one more each time that the changed run is stored.
    pub version: i64,
}

/// One import of a file, with its transitions.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportRun {
    now: ImportRunSnapshot,
    stored_version: i64,
}

impl ImportRun {
    /// A run whose file is read and whose table is found; it waits to be applied.
    #[must_use]
    pub fn parsed(snapshot: ImportRunSnapshot) -> Self {
        Self::restore(ImportRunSnapshot {
            status: RunStatus::Pending,
            phase: RunPhase::Parsed,
            version: 1,
            ..snapshot
        })
    }

    /// The run as it was stored.
    #[must_use]
    pub const fn restore(snapshot: ImportRunSnapshot) -> Self {
        Self { stored_version: snapshot.version, now: snapshot }
    }

    /// Everything about it.
    #[must_use]
    pub const fn snapshot(&self) -> &ImportRunSnapshot {
        &self.now
    }

    /// The run's id.
    #[must_use]
    pub const fn id(&self) -> ImportRunId {
        self.now.id
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.now.status.is_final()
    }

    /// Begins to apply, or goes on after an interruption. Changes nothing in a run that is being applied already.
    pub fn begin(&mut self, now: DateTime<Utc>) {
        if self.now.status == RunStatus::Pending {
            self.now.status = RunStatus::Running;
            self.now.phase = RunPhase::Applying;
            self.touch(now);
        }
    }

    /// Takes in a chunk that is written in the same transaction.
    pub(crate) fn advance(&mut self, chunk: &ChunkDone, now: DateTime<Utc>) {
        let run = &mut self.now;
        run.counts.add(&chunk.counts);
        for issue in &chunk.issues {
            run.report.add(issue);
        }
        for assumption in &chunk.assumptions {
            run.report.assume(assumption);
        }
        run.checkpoint.through_row = chunk.through_row;
        run.checkpoint.chunks += 1;
        run.checkpoint.issue_files.extend(chunk.issue_file.clone());
        run.progress.read = run.counts.rows_total;
        run.progress.applied = run.counts.inserted + run.counts.updated + run.counts.unchanged;
        self.touch(now);
    }

    /// Ends with what the counts and issues say.
    pub(crate) fn finish(&mut self, now: DateTime<Utc>) {
        let run = &mut self.now;
        let counts = run.counts;
        let taken = counts.inserted + counts.updated + counts.unchanged;
        run.status = if run.report.issues_total == 0 && counts.rejected == 0 {
            RunStatus::Success
        } else if taken > 0 {
            RunStatus::Partial
        } else {
            RunStatus::Failed
        };
        run.phase = if run.dry_run { RunPhase::Validated } else { RunPhase::Done };
        run.progress.total = run.progress.read;
        self.touch(now);
    }

    /// Ends an all-or-nothing run of which something was refused: what would have been taken counts as rejected.
    pub(crate) fn refuse_all(&mut self, now: DateTime<Utc>) {
        let counts = &mut self.now.counts;
        counts.rejected += counts.inserted + counts.updated + counts.unchanged;
        (counts.inserted, counts.updated, counts.unchanged) = (0, 0, 0);
        self.now.progress.applied = 0;
        self.finish(now);
        self.now.status = RunStatus::Failed;
    }

    /// Ends without having been able to go on.
    pub fn fail(&mut self, reason: &str, now: DateTime<Utc>) {
        if !self.has_ended() {
            self.now.status = RunStatus::Failed;
            self.now.phase = RunPhase::Done;
            self.now.error_message = Some(reason.to_owned());
            self.touch(now);
        }
    }

    /// Ends because the file turned out to be unreadable.
    pub(crate) fn fail_on_file(&mut self, problem: &FileProblem, now: DateTime<Utc>) {
        self.fail(problem.code.name(), now);
    }

    /// Stops a run that has not ended. What was applied stays.
    pub fn cancel(&mut self, now: DateTime<Utc>) -> Result<(), ImportError> {
        if self.has_ended() {
            return Err(ImportError::Ended(self.id()));
        }
        self.now.status = RunStatus::Cancelled;
        self.now.phase = RunPhase::Done;
        self.touch(now);
        Ok(())
    }

    fn touch(&mut self, now: DateTime<Utc>) {
        self.now.updated_at = now;
        self.now.version = self.stored_version + 1;
    }
}

/// A chunk that has been written.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChunkDone {
    pub(crate) counts: Counts,
    pub(crate) issues: Vec<crate::Issue>,
    pub(crate) assumptions: Vec<crate::Assumption>,
    pub(crate) through_row: u32,
    pub(crate) issue_file: Option<String>,
}
