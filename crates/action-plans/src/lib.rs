//! Actions and comments on KPIs.
//!
//! A KPI in trouble gets actions, each with an owner, a due date, a progress and a status that only moves along
//! the table of `docs/kpi-engine.md` (section on actions); people discuss on comments of the KPI and of its actions.
//! [`ActionPlanService`] is the front door; [`ActionPlanStore`] is what a database has to offer.
#![deny(missing_docs)]

mod action;
mod commands;
mod comment;
mod error;
mod events;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod ports;
mod progress;
mod service;
mod status;
#[cfg(test)]
mod tests;

pub use action::{Action, ActionHint, ActionSnapshot, Change, NewAction, TITLE_MAX};
pub use commands::{ChangeAction, ChangeComment, CreateAction, WriteComment};
pub use comment::{Comment, CommentSnapshot, CommentTarget};
pub use error::ActionPlanError;
pub use events::{ActionGiven, CommentWritten};
#[cfg(any(test, feature = "testing"))]
pub use memory::{MemoryActionPlans, MemoryKpi};
pub use ports::{
    ActionFilter, ActionListItem, ActionPlanReads, ActionPlanStore, ActionPlanWork, ActionRepository,
    CommentRepository, RULE_ACTION_KPI, RULE_ACTION_OWNER, RULE_COMMENT_ACTION, RULE_COMMENT_KPI,
};
pub use progress::plan_progress;
pub use service::{ActionOutcome, ActionPlanService, ActionPlans, ActionWarning};
pub use status::ActionStatus;
