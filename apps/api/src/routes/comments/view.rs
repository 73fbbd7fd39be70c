//! How a comment is asked for and shown.

use crate::extract::{Checks, RequestBody};
use crate::respond::Created;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_action_plans::{Comment, CommentTarget};

/// The text of a comment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommentRequest {
    /// 1..=5,000 characters.
    #[schema(value_type = String)]
    content: Option<String>,
}

impl RequestBody for CommentRequest {}

impl CommentRequest {
    pub(crate) fn content(self, checks: &mut Checks) -> String {
        checks.required("content", self.content)
    }
}

/// A comment.
#[derive(Serialize, ToSchema)]
pub(crate) struct CommentView {
    id: Uuid,
    /// The KPI that it is about; null when it is about an action.
    kpi_id: Option<Uuid>,
    /// The action that it is about; null when it is about a KPI.
    action_plan_id: Option<Uuid>,
    author_id: Uuid,
    content: String,
    created_at: DateTime<Utc>,
    /// When its author changed it last; null when never.
    updated_at: Option<DateTime<Utc>>,
    version: i64,
}

impl From<&Comment> for CommentView {
    fn from(comment: &Comment) -> Self {
        let shown = comment.snapshot();
        let (kpi_id, action_plan_id) = match shown.target {
            CommentTarget::Kpi(kpi) => (Some(kpi.as_uuid()), None),
            CommentTarget::Action(action) => (None, Some(action.as_uuid())),
        };
        Self {
            id: shown.id.as_uuid(),
            kpi_id,
            action_plan_id,
            author_id: shown.author_id.as_uuid(),
            content: shown.content.clone(),
            created_at: shown.created_at,
            updated_at: shown.updated_at,
            version: shown.version,
        }
    }
}

/// The answer for a new comment.
pub(crate) fn created(comment: &Comment) -> Created<CommentView> {
    let shown = comment.snapshot();
    Created {
        location: format!("/api/v1/comments/{}", shown.id),
        version: Some(shown.version),
        body: CommentView::from(comment),
    }
}
