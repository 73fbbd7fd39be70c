//! The audit trail of an organization.

use crate::error::store_error;
use crate::sql::Sql;
use async_trait::async_trait;
use sea_orm::ConnectionTrait;
use vigie_kernel::{AuditEntry, AuditLog, StoreError};

/// Writes audit lines into the `audit_log` of the database it was opened on.
pub(crate) struct SeaAudit<'a, C>(pub(crate) &'a C, pub(crate) &'static str);

#[async_trait]
impl<C: ConnectionTrait> AuditLog for SeaAudit<'_, C> {
    async fn record(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let insert = format!(
            "INSERT INTO {} (id, at, actor_id, action, subject_kind, subject_id, request_id, details) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            self.1
        );
        Sql::new(self.0, insert)
            .bind(entry.id.as_uuid())
            .bind(entry.at)
            .bind(entry.actor.map(vigie_kernel::UserId::as_uuid))
            .bind(entry.action)
            .bind(entry.subject_kind)
            .bind(entry.subject_id)
            .bind(entry.request_id.as_str())
            .bind(entry.details.clone())
            .execute(self.0)
            .await
            .map(|_| ())
            .map_err(store_error)
    }
}
