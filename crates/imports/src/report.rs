//! The report of an import: what was read, assumed, counted and refused.

use crate::issue::{Assumption, Issue, Severity};
use crate::options::LayoutName;
use serde::{Deserialize, Serialize};

/// Issues that a report carries at most; the rejected file carries all.
pub(crate) const ISSUES_SHOWN: usize = 1_000;
const ISSUES_COUNTED: u64 = 1_000;

/// What became of the rows of a long table, or of the cells of a wide one or a matrix.
///
/// Always `rows_total = inserted + updated + unchanged + skipped + blank + rejected`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// All of them.
    pub rows_total: u64,
    /// New values.
    pub inserted: u64,
    /// Changed or cleared values.
    pub updated: u64,
    /// Values that were the same already.
    pub unchanged: u64,
    /// Left out: unresolved columns, and existing values when those are to be kept.
    pub skipped: u64,
    /// Cells without a value.
    pub blank: u64,
    /// Refused.
    pub rejected: u64,
}

impl Counts {
    /// Adds the counts of a further part.
    pub fn add(&mut self, other: &Self) {
        self.rows_total += other.rows_total;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.skipped += other.skipped;
        self.blank += other.blank;
        self.rejected += other.rejected;
    }

    /// Whether the parts make the total.
    #[must_use]
    pub const fn is_balanced(&self) -> bool {
        self.rows_total
            == self.inserted + self.updated + self.unchanged + self.skipped + self.blank + self.rejected
    }
}

/// What is known of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// The name under which it was uploaded.
    pub name: String,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// `csv`, `xlsx` or `xls`, by its bytes.
    pub kind: String,
    /// Encoding of a text file, such as `windows-1252`.
    pub encoding: Option<String>,
    /// Field delimiter of a text file.
    pub delimiter: Option<String>,
    /// How the table is laid out.
    pub layout: Option<LayoutName>,
    /// The header's row, counted from 1.
    pub header_row: Option<u32>,
    /// The sheet's name.
    pub sheet: Option<String>,
}

/// The report without its counts, which the run keeps beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// What is known of the file.
    pub file: FileInfo,
    /// What was taken for granted.
    pub assumptions: Vec<Assumption>,
    /// Warnings, one per column, KPI and code.
    pub warnings: Vec<Issue>,
    /// The first errors, in the order of the file.
    pub issues: Vec<Issue>,
    /// All errors, shown or not.
    pub issues_total: u64,
}

impl Report {
    /// Whether there are more errors than the report carries.
    #[must_use]
    pub const fn issues_truncated(&self) -> bool {
        self.issues_total > ISSUES_COUNTED
    }

    /// Adds an error, or merges a warning with the one of its kind.
    pub fn add(&mut self, issue: &Issue) {
        match issue.severity {
            Severity::Error => {
                self.issues_total += 1;
                if self.issues.len() < ISSUES_SHOWN {
                    self.issues.push(issue.clone());
                }
            }
            Severity::Warning => self.warn(issue),
        }
    }

    fn warn(&mut self, issue: &Issue) {
        let same = |known: &&mut Issue| {
            known.code == issue.code && known.column == issue.column && known.kpi_code == issue.kpi_code
        };
        let Some(known) = self.warnings.iter_mut().find(same) else {
            if self.warnings.len() < ISSUES_SHOWN {
                self.warnings.push(issue.clone());
            }
            return;
        };
        let count = |issue: &Issue| issue.params.get("count").and_then(|n| n.parse::<u64>().ok());
        if let (Some(before), Some(more)) = (count(known), count(issue)) {
            known.params.insert("count".to_owned(), (before + more).to_string());
        }
    }

    /// Adds an assumption unless it is told already.
    pub fn assume(&mut self, assumption: &Assumption) {
        let told = |known: &Assumption| known.code == assumption.code && known.column == assumption.column;
        if !self.assumptions.iter().any(told) {
            self.assumptions.push(assumption.clone());
        }
    }

    /// Warnings, then errors: the `issues` of the answer.
    pub fn shown(&self) -> impl Iterator<Item = &Issue> {
        self.warnings.iter().chain(&self.issues)
    }
}
