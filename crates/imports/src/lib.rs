//! Imports of KPI values from the files that people really have.
//!
//! The crate is a library first: a [`Source`] is opened by its magic bytes, its table is found, a plan says which cells
//! name the KPI, the period and the value ([`Prepared`]), and a second pass turns the rows into [`ValueRow`]s and
//! [`Issue`]s, in [`Batch`]es, without ever holding the file in memory. Nothing is guessed silently: what was assumed is
//! in the [`Report`].
//!
//! Around it come the [`ImportRun`], its service and the handler of its job. Values are written by the
//! [`ValueWriter`] of the unit of work, so that a run killed at any point ends with the rows of an undisturbed one.
#![deny(missing_docs)]

mod catalogue;
mod channel;
mod code;
mod columns;
mod commands;
mod detect;
mod error;
mod events;
mod evidence;
mod export;
mod extract;
mod headers;
mod identity;
mod issue;
mod limits;
mod number_text;
mod options;
mod period_text;
mod plan;
mod ports;
mod prepare;
mod report;
mod room;
mod row_check;
mod run;
mod runner;
mod service;
mod source;
#[cfg(any(test, feature = "testing"))]
mod testing;
#[cfg(test)]
mod tests;
mod text;

pub use catalogue::{KpiCatalogue, KpiEntry};
pub use code::{AssumptionCode, IssueCode};
pub use commands::{CancelImport, ListImports, StartImport};
pub use error::{FileProblem, ImportError};
pub use events::{ImportRunEnded, RedKpi};
pub use export::{neutralise, rejected_csv_header, rejected_csv_lines};
pub use extract::{Batch, Origin};
pub use issue::{Assumption, Issue, Severity};
pub use limits::Limits;
pub use options::{Atomicity, ImportOptions, LayoutName, Mapping, OnConflict, SheetChoice};
pub use ports::{
    ApplyRules, ImportFiles, ImportReads, ImportRunFilter, ImportRunRepository, ImportStore, ImportWork,
    ParsePool, RowOutcome, RunContexts, RunMark, StoredFiles, ValueRow, ValueWriter,
};
pub use prepare::Prepared;
pub use report::{Counts, FileInfo, Report};
pub use run::{Checkpoint, ImportRun, ImportRunSnapshot, RunKind, RunPhase, RunProgress, RunStatus};
pub use runner::{ApplyImportRun, ImportRunner};
pub use service::{ImportService, ImportServiceImpl, RejectedRows};
pub use source::{FileKind, Source};
#[cfg(any(test, feature = "testing"))]
pub use testing::{MemoryFiles, MemoryImports, OneMember, StoredValue, ThreadPerJob};
