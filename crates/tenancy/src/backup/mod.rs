//! Backups of organizations, and what is made of them: new organizations, earlier states, other engines, exports, deletions.
//!
//! An archive is a tar file with a signed manifest in front, one member for each table with a line of JSON for each row, and the
//! organization's files (`docs/adr/0016-backups-are-rows-not-dumps.md`). Restoring, cloning and moving to another engine are one and
//! the same: a verified archive is loaded into a new database, and what was loaded is compared with what was read.

mod cell;
mod commands;
mod deletion;
mod drill;
mod error;
mod exchange;
mod export;
mod jobs;
mod loading;
mod manifest;
mod nightly;
mod ports;
mod promote;
mod record;
mod refusal;
mod restore;
mod retention;
mod service;
#[cfg(test)]
mod tests;
mod writing;

pub use cell::{Cell, Column, ColumnType, Row, RowError, RowSum, read_row, write_row};
pub use commands::{
    BackUp, BackupWatch, CloneOrganization, DeleteOrganization, DeletionPlan, Drilled, Exported,
    NightlyReport, Promote, Promoted, Purged, RestoreAsNew, RestoreInPlace, Restored, Unwatched,
};
pub use error::BackupError;
pub use jobs::{BackUpOrganization, NightlyBackups, RestoreDrill};
pub use manifest::{
    Engine, FORMAT, MANIFEST, MANIFEST_BYTES, Manifest, MemberEntry, OrganizationCard, RATIO, SIGNATURE,
    SchemaMark, TableEntry, check_path, file_member, table_member, too_dense,
};
pub use ports::{
    ArchiveFile, ArchiveWriter, Archives, BackupLedger, BackupQueue, ExportWriter, MemberAccount, MoveServer,
    MoveServers, OpenDatabases, OrganizationFiles, OrganizationPeople, Pieces, RULE_ONE_MOVE,
    RULE_SERVER_ROOM, RowSink, Settling, StoredFile, TableColumns, TenantData, TenantLoad, TenantSnapshot,
    VerifiedArchive,
};
pub use record::{BackupKind, BackupRecord, BackupStatus, DatabaseMove, Deletion, MoveKind, MoveState};
pub use refusal::ArchiveRefusal;
pub use retention::{Retention, expired};
pub use service::{BackupPorts, BackupService, Backups};
