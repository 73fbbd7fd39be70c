//! What others may react to. Announced in the transaction of the change, so nothing is told of a change that was rolled back.

use crate::Action;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use vigie_jobs::{Job, Retry};
use vigie_kernel::{ActionId, CommentId, UserId};

const RETRY: Retry = Retry::doubling(Duration::from_secs(2));

/// Somebody was made the owner of an action by somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionGiven {
    /// The action.
    pub action: ActionId,
    /// Who carries it from now on.
    pub to: UserId,
    /// Who gave it.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

impl Job for ActionGiven {
    const NAME: &'static str = "action-plans.action-given";
    const RETRY: Retry = RETRY;
}

impl ActionGiven {
    /// The event, when the action that `owner_before` carried has another owner now, who did not take it himself. An action that is
    /// over, such as one of a history that is taken over, gives nobody anything to do.
    pub(crate) fn since(
        owner_before: Option<UserId>,
        action: &Action,
        by: UserId,
        at: DateTime<Utc>,
    ) -> Option<Self> {
        let action = action.snapshot();
        let to =
            action.owner_id.filter(|to| action.status.is_live() && owner_before != Some(*to) && *to != by)?;
        Some(Self { action: action.id, to, by, at })
    }
}

/// Somebody wrote a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentWritten {
    /// The comment.
    pub comment: CommentId,
    /// Who wrote it.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

impl Job for CommentWritten {
    const NAME: &'static str = "action-plans.comment-written";
    const RETRY: Retry = RETRY;
}
