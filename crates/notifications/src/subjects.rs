//! What notifications have to know of the things that they are about.

use crate::{ImportFile, ImportResult};
use vigie_kernel::{ActionId, CommentId, Frequency, KpiId, UserId};

/// A KPI and those whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KpiSubject {
    /// The KPI.
    pub id: KpiId,
    /// Its name.
    pub name: String,
    /// How often it is measured.
    pub frequency: Frequency,
    /// The member it belongs to.
    pub owner: UserId,
    /// The member its dashboard belongs to.
    pub dashboard_owner: UserId,
}

/// An action and those whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionSubject {
    /// The action.
    pub id: ActionId,
    /// Its title.
    pub title: String,
    /// The member who carries it.
    pub owner: Option<UserId>,
    /// The member who created it.
    pub created_by: UserId,
}

/// What a comment is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommentTarget {
    /// A KPI.
    Kpi(KpiSubject),
    /// An action.
    Action(ActionSubject),
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentSubject {
    /// The comment.
    pub id: CommentId,
    /// What it is about.
    pub target: CommentTarget,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportSubject {
    /// The import and its file.
    pub file: ImportFile,
    /// Whether it only reports.
    pub dry_run: bool,
    /// The member who started it.
    pub started_by: UserId,
    /// How it ended; `None` when it has not.
    pub result: Option<ImportResult>,
    /// Values that were taken over: new, changed or the same already.
    pub taken: u64,
    /// Rows or cells that were refused.
    pub rejected: u64,
}
