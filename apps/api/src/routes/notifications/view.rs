//! How an entry of the inbox is shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_kernel::{Locale, UserId};
use vigie_notifications::InboxEntry;

/// What the caller was told.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotificationView {
    id: Uuid,
    /// `action_given`, `kpi_red`, `comment` or `import_ended`.
    category: &'static str,
    /// `transactional`.
    class: &'static str,
    /// What happened: one sentence in the reader's language, as plain text.
    #[schema(example = "Claire Duval vous a confié l'action « Régler la presse ».")]
    text: String,
    /// Where to see more, below the prefix of the API.
    #[schema(example = "/actions/019a9d54-5f0f-7c52-9f0f-0c8a4a6f1d0e")]
    link: String,
    /// What it is about.
    subject: SubjectView,
    /// Who did it; null when the product did.
    actor: Option<ActorView>,
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// When it came into the inbox, which is the list's order.
    created_at: DateTime<Utc>,
    /// When the reader first marked it as read; null when he has not.
    read_at: Option<DateTime<Utc>>,
}

/// The thing that a notification is about.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubjectView {
    /// `kpi`, `action`, `comment` or `import`.
    kind: &'static str,
    id: Uuid,
}

/// Who did what a notification tells.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActorView {
    id: Uuid,
    /// His name; null when he is no member any more.
    name: Option<String>,
}

impl NotificationView {
    pub(crate) fn in_language(locale: Locale, entry: &InboxEntry) -> Self {
        let (shown, told) = (entry.snapshot(), entry.snapshot().notification.snapshot());
        let subject = told.content.subject();
        let actor = |id: UserId| ActorView { id: id.as_uuid(), name: shown.actor_name.clone() };
        Self {
            id: shown.id.as_uuid(),
            category: entry.category().name(),
            class: entry.category().class().name(),
            text: entry.text(locale),
            link: told.content.link(),
            subject: SubjectView { kind: subject.kind(), id: subject.id() },
            actor: told.actor.map(actor),
            occurred_at: told.occurred_at,
            created_at: shown.received_at,
            read_at: shown.read_at,
        }
    }
}
