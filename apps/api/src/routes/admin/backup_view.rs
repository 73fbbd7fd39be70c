//! How backups are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_tenancy::backup::BackupRecord;

/// A backup of an organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct BackupView {
    id: Uuid,
    organization_id: Uuid,
    /// The organization's short name at that time.
    slug: String,
    /// `manual`, `nightly` or `final`.
    kind: &'static str,
    /// `queued`, `running`, `done`, `failed` or `removed`.
    status: &'static str,
    /// Bytes of the archive.
    size: Option<i64>,
    /// SHA-256 of the archive, 64 hexadecimal digits.
    sha256: Option<String>,
    /// The schema version of its rows.
    schema_version: Option<i32>,
    /// Rows by table, and `files`.
    counts: BTreeMap<String, u64>,
    /// Why it failed.
    error: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    /// When it was last tried out, by restoring it into a database that nobody is served from.
    drilled_at: Option<DateTime<Utc>>,
    /// Whether that went well; null while it was not tried.
    restorable: Option<bool>,
}

impl From<BackupRecord> for BackupView {
    /// Where the archive lies is the operator's business and not told.
    fn from(backup: BackupRecord) -> Self {
        Self {
            id: backup.id.as_uuid(),
            organization_id: backup.organization.as_uuid(),
            slug: backup.slug,
            kind: backup.kind.name(),
            status: backup.status.name(),
            size: backup.size,
            sha256: backup.sha256,
            schema_version: backup.schema_version,
            counts: backup.counts,
            error: backup
                .error
                .map(|_| "the backup could not be made; the log of the worker says why".to_owned()),
            created_at: backup.created_at,
            finished_at: backup.finished_at,
            drilled_at: backup.drilled_at,
            restorable: backup.drilled_at.map(|_| backup.drill_error.is_none()),
        }
    }
}
