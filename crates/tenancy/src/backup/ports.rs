//! What backups need of the outside: the organizations' databases, archives, files, accounts and the control database.

use super::cell::{Column, Row};
use super::error::BackupError;
use super::manifest::{Engine, Manifest, MemberEntry, SchemaMark};
use super::record::{BackupRecord, DatabaseMove, Deletion};
use super::refusal::ArchiveRefusal;
use crate::Organization;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};
use vigie_jobs::OutboxMessage;
use vigie_kernel::{
    AuditEntry, BackupId, EmailAddress, OrganizationId, Page, PageRequest, Rule, ServerId, StoreError, UserId,
};

/// One exchange of an organization's database at a time.
pub const RULE_ONE_MOVE: Rule = Rule("one_database_move");
/// A move puts no database on a server that is full or accepts none; going back does.
pub const RULE_SERVER_ROOM: Rule = Rule("server_room");

/// Takes rows as they are read.
#[async_trait]
pub trait RowSink: Send {
    /// Takes some rows of the table that is being read.
    async fn rows(&mut self, rows: Vec<Row>) -> Result<(), BackupError>;
}

/// A table that backups carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumns {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// An organization's database, read as it was at one moment, whatever is written meanwhile.
#[async_trait]
pub trait TenantSnapshot: Send {
    /// The engine.
    fn engine(&self) -> Engine;
    /// The schema that the rows have.
    fn schema(&self) -> &SchemaMark;
    /// The tables that a backup carries.
    fn tables(&self) -> &[TableColumns];
    /// Hands every row of a table to the sink, in no order, a few thousand at a time.
    async fn read(&mut self, table: &TableColumns, sink: &mut dyn RowSink) -> Result<(), BackupError>;
}

/// A database that is being filled, in one transaction. Dropped, nothing of it stays.
#[async_trait]
pub trait TenantLoad: Send {
    /// Adds rows to a table.
    async fn rows(&mut self, table: &TableColumns, rows: Vec<Row>) -> Result<(), StoreError>;
    /// Checks every reference and commits.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// For whom a database was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settling {
    /// For the organization that it was taken from, and what was under way goes on there: only moved.
    Moved,
    /// For the organization that it was taken from, at a later time: what was under way then is over.
    Returned,
    /// For another organization: as [`Settling::Returned`], and nobody is a member yet.
    Copied,
}

/// The content of organizations' databases. [`Organization::database_name`] says which one is meant.
#[async_trait]
pub trait TenantData: Send + Sync {
    /// Opens the database and stands still. The schema is what the database says it is, unless the caller knows it: a database that
    /// is being filled says nothing yet.
    async fn snapshot(
        &self,
        organization: &Organization,
        schema_version: Option<i32>,
    ) -> Result<Box<dyn TenantSnapshot>, StoreError>;
    /// Whether rows of that schema can be loaded by this version.
    fn loadable(&self, schema: &SchemaMark) -> Result<(), ArchiveRefusal>;
    /// The carried tables of a schema that [`TenantData::loadable`] let through.
    fn tables(&self, schema_version: i32) -> Result<Vec<TableColumns>, StoreError>;
    /// Gives a database that was just created the empty tables of an earlier schema.
    async fn go_back(&self, organization: &Organization, schema_version: i32) -> Result<(), StoreError>;
    /// Begins to fill a database that has that schema and nothing of value in it.
    async fn load(
        &self,
        organization: &Organization,
        schema_version: i32,
    ) -> Result<Box<dyn TenantLoad>, StoreError>;
    /// Ends what was under way when the backup was taken.
    async fn settle(&self, organization: &Organization, settling: Settling) -> Result<(), StoreError>;
    /// Makes every write to the database fail, also those of connections that are open, until [`TenantData::lift`].
    async fn fence(&self, organization: &Organization) -> Result<(), StoreError>;
    /// Lets writes through again. Without a fence it changes nothing.
    async fn lift(&self, organization: &Organization) -> Result<(), StoreError>;
}

/// Bytes one piece after the other.
#[async_trait]
pub trait Pieces: Send {
    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BackupError>;
}

/// A finished archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub size: u64,
    /// SHA-256 of all of it.
    pub sha256: String,
    /// The fingerprint of the key that signed it.
    pub signed_by: String,
}

/// An archive that is being written. Dropped, nothing of it stays.
#[async_trait]
pub trait ArchiveWriter: Send {
    /// Begins a member.
    async fn begin(&mut self, path: &str, gzip: bool) -> Result<(), BackupError>;
    /// Adds to it.
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), BackupError>;
    /// Ends it.
    async fn end(&mut self) -> Result<MemberEntry, BackupError>;
    /// Takes the member that was ended last out again.
    async fn undo(&mut self) -> Result<(), BackupError>;
    /// Signs the manifest, puts it in front of the members and gives the archive its name.
    async fn finish(self: Box<Self>, manifest: Vec<u8>) -> Result<ArchiveFile, BackupError>;
}

