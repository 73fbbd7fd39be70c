//! The inbox: notifications as one member has them before him.

use crate::{Category, Notification};
use chrono::{DateTime, Utc};
use vigie_kernel::{DeliveryId, Locale, UserId};

/// Days after which a notification is forgotten, read or not.
pub const INBOX_DAYS: u32 = 90;

/// A new notification and whom it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// What is told.
    pub notification: Notification,
    /// Each recipient with the id of his delivery, should he not have the notification already.
    pub recipients: Vec<(DeliveryId, UserId)>,
}

/// An entry of an inbox as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEntrySnapshot {
    /// The entry's id: that of the delivery to this reader, not of the notification.
    pub id: DeliveryId,
    /// What is told.
    pub notification: Notification,
    /// Whose inbox it is in.
    pub recipient: UserId,
    /// The name of who did it, as it is now; `None` when there is no such member.
    pub actor_name: Option<String>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// When its reader marked it as read; `None` when he has not.
    pub read_at: Option<DateTime<Utc>>,
}

/// An entry of an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEntry(InboxEntrySnapshot);

impl InboxEntry {
    /// A stored entry.
    #[must_use]
    pub const fn restore(snapshot: InboxEntrySnapshot) -> Self {
        Self(snapshot)
    }

    /// The entry as it is stored and shown.
    #[must_use]
    pub const fn snapshot(&self) -> &InboxEntrySnapshot {
        &self.0
    }

    /// The entry's id.
    #[must_use]
    pub const fn id(&self) -> DeliveryId {
        self.0.id
    }

    /// Whether its reader has not marked it as read.
    #[must_use]
    pub const fn is_unread(&self) -> bool {
        self.0.read_at.is_none()
    }

    /// What it is about.
    #[must_use]
    pub const fn category(&self) -> Category {
        self.0.notification.category()
    }

    /// What it says, in the reader's language.
    #[must_use]
    pub fn text(&self, locale: Locale) -> String {
        self.0.notification.snapshot().content.text(locale, self.0.actor_name.as_deref())
    }
}

/// What marking everything as read did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkedRead {
    /// Entries that were unread before.
    pub marked: u64,
    /// Entries that still are.
    pub unread: u64,
}
