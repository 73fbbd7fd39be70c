//! Lines of the platform's audit trail.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;
use vigie_kernel::{AuditEntry, IdSource, UserId};

/// What a line is about, without its id and time.
pub(crate) struct Deed<'a> {
    pub(crate) actor: Option<UserId>,
    pub(crate) action: &'static str,
    pub(crate) subject: (&'static str, Uuid),
    pub(crate) request_id: &'a str,
    pub(crate) details: Value,
}

impl Deed<'_> {
    /// The line that tells the deed.
    pub(crate) fn entry(self, ids: &dyn IdSource, now: DateTime<Utc>) -> AuditEntry {
        AuditEntry {
            id: ids.next(),
            at: now,
            actor: self.actor,
            action: self.action,
            subject_kind: self.subject.0,
            subject_id: self.subject.1,
            request_id: self.request_id.to_owned(),
            details: self.details,
        }
    }
}
