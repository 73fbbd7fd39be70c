//! Comments on KPIs and actions.

use chrono::{DateTime, Utc};
use vigie_kernel::{ActionId, CommentId, FieldErrors, KpiId, UserId, required_text};

/// Most characters of a comment.
const CONTENT_MAX: usize = 5000;

/// What a comment is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommentTarget {
    /// A KPI.
    Kpi(KpiId),
    /// An action.
    Action(ActionId),
}

/// A comment as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentSnapshot {
    /// The comment's id.
    pub id: CommentId,
    /// What it is about.
    pub target: CommentTarget,
    /// Who wrote it.
    pub author_id: UserId,
    /// The text, 1..=5,000 characters.
    pub content: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When its author last changed it; `None` when never.
    pub updated_at: Option<DateTime<Utc>>,
    /// Starts at 1, one more at each change.
    pub version: i64,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment(CommentSnapshot);

impl Comment {
    /// Writes a comment. Field errors on `content`.
    pub fn write(
        id: CommentId,
        target: CommentTarget,
        author_id: UserId,
        content: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, FieldErrors> {
        let content = required_text("content", content, CONTENT_MAX)?;
        Ok(Self(CommentSnapshot {
            id,
            target,
            author_id,
            content,
            created_at: now,
            updated_at: None,
            version: 1,
        }))
    }

    /// Brings a stored comment back.
    #[must_use]
    pub const fn restore(snapshot: CommentSnapshot) -> Self {
        Self(snapshot)
    }

    /// The comment as it is stored and shown.
    #[must_use]
    pub const fn snapshot(&self) -> &CommentSnapshot {
        &self.0
    }

    /// Replaces the text; tells whether it differs. Field errors on `content`.
    pub fn rewrite(&mut self, content: &str, now: DateTime<Utc>) -> Result<bool, FieldErrors> {
        let content = required_text("content", content, CONTENT_MAX)?;
        if content == self.0.content {
            return Ok(false);
        }
        self.0.content = content;
        self.0.updated_at = Some(now);
        self.0.version += 1;
        Ok(true)
    }
}