/// An archive of which every byte was checked.
#[async_trait]
pub trait VerifiedArchive: Send + Sync {
    /// What is in it.
    fn manifest(&self) -> &Manifest;
    /// The content of a member, inflated. A byte that changed since it was checked is an error at its end.
    async fn open(&self, member: &str) -> Result<Box<dyn Pieces>, BackupError>;
}

/// Archives on this machine.
#[async_trait]
pub trait Archives: Send + Sync {
    /// Begins an archive of that name in that folder, which is made if need be.
    async fn create(&self, folder: &Path, name: &str) -> Result<Box<dyn ArchiveWriter>, BackupError>;
    /// Reads all of an archive and trusts nothing in it before it is checked. A foreign signature is accepted when its key has that
    /// fingerprint.
    async fn verify(
        &self,
        path: &Path,
        foreign_key: Option<&str>,
    ) -> Result<Box<dyn VerifiedArchive>, BackupError>;
    /// Removes an archive; one that is not there is no error.
    async fn remove(&self, path: &Path) -> Result<(), BackupError>;
    /// Bytes that are free where the product keeps its data.
    async fn free_bytes(&self) -> Result<u64, BackupError>;
    /// Begins an export in that folder, which must not be there.
    async fn export(&self, folder: &Path) -> Result<Box<dyn ExportWriter>, BackupError>;
}

/// A folder of plain files that is being written.
#[async_trait]
pub trait ExportWriter: Send {
    /// Begins a file under a relative path.
    async fn begin(&mut self, path: &str) -> Result<(), BackupError>;
    /// Adds to it.
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), BackupError>;
    /// Ends it.
    async fn end(&mut self) -> Result<(), BackupError>;
}

/// A file of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name below the organization's folder, such as `imports/<hash>`.
    pub name: String,
    /// Its bytes.
    pub size: u64,
}

/// The files of organizations. Nothing here reaches another organization's folder.
#[async_trait]
pub trait OrganizationFiles: Send + Sync {
    /// Every file.
    async fn list(&self, organization: OrganizationId) -> Result<Vec<StoredFile>, BackupError>;
    /// A file's content, or `None`.
    async fn open(
        &self,
        organization: OrganizationId,
        name: &str,
    ) -> Result<Option<Box<dyn Pieces>>, BackupError>;
    /// Stores a file under a name that [`OrganizationFiles::list`] told.
    async fn put(
        &self,
        organization: OrganizationId,
        name: &str,
        content: Box<dyn Pieces>,
    ) -> Result<(), BackupError>;
    /// Removes every file; answers how many there were.
    async fn remove_all(&self, organization: OrganizationId) -> Result<u64, BackupError>;
}

/// A member with his account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberAccount {
    /// The user.
    pub user: UserId,
    /// His address.
    pub email: String,
    /// His name.
    pub full_name: String,
    /// His role.
    pub role: String,
    /// Whether he may come in.
    pub active: bool,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The accounts of the installation.
#[async_trait]
pub trait OrganizationPeople: Send + Sync {
    /// Whether there is an account with that address.
    async fn has_account(&self, email: &EmailAddress) -> Result<bool, BackupError>;
    /// Makes that account an owner of an active organization.
    async fn make_owner(&self, slug: &str, email: &EmailAddress, request_id: &str)
    -> Result<(), BackupError>;
    /// The members of an organization.
    async fn members(&self, organization: OrganizationId) -> Result<Vec<MemberAccount>, BackupError>;
}

/// Adds jobs to the queue.
#[async_trait]
pub trait BackupQueue: Send + Sync {
    /// Adds a job, of an organization or of the platform.
    async fn enqueue(
        &self,
        organization: Option<OrganizationId>,
        message: &OutboxMessage,
    ) -> Result<(), StoreError>;
}

/// A server that an organization's database is on, or may be moved to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveServer {
    /// Its id.
    pub id: ServerId,
    /// Its name, which the operator gave it.
    pub name: String,
    /// Its engine.
    pub engine: Engine,
    /// Whether a further database may be placed on it.
    pub accepts: bool,
}

/// The servers that databases may be moved between.
#[async_trait]
pub trait MoveServers: Send + Sync {
    /// The server of an organization.
    async fn present(&self, organization: OrganizationId) -> Result<MoveServer, StoreError>;
    /// The server of that name, else the one of the engine of that name that would be chosen for a new database; `None` when there is
    /// neither.
    async fn find(&self, wanted: &str) -> Result<Option<MoveServer>, StoreError>;
}

