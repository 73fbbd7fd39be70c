//! The audit trail: who did what to which thing, written in the transaction of the deed.

use crate::{AuditEntryId, StoreError, UserId};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// One line of the audit trail. Carries ids and names of fields, never secrets and never personal data.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// The line's id.
    pub id: AuditEntryId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did it; `None` for the product itself.
    pub actor: Option<UserId>,
    /// What was done, such as `kpi.created`.
    pub action: &'static str,
    /// The kind of thing it was done to, such as `kpi`.
    pub subject_kind: &'static str,
    /// The thing it was done to.
    pub subject_id: Uuid,
    /// The request or job that caused it.
    pub request_id: String,
    /// What changed, as an object.
    pub details: serde_json::Value,
}

/// Writes the audit trail of the unit of work it belongs to.
#[async_trait]
pub trait AuditLog: Send {
    /// Appends a line.
    async fn record(&mut self, entry: &AuditEntry) -> Result<(), StoreError>;
}
