//! Notifications: what is told, once, however many it is told to.

use crate::Content;
use chrono::{DateTime, Utc};
use vigie_kernel::{NotificationId, UserId};

/// How urgent a notification is and who may switch it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// What a member needs to know for his work.
    Transactional,
}

impl Class {
    /// The stable name, as in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transactional => "transactional",
        }
    }

    /// The class of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        (name == Self::Transactional.name()).then_some(Self::Transactional)
    }
}

/// What a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// An action was given.
    ActionGiven,
    /// KPIs turned red.
    KpiRed,
    /// A comment was written.
    Comment,
    /// An import has ended.
    ImportEnded,
}

impl Category {
    /// The stable name, as in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActionGiven => "action_given",
            Self::KpiRed => "kpi_red",
            Self::Comment => "comment",
            Self::ImportEnded => "import_ended",
        }
    }

    /// The class of everything in the category.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::ActionGiven | Self::KpiRed | Self::Comment | Self::ImportEnded => Class::Transactional,
        }
    }
}

/// A notification as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationSnapshot {
    /// The notification's id.
    pub id: NotificationId,
    /// Made of the event and the part of it that is told: two notifications never have the same.
    pub key: String,
    /// Who did it; `None` for the product itself.
    pub actor: Option<UserId>,
    /// What is told.
    pub content: Content,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was told.
    pub created_at: DateTime<Utc>,
}

/// What is told. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification(NotificationSnapshot);

impl Notification {
    /// A stored notification, or a new one.
    #[must_use]
    pub const fn restore(snapshot: NotificationSnapshot) -> Self {
        Self(snapshot)
    }

    /// The notification as it is stored.
    #[must_use]
    pub const fn snapshot(&self) -> &NotificationSnapshot {
        &self.0
    }

    /// The notification's id.
    #[must_use]
    pub const fn id(&self) -> NotificationId {
        self.0.id
    }

    /// What it is about.
    #[must_use]
    pub const fn category(&self) -> Category {
        self.0.content.category()
    }
}
