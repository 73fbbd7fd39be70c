//! What callers ask for.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use vigie_kernel::{ActionId, CommentId, ImportRunId, KpiId, PageRequest, UserId};

/// A KPI that an import turned red.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedKpi {
    /// The KPI.
    pub kpi: KpiId,
    /// First date of the red period.
    pub period_start: NaiveDate,
}

/// Something that may concern others than who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Somebody was made the owner of an action.
    ActionGiven {
        /// The action.
        action: ActionId,
        /// Who carries it since.
        to: UserId,
        /// Who gave it.
        by: UserId,
    },
    /// A recorded value turned a KPI red.
    KpiTurnedRed {
        /// The KPI.
        kpi: KpiId,
        /// First date of the red period.
        period_start: NaiveDate,
        /// Who recorded it.
        by: UserId,
    },
    /// Somebody wrote a comment.
    CommentWritten {
        /// The comment.
        comment: CommentId,
        /// Who wrote it.
        by: UserId,
    },
    /// An import ended.
    ImportEnded {
        /// The import.
        run: ImportRunId,
        /// Who ended it: who started it, or who cancelled it.
        by: UserId,
        /// Whether whoever started it did something else meanwhile.
        in_background: bool,
        /// The KPIs that it turned red.
        turned_red: Vec<RedKpi>,
    },
}

/// Tells those whom something concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tell {
    /// The event, the same at each attempt to tell of it: nobody is told twice of one event.
    pub event: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub happening: Happening,
}

/// Which entries of the inbox are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxQuery {
    /// Only what was not read (`true`) or was (`false`); `None` lists both.
    pub unread: Option<bool>,
    /// Which page.
    pub page: PageRequest,
}

/// Marks everything as read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarkAllRead {
    /// Only what was received at or before this instant, so that nothing is marked that came after the reader looked.
    pub before: Option<DateTime<Utc>>,
}
