//! What callers ask for. In changes, an outer `None` keeps the field and an inner `None` empties it.

use crate::{ActionStatus, CommentTarget};
use chrono::NaiveDate;
use vigie_kernel::{ActionId, CommentId, KpiId, UserId};

/// Creates an action on a KPI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateAction {
    /// The KPI that the action is about.
    pub kpi_id: KpiId,
    /// What is to be done, 1..=200 characters.
    pub title: String,
    /// More about it, at most 4,000 characters.
    pub description: Option<String>,
    /// The member who carries it.
    pub owner_id: Option<UserId>,
    /// The last day on which it is in time.
    pub due_date: Option<NaiveDate>,
    /// 0..=100; 0 when absent.
    pub progress: Option<i64>,
    /// `OPEN` when absent.
    pub status: Option<ActionStatus>,
    /// Why; required for an action that is created as cancelled.
    pub reason: Option<String>,
}

impl CreateAction {
    /// An open action with nothing but a title.
    #[must_use]
    pub fn titled(kpi_id: KpiId, title: impl Into<String>) -> Self {
        Self {
            kpi_id,
            title: title.into(),
            description: None,
            owner_id: None,
            due_date: None,
            progress: None,
            status: None,
            reason: None,
        }
    }
}

/// Changes an action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeAction {
    /// A new title, 1..=200 characters.
    pub title: Option<String>,
    /// A new description, at most 4,000 characters.
    pub description: Option<Option<String>>,
    /// A new owner.
    pub owner_id: Option<Option<UserId>>,
    /// A new due date.
    pub due_date: Option<Option<NaiveDate>>,
    /// A new progress, 0..=100.
    pub progress: Option<i64>,
    /// A new status.
    pub status: Option<ActionStatus>,
    /// Why the status changes, at most 1,000 characters; required to cancel and to reopen.
    pub reason: Option<String>,
    /// The version that the caller has seen; `None` changes whatever is there.
    pub expected_version: Option<i64>,
}

/// Writes a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteComment {
    /// What the comment is about.
    pub target: CommentTarget,
    /// The text, 1..=5,000 characters.
    pub content: String,
}

impl WriteComment {
    /// A comment on a KPI.
    #[must_use]
    pub fn on_kpi(kpi: KpiId, content: impl Into<String>) -> Self {
        Self { target: CommentTarget::Kpi(kpi), content: content.into() }
    }

    /// A comment on an action.
    #[must_use]
    pub fn on_action(action: ActionId, content: impl Into<String>) -> Self {
        Self { target: CommentTarget::Action(action), content: content.into() }
    }
}

/// Changes a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeComment {
    /// The comment.
    pub id: CommentId,
    /// The new text, 1..=5,000 characters.
    pub content: String,
    /// The version that the caller has seen; `None` changes whatever is there.
    pub expected_version: Option<i64>,
}
