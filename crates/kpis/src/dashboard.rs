//! Dashboards.

use crate::commands::{ChangeDashboard, CreateDashboard};
use chrono::{DateTime, Utc};
use vigie_kernel::{DashboardId, FieldErrors, UserId, optional_text, required_text};

/// Longest title and process name, in characters.
const MAX_TITLE: usize = 200;
/// Longest description, in characters.
pub(crate) const MAX_DESCRIPTION: usize = 2000;

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) at: DateTime<Utc>,
    pub(crate) by: UserId,
}

/// Everything that is stored of a dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardSnapshot {
    /// The dashboard's id.
    pub id: DashboardId,
    /// At most 200 characters.
    pub title: String,
    /// At most 2000 characters.
    pub description: Option<String>,
    /// The process above it, at most 200 characters.
    pub process_name: Option<String>,
    /// The member it belongs to.
    pub owner_id: UserId,
    /// 1 when created, one more at each change.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Who created it.
    pub created_by: UserId,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who last changed it.
    pub updated_by: UserId,
}

/// A collection of KPIs that somebody owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dashboard(DashboardSnapshot);

impl Dashboard {
    /// A stored dashboard.
    #[must_use]
    pub const fn restore(snapshot: DashboardSnapshot) -> Self {
        Self(snapshot)
    }

    /// What is stored of it.
    #[must_use]
    pub const fn snapshot(&self) -> &DashboardSnapshot {
        &self.0
    }

    /// The dashboard's id.
    #[must_use]
    pub const fn id(&self) -> DashboardId {
        self.0.id
    }

    /// Whether it belongs to that member.
    #[must_use]
    pub fn is_owned_by(&self, user: UserId) -> bool {
        self.0.owner_id == user
    }

    /// A new dashboard.
    pub(crate) fn create(
        id: DashboardId,
        command: &CreateDashboard,
        stamp: Stamp,
    ) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let title = errors.keep(required_text("title", &command.title, MAX_TITLE));
        let description =
            errors.keep(optional_text("description", command.description.as_deref(), MAX_DESCRIPTION));
        let process_name =
            errors.keep(optional_text("process_name", command.process_name.as_deref(), MAX_TITLE));
        errors.into_result()?;
        Ok(Self(DashboardSnapshot {
            id,
            title: title.unwrap_or_default(),
            description: description.flatten(),
            process_name: process_name.flatten(),
            owner_id: command.owner_id.unwrap_or(stamp.by),
            version: 1,
            created_at: stamp.at,
            created_by: stamp.by,
            updated_at: stamp.at,
            updated_by: stamp.by,
        }))
    }

    /// Applies a change; the names of the fields that it really changed, none of which leaves the dashboard as it was.
    pub(crate) fn change(
        &mut self,
        command: &ChangeDashboard,
        stamp: Stamp,
    ) -> Result<Vec<&'static str>, FieldErrors> {
        let mut errors = FieldErrors::new();
        let mut next = self.0.clone();
        if let Some(title) = &command.title
            && let Some(title) = errors.keep(required_text("title", title, MAX_TITLE))
        {
            next.title = title;
        }
        if let Some(description) = &command.description
            && let Some(description) =
                errors.keep(optional_text("description", description.as_deref(), MAX_DESCRIPTION))
        {
            next.description = description;
        }
        if let Some(process) = &command.process_name
            && let Some(process) = errors.keep(optional_text("process_name", process.as_deref(), MAX_TITLE))
        {
            next.process_name = process;
        }
        next.owner_id = command.owner_id.unwrap_or(next.owner_id);
        errors.into_result()?;
        let changed: Vec<&'static str> = [
            ("title", next.title != self.0.title),
            ("description", next.description != self.0.description),
            ("process_name", next.process_name != self.0.process_name),
            ("owner_id", next.owner_id != self.0.owner_id),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect();
        if !changed.is_empty() {
            next.version += 1;
            next.updated_at = stamp.at;
            next.updated_by = stamp.by;
            self.0 = next;
        }
        Ok(changed)
    }
}
