//! What callers ask for, and what they get.

use super::ports::MoveServer;
use super::record::{BackupKind, BackupRecord, Deletion};
use crate::Organization;
use std::path::PathBuf;
use std::time::Duration;
use vigie_kernel::OrganizationId;

/// Where a long command tells how far it is.
pub trait BackupWatch: Send + Sync {
    /// `done` of `total` units of a step are done.
    fn step(&self, step: &str, done: u64, total: Option<u64>);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl BackupWatch for Unwatched {
    fn step(&self, _step: &str, _done: u64, _total: Option<u64>) {}
}

/// Makes a backup now.
#[derive(Clone, Debug)]
pub struct BackUp {
    /// The organization.
    pub organization: OrganizationId,
    /// Why.
    pub kind: BackupKind,
    /// Where to; the installation's own folder of backups when absent.
    pub folder: Option<PathBuf>,
}

/// Makes a new organization out of an archive.
#[derive(Clone, Debug)]
pub struct RestoreAsNew {
    /// The archive.
    pub archive: PathBuf,
    /// The slug of the new organization.
    pub slug: String,
    /// Its name; the archive's when absent.
    pub name: Option<String>,
    /// The address of an account that becomes its owner; nobody can log in to it before somebody is added when absent.
    pub owner: Option<String>,
    /// The fingerprint of another installation's key whose signature is accepted.
    pub foreign_key: Option<String>,
}

/// Puts an archive in the place of what an organization has.
#[derive(Clone, Debug)]
pub struct RestoreInPlace {
    /// The organization that the archive was made of.
    pub organization: OrganizationId,
    /// The archive.
    pub archive: PathBuf,
    /// The fingerprint of another installation's key whose signature is accepted.
    pub foreign_key: Option<String>,
}

/// Moves an organization to another database server.
#[derive(Clone, Debug)]
pub struct Promote {
    /// The organization.
    pub organization: OrganizationId,
    /// The name of the server, or an engine (`postgres`, `sqlite`): then the one of that engine that has the most room.
    pub to: String,
    /// Only tells from where to where.
    pub dry_run: bool,
}

/// What a move has done, or would do.
#[derive(Clone, Debug)]
pub struct Promoted {
    /// The organization as it is now.
    pub organization: Organization,
    /// The server before.
    pub from: MoveServer,
    /// The server after.
    pub to: MoveServer,
    /// Rows that were copied, and compared with the original.
    pub rows: u64,
    /// Tables that were copied.
    pub tables: usize,
    /// For how long the organization took no writes; `None` when nothing was done.
    pub paused: Option<Duration>,
}

/// Makes a new organization out of another one.
#[derive(Clone, Debug)]
pub struct CloneOrganization {
    /// The organization that is copied.
    pub from: OrganizationId,
    /// The slug of the new one.
    pub slug: String,
    /// Its name; the other's when absent.
    pub name: Option<String>,
    /// The address of an account that becomes its owner.
    pub owner: Option<String>,
}

/// What a restore has made.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The organization as it is now.
    pub organization: Organization,
    /// Rows that were loaded.
    pub rows: u64,
    /// Tables that were loaded.
    pub tables: usize,
    /// Files that were stored.
    pub files: u64,
    /// The schema version that the archive had.
    pub schema_version: i32,
}

/// Deletes an organization, after a last backup and with a time of grace.
#[derive(Clone, Debug)]
pub struct DeleteOrganization {
    /// The organization.
    pub organization: OrganizationId,
    /// Its slug once more, typed by who deletes it.
    pub confirmation: String,
    /// Why, 1..=1,000 characters.
    pub reason: String,
}

/// What a deletion would remove.
#[derive(Clone, Debug)]
pub struct DeletionPlan {
    /// The organization.
    pub organization: Organization,
    /// Its members.
    pub members: usize,
    /// Rows of its database.
    pub rows: u64,
    /// Its files.
    pub files: usize,
    /// Their bytes.
    pub file_bytes: u64,
    /// Its backups.
    pub backups: usize,
    /// Databases that are kept from earlier exchanges.
    pub kept_databases: Vec<String>,
    /// The deletion that is under way, if there is one.
    pub deletion: Option<Deletion>,
}

/// What a purge has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Files.
    pub files: u64,
    /// Backups other than the final one.
    pub backups: u64,
    /// Databases, kept ones included.
    pub databases: u64,
    /// Accounts that belonged nowhere else.
    pub accounts: u64,
}

/// A backup that was tried out; [`BackupRecord::drill_error`] tells whether it can be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drilled {
    /// The backup, with what came of it.
    pub backup: BackupRecord,
}

/// What an export has written.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The folder.
    pub folder: PathBuf,
    /// Its tables with their rows.
    pub tables: Vec<(String, u64)>,
    /// Files.
    pub files: u64,
}

/// What the nightly round has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NightlyReport {
    /// Backups that were asked for.
    pub asked: u64,
    /// Backups whose time was over.
    pub removed: u64,
    /// Databases of earlier exchanges that were dropped.
    pub dropped: u64,
    /// Organizations whose grace was over.
    pub purged: u64,
    /// What did not go well and is tried again the next night.
    pub failed: u64,
}