/// The open connections of this process.
#[async_trait]
pub trait OpenDatabases: Send + Sync {
    /// Forgets what is open of an organization, so that the next use opens what the organization points at.
    async fn forget(&self, organization: OrganizationId);
}

/// What the control database knows of backups, exchanges and deletions.
#[async_trait]
pub trait BackupLedger: Send + Sync {
    /// Adds a backup.
    async fn insert(&self, backup: &BackupRecord) -> Result<(), StoreError>;
    /// Stores a backup over itself.
    async fn update(&self, backup: &BackupRecord) -> Result<(), StoreError>;
    /// A backup, or `None`.
    async fn find(&self, id: BackupId) -> Result<Option<BackupRecord>, StoreError>;
    /// The backups of an organization, newest first.
    async fn list(
        &self,
        organization: OrganizationId,
        page: &PageRequest,
    ) -> Result<Page<BackupRecord>, StoreError>;
    /// The newest backup that is done, or `None`.
    async fn last_good(&self, organization: OrganizationId) -> Result<Option<BackupRecord>, StoreError>;
    /// Organizations in use that have a good backup, those first whose backups were tried out the longest time ago, or never.
    async fn drill_next(&self, limit: u16) -> Result<Vec<OrganizationId>, StoreError>;
    /// The final backups that were done before that instant, oldest first, at most 100.
    async fn final_before(&self, at: DateTime<Utc>) -> Result<Vec<BackupRecord>, StoreError>;
    /// Marks the backups that wait or run since before that instant as failed; answers how many.
    async fn give_up(&self, since_before: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64, StoreError>;

    /// Begins an exchange. Conflict [`RULE_ONE_MOVE`].
    async fn begin_move(&self, moving: &DatabaseMove) -> Result<(), StoreError>;
    /// Stores an exchange over itself, when the stored state is `from`; [`StoreError::Stale`] when it is not.
    async fn update_move(
        &self,
        moving: &DatabaseMove,
        from: super::record::MoveState,
    ) -> Result<(), StoreError>;
    /// Points the organization at the exchange's new database on its server, and remembers that, in one transaction. `closes` is an
    /// earlier exchange that is over by that. Conflict [`RULE_SERVER_ROOM`].
    async fn switch(
        &self,
        organization: &Organization,
        moving: &DatabaseMove,
        closes: Option<&DatabaseMove>,
        entry: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// The newest exchange whose old database is still there, or `None`.
    async fn undoable(&self, organization: OrganizationId) -> Result<Option<DatabaseMove>, StoreError>;
    /// Every exchange of an organization.
    async fn moves_of(&self, organization: OrganizationId) -> Result<Vec<DatabaseMove>, StoreError>;
    /// Exchanges that nobody works on any more and that did not come to their end.
    async fn stale_moves(&self, now: DateTime<Utc>) -> Result<Vec<DatabaseMove>, StoreError>;
    /// Exchanges in that state that have been so since before that instant, oldest first, at most 100.
    async fn moves_in(
        &self,
        state: super::record::MoveState,
        since_before: DateTime<Utc>,
    ) -> Result<Vec<DatabaseMove>, StoreError>;
    /// The organizations whose database was exchanged at or after that instant.
    async fn moved_since(&self, at: DateTime<Utc>) -> Result<Vec<OrganizationId>, StoreError>;

    /// Organizations that a restore was making and that nobody has touched since before that instant.
    async fn abandoned_restores(&self, since_before: DateTime<Utc>) -> Result<Vec<Organization>, StoreError>;

    /// Stores the organization, now archived, with its deletion and the audit line.
    async fn begin_deletion(
        &self,
        organization: &Organization,
        deletion: &Deletion,
        entry: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// The deletion of an organization, or `None`.
    async fn deletion(&self, organization: OrganizationId) -> Result<Option<Deletion>, StoreError>;
    /// Takes a deletion back: the organization is stored as given, the deletion is forgotten.
    async fn cancel_deletion(
        &self,
        organization: &Organization,
        entry: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// Deletions whose grace is over and that were not carried out, at most 100.
    async fn due_deletions(&self, now: DateTime<Utc>) -> Result<Vec<Deletion>, StoreError>;
    /// Removes everything that the control database has of the organization but its tombstone: memberships, sessions, domains, jobs,
    /// and the accounts that belong nowhere else. Answers how many accounts went.
    async fn erase(
        &self,
        tombstone: &Organization,
        deletion: &Deletion,
        entry: &AuditEntry,
    ) -> Result<u64, StoreError>;
    /// Removes the tombstones whose slugs are free by now; answers how many.
    async fn free_slugs(&self, now: DateTime<Utc>) -> Result<u64, StoreError>;
}
