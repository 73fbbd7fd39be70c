//! What is told: ids, and the names as they were, from which a text is made when it is read.

use crate::Category;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vigie_kernel::{ActionId, CommentId, ImportRunId, KpiId};

/// The import that something came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFile {
    /// The import.
    pub id: ImportRunId,
    /// The name of its file.
    pub name: String,
}

/// How an import ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportResult {
    /// Everything in the file is in.
    Success,
    /// Some of it is in, some was refused.
    Partial,
    /// Nothing is in.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// The thing that a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A KPI.
    Kpi(KpiId),
    /// An action.
    Action(ActionId),
    /// A comment.
    Comment(CommentId),
    /// An import.
    Import(ImportRunId),
}

impl Subject {
    /// The stable name of the kind of thing.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Kpi(_) => "kpi",
            Self::Action(_) => "action",
            Self::Comment(_) => "comment",
            Self::Import(_) => "import",
        }
    }

    /// The thing's id.
    #[must_use]
    pub const fn id(self) -> Uuid {
        match self {
            Self::Kpi(id) => id.as_uuid(),
            Self::Action(id) => id.as_uuid(),
            Self::Comment(id) => id.as_uuid(),
            Self::Import(id) => id.as_uuid(),
        }
    }
}

/// What a notification says. Names are kept as they were, so that it can be read after the thing is gone. Nothing of what people
/// wrote to each other is copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// An action was given to the reader.
    ActionGiven {
        /// The action.
        action_id: ActionId,
        /// Its title.
        title: String,
    },
    /// A KPI of the reader turned red.
    KpiTurnedRed {
        /// The KPI.
        kpi_id: KpiId,
        /// Its name.
        name: String,
        /// The key of the red period, such as `2026-10`.
        period: String,
        /// The import that brought the value; `None` when somebody recorded it.
        import: Option<ImportFile>,
    },
    /// Several KPIs of the reader turned red with one import.
    KpisTurnedRed {
        /// The import.
        import: ImportFile,
        /// How many.
        count: usize,
        /// The names of the first ones.
        names: Vec<String>,
    },
    /// Somebody commented on a KPI of the reader.
    KpiCommented {
        /// The comment.
        comment_id: CommentId,
        /// The KPI.
        kpi_id: KpiId,
        /// The KPI's name.
        name: String,
    },
    /// Somebody commented on an action of the reader.
    ActionCommented {
        /// The comment.
        comment_id: CommentId,
        /// The action.
        action_id: ActionId,
        /// The action's title.
        title: String,
    },
    /// An import that the reader started has ended.
    ImportEnded {
        /// The import.
        import: ImportFile,
        /// Whether it only reported.
        dry_run: bool,
        /// How it ended.
        result: ImportResult,
        /// Values that were taken over: new, changed or the same already.
        taken: u64,
        /// Rows or cells that were refused.
        rejected: u64,
    },
}

impl Content {
    /// What it is about, as members choose by.
    #[must_use]
    pub const fn category(&self) -> Category {
        match self {
            Self::ActionGiven { .. } => Category::ActionGiven,
            Self::KpiTurnedRed { .. } | Self::KpisTurnedRed { .. } => Category::KpiRed,
            Self::KpiCommented { .. } | Self::ActionCommented { .. } => Category::Comment,
            Self::ImportEnded { .. } => Category::ImportEnded,
        }
    }

    /// The thing that it is about.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match self {
            Self::ActionGiven { action_id, .. } => Subject::Action(*action_id),
            Self::KpiTurnedRed { kpi_id, .. } => Subject::Kpi(*kpi_id),
            Self::KpisTurnedRed { import, .. } | Self::ImportEnded { import, .. } => {
                Subject::Import(import.id)
            }
            Self::KpiCommented { comment_id, .. } | Self::ActionCommented { comment_id, .. } => {
                Subject::Comment(*comment_id)
            }
        }
    }

    /// Where the reader sees more of it: a path below the prefix of the API, which its reader may open as long as the thing is there.
    #[must_use]
    pub fn link(&self) -> String {
        match self {
            Self::ActionGiven { action_id, .. } => format!("/actions/{action_id}"),
            Self::KpiTurnedRed { kpi_id, .. } => format!("/kpis/{kpi_id}"),
            // The import itself is shown to its starter and to managers only.
            Self::KpisTurnedRed { .. } => "/reporting/top-risks".to_owned(),
            Self::KpiCommented { kpi_id, .. } => format!("/kpis/{kpi_id}/comments"),
            Self::ActionCommented { action_id, .. } => format!("/actions/{action_id}/comments"),
            Self::ImportEnded { import, .. } => format!("/imports/jobs/{}", import.id),
        }
    }
}
