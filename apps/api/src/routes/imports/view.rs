//! How an import is shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_imports::{Assumption, Counts, FileInfo, ImportRun, Issue, RunProgress, Severity};
use vigie_kernel::Locale;

/// An import, without its report.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportJobView {
    id: Uuid,
    /// `EXCEL`, `CSV` or `API`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `PENDING`, `RUNNING`, `SUCCESS`, `PARTIAL`, `FAILED` or `CANCELLED`.
    status: &'static str,
    /// `uploaded`, `parsed`, `needs_mapping`, `validated`, `applying` or `done`.
    phase: &'static str,
    /// Whether it only reports.
    dry_run: bool,
    file_name: String,
    created_by: Uuid,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// Why it failed as a whole, as the name of a code.
    error_message: Option<String>,
    progress: ProgressView,
    counts: CountsView,
}

/// How far an import is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProgressView {
    /// Rows or cells read.
    read: u64,
    /// Of those, inserted, updated or unchanged.
    applied: u64,
    /// Rows or cells of the file.
    total: u64,
    /// 0..=100.
    percent: u8,
}

/// What became of the rows of a long table, or of the cells of a matrix.
/// Always `rows_total = inserted + updated + unchanged + skipped + blank + rejected`.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportCounts)]
pub(crate) struct CountsView {
    rows_total: u64,
    inserted: u64,
    updated: u64,
    unchanged: u64,
    skipped: u64,
    blank: u64,
    rejected: u64,
}

/// An import with its report.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportReportView {
    #[serde(flatten)]
    job: ImportJobView,
    file: FileView,
    /// What was taken for granted.
    assumptions: Vec<AssumptionView>,
    /// Warnings, then the first errors in the order of the file.
    issues: Vec<IssueView>,
    /// Whether there are more errors than are shown; the rejected file has all.
    issues_truncated: bool,
    /// Where the rejected rows are; null when none is.
    rejected_file: Option<String>,
}

/// How an import ended; the last thing that its stream tells.
#[derive(Serialize)]
pub(super) struct ImportEndView {
    id: Uuid,
    status: &'static str,
}

impl From<&ImportRun> for ImportEndView {
    fn from(run: &ImportRun) -> Self {
        Self { id: run.id().as_uuid(), status: run.snapshot().status.name() }
    }
}

/// What is known of the file.
#[derive(Serialize, ToSchema)]
pub(crate) struct FileView {
    name: String,
    sha256: String,
    /// `csv`, `xlsx` or `xls`.
    kind: String,
    encoding: Option<String>,
    delimiter: Option<String>,
    /// `LONG`, `WIDE` or `MATRIX`.
    #[schema(value_type = Option<String>)]
    layout: Option<vigie_imports::LayoutName>,
    header_row: Option<u32>,
    sheet: Option<String>,
}

/// One thing that was taken for granted, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct AssumptionView {
    code: &'static str,
    column: Option<String>,
    /// What decided.
    evidence: String,
}

/// One thing that is wrong with a column, a row or a cell.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssueView {
    /// `error` or `warning`.
    severity: &'static str,
    code: &'static str,
    /// The record or spreadsheet row, counted from 1.
    row: Option<u32>,
    /// The first physical line of the record, counted from 1.
    line: Option<u32>,
    /// The cell, such as `C12`.
    cell: Option<String>,
    column: Option<String>,
    /// The content as written.
    raw: Option<String>,
    kpi_code: Option<String>,
    period: Option<String>,
    params: BTreeMap<String, String>,
    message: MessageView,
}

/// A message in both languages.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageView {
    fr: String,
    en: String,
}

impl From<RunProgress> for ProgressView {
    fn from(progress: RunProgress) -> Self {
        let percent = progress.percent();
        let RunProgress { read, applied, total } = progress;
        Self { read, applied, total, percent }
    }
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        let Counts { rows_total, inserted, updated, unchanged, skipped, blank, rejected } = counts;
        Self { rows_total, inserted, updated, unchanged, skipped, blank, rejected }
    }
}

impl From<&ImportRun> for ImportJobView {
    fn from(run: &ImportRun) -> Self {
        let shown = run.snapshot();
        Self {
            id: shown.id.as_uuid(),
            kind: shown.kind.name(),
            status: shown.status.name(),
            phase: shown.phase.name(),
            dry_run: shown.dry_run,
            file_name: shown.file_name.clone(),
            created_by: shown.created_by.as_uuid(),
            created_at: shown.created_at,
            updated_at: shown.updated_at,
            error_message: shown.error_message.clone(),
            progress: shown.progress.into(),
            counts: shown.counts.into(),
        }
    }
}

impl From<&FileInfo> for FileView {
    fn from(file: &FileInfo) -> Self {
        let FileInfo { name, sha256, kind, encoding, delimiter, layout, header_row, sheet } = file.clone();
        Self { name, sha256, kind, encoding, delimiter, layout, header_row, sheet }
    }
}

impl From<&Assumption> for AssumptionView {
    fn from(assumption: &Assumption) -> Self {
        Self {
            code: assumption.code.name(),
            column: assumption.column.clone(),
            evidence: assumption.evidence.clone(),
        }
    }
}

impl From<&Issue> for IssueView {
    fn from(issue: &Issue) -> Self {
        let severity = match issue.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let message = MessageView { fr: issue.message(Locale::Fr), en: issue.message(Locale::En) };
        let Issue { code, row, line, cell, column, raw, kpi_code, period, params, .. } = issue.clone();
        Self { severity, code: code.name(), row, line, cell, column, raw, kpi_code, period, params, message }
    }
}

impl From<&ImportRun> for ImportReportView {
    fn from(run: &ImportRun) -> Self {
        let shown = run.snapshot();
        let has_rejected = shown.report.issues_total > 0;
        Self {
            job: ImportJobView::from(run),
            file: FileView::from(&shown.report.file),
            assumptions: shown.report.assumptions.iter().map(AssumptionView::from).collect(),
            issues: shown.report.shown().map(IssueView::from).collect(),
            issues_truncated: shown.report.issues_truncated(),
            rejected_file: has_rejected.then(|| format!("{}/rejected.csv", location(run))),
        }
    }
}

/// Where an import is.
pub(super) fn location(run: &ImportRun) -> String {
    format!("/api/v1/imports/jobs/{}", run.id())
}
