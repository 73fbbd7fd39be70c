//! The use cases of backups.

use super::commands::{
    BackUp, BackupWatch, CloneOrganization, DeleteOrganization, DeletionPlan, Drilled, Exported,
    NightlyReport, Promote, Promoted, Purged, RestoreAsNew, RestoreInPlace, Restored,
};
use super::error::BackupError;
use super::jobs::BackUpOrganization;
use super::ports::{
    Archives, BackupLedger, BackupQueue, MoveServers, OpenDatabases, OrganizationFiles, OrganizationPeople,
    TenantData,
};
use super::record::{BackupKind, BackupRecord, BackupStatus, Deletion};
use crate::{
    DatabaseName, Organization, OrganizationSnapshot, OrganizationStatus, OrganizationStore, TenancyService,
    TenantDatabases,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_jobs::OutboxMessage;
use vigie_kernel::{
    AuditEntry, BackupId, Clock, IdSource, IdempotencyKey, OperatorContext, OrganizationId, Page, PageRequest,
};

/// Backups of the installation's organizations, and what is made of them.
#[async_trait]
pub trait BackupService: Send + Sync {
    /// Asks for a backup, which a worker makes. Asked again with the same key, it is the same backup.
    async fn request(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
        key: Option<&IdempotencyKey>,
    ) -> Result<BackupRecord, BackupError>;

    /// Makes a backup now: consistent as of one moment, whatever is written meanwhile.
    async fn back_up(
        &self,
        operator: &OperatorContext,
        command: BackUp,
        watch: &dyn BackupWatch,
    ) -> Result<BackupRecord, BackupError>;

    /// The backups of an organization that is not deleted, newest first.
    async fn list(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
        page: &PageRequest,
    ) -> Result<Page<BackupRecord>, BackupError>;

    /// The newest backup that is done, or `None`.
    async fn last_good(&self, organization: OrganizationId) -> Result<Option<BackupRecord>, BackupError>;

    /// Makes a new organization out of an archive. Everything is checked before any database exists, and nothing is left of it when it
    /// fails. Nobody but the named owner is a member, and nothing leaves it until [`BackupService::confirm`].
    async fn restore_as_new(
        &self,
        operator: &OperatorContext,
        command: RestoreAsNew,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError>;

    /// Puts an archive in the place of what its organization has; the database before is kept for [`BackupService::undo`].
    async fn restore_in_place(
        &self,
        operator: &OperatorContext,
        command: RestoreInPlace,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError>;

    /// Goes back to the database before the last exchange; the present one is kept in its turn.
    async fn undo(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
    ) -> Result<Organization, BackupError>;

    /// Lets mails, schedules and calls leave an organization that a restore or a clone has made.
    async fn confirm(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
    ) -> Result<Organization, BackupError>;

    /// Makes a new organization out of another one, as [`BackupService::restore_as_new`] does out of an archive.
    async fn clone_organization(
        &self,
        operator: &OperatorContext,
        command: CloneOrganization,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError>;

    /// Moves an organization to another database server, of the same engine or of another one. Reads go on; writes are refused until it
    /// is done. The database before is kept for [`BackupService::undo`].
    async fn promote(
        &self,
        operator: &OperatorContext,
        command: Promote,
        watch: &dyn BackupWatch,
    ) -> Result<Promoted, BackupError>;

    /// Writes everything that an organization has as CSV and JSON, with its files, into a new folder below `folder`.
    async fn export(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
        folder: &Path,
        watch: &dyn BackupWatch,
    ) -> Result<Exported, BackupError>;

    /// What a deletion would remove. Changes nothing.
    async fn deletion_plan(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
    ) -> Result<DeletionPlan, BackupError>;

    /// Closes an organization for good: a last backup, then the state `archived` for the time of grace, after which the nightly round
    /// purges it.
    async fn delete(
        &self,
        operator: &OperatorContext,
        command: DeleteOrganization,
        watch: &dyn BackupWatch,
    ) -> Result<Deletion, BackupError>;

    /// Takes a deletion back during its grace.
    async fn cancel_deletion(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
    ) -> Result<Organization, BackupError>;

    /// Removes database, files, backups and accounts of an organization whose grace is over, or at once with `force`. What was
    /// interrupted goes on when it is called again.
    async fn purge(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
        force: bool,
    ) -> Result<Purged, BackupError>;

    /// Asks for the nightly backups and removes what has had its time.
    async fn nightly(&self, operator: &OperatorContext) -> Result<NightlyReport, BackupError>;

    /// Tries out that an organization's newest good backup can be restored: into a database that nobody is served from and that goes
    /// again.
    async fn drill(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
        watch: &dyn BackupWatch,
    ) -> Result<Drilled, BackupError>;

    /// Tries out the backups of a few organizations, those whose last try is the longest ago.
    async fn drills(
        &self,
        operator: &OperatorContext,
        watch: &dyn BackupWatch,
    ) -> Result<Vec<Drilled>, BackupError>;

    /// Undoes what killed commands have left half done; answers how much that was.
    async fn recover(&self) -> Result<u64, BackupError>;

    /// Forgets the open databases of organizations that were given others since that instant.
    async fn follow_moves(&self, since: DateTime<Utc>) -> Result<(), BackupError>;
}

/// What [`Backups`] stands on.
pub struct BackupPorts {
    /// The organizations.
    pub store: Arc<dyn OrganizationStore>,
    /// Makes and drops databases.
    pub databases: Arc<dyn TenantDatabases>,
    /// Reads and fills databases.
    pub data: Arc<dyn TenantData>,
    /// What is remembered.
    pub ledger: Arc<dyn BackupLedger>,
    /// Archives.
    pub archives: Arc<dyn Archives>,
    /// The organizations' files.
    pub files: Arc<dyn OrganizationFiles>,
    /// Accounts.
    pub people: Arc<dyn OrganizationPeople>,
    /// Organizations' states.
    pub tenancy: Arc<dyn TenancyService>,
    /// The queue.
    pub queue: Arc<dyn BackupQueue>,
    /// The servers.
    pub servers: Arc<dyn MoveServers>,
    /// What this process has open.
    pub open: Arc<dyn OpenDatabases>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives ids.
    pub ids: Arc<dyn IdSource>,
}

/// The one implementation of [`BackupService`], and the handler of its jobs.
pub struct Backups {
    pub(crate) ports: BackupPorts,
    pub(crate) folder: PathBuf,
    pub(crate) database_prefix: String,
    pub(crate) product: String,
}

impl Backups {
    /// The service; archives go to a folder for each organization below `folder`, database names begin with `database_prefix`, and
    /// `product` names this version in manifests.
    #[must_use]
    pub const fn new(ports: BackupPorts, folder: PathBuf, database_prefix: String, product: String) -> Self {
        Self { ports, folder, database_prefix, product }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.ports.clock.now()
    }

    /// An organization that is not deleted.
    pub(crate) async fn organization(&self, id: OrganizationId) -> Result<Organization, BackupError> {
        let found = self.ports.store.read().await?.find(id).await?;
        found.filter(|found| found.status() != OrganizationStatus::Deleted).ok_or(BackupError::NotFound)
    }

    pub(crate) fn audit(
        &self,
        operator: &OperatorContext,
        action: &'static str,
        organization: OrganizationId,
        details: serde_json::Value,
    ) -> AuditEntry {
        AuditEntry {
            id: self.ports.ids.next(),
            at: self.now(),
            actor: operator.actor(),
            action,
            subject_kind: "organization",
            subject_id: organization.as_uuid(),
            request_id: operator.request_id().to_owned(),
            details,
        }
    }

    /// Stores a changed organization with an audit line, and forgets what is remembered of it.
    pub(crate) async fn save(
        &self,
        organization: &Organization,
        entry: &AuditEntry,
    ) -> Result<(), BackupError> {
        let mut work = self.ports.store.begin().await?;
        work.organizations().update(organization).await?;
        work.audit().record(entry).await?;
        work.commit().await?;
        self.ports.tenancy.invalidate(organization.id());
        Ok(())
    }

    /// Adds a line to the platform's audit trail.
    pub(crate) async fn record(&self, entry: &AuditEntry) -> Result<(), BackupError> {
        let mut work = self.ports.store.begin().await?;
        work.audit().record(entry).await?;
        Ok(work.commit().await?)
    }

    /// Queues the job of a backup and remembers that it was asked for.
    pub(crate) async fn ask(
        &self,
        operator: &OperatorContext,
        organization: &Organization,
        id: BackupId,
        kind: BackupKind,
    ) -> Result<BackupRecord, BackupError> {
        let now = self.now();
        let record =
            BackupRecord::asked(id, organization.id(), organization.snapshot().slug.as_str(), kind, now);
        let job =
            BackUpOrganization { backup: id, organization: organization.id(), kind: kind.name().to_owned() };
        let message = OutboxMessage::announce(self.ports.ids.next(), &job, now, operator.request_id())?;
        if kind == BackupKind::Manual {
            self.ports.ledger.insert(&record).await?;
        }
        // A nightly one that waits already stays the only one: its record is made when it runs.
        self.ports.queue.enqueue(Some(organization.id()), &message).await?;
        Ok(record)
    }

    /// Makes a backup under that id; goes on with one that was asked for or interrupted.
    pub(crate) async fn run_backup(
        &self,
        operator: &OperatorContext,
        id: BackupId,
        command: BackUp,
        watch: &dyn BackupWatch,
    ) -> Result<BackupRecord, BackupError> {
        let organization = self.organization(command.organization).await?;
        refuse_without_database(&organization)?;
        let slug = organization.snapshot().slug.as_str();
        let mut record = match self.ports.ledger.find(id).await? {
            Some(record) if record.status == BackupStatus::Done => return Ok(record),
            Some(record) => record,
            None => {
                let record = BackupRecord::asked(id, organization.id(), slug, command.kind, self.now());
                self.ports.ledger.insert(&record).await?;
                record
            }
        };
        record.status = BackupStatus::Running;
        self.ports.ledger.update(&record).await?;
        let folder = command.folder.unwrap_or_else(|| self.folder.join(slug));
        match self.write_archive(&organization, id, &folder, watch).await {
            Ok((archive, manifest)) => {
                record.status = BackupStatus::Done;
                record.path = Some(archive.path.to_string_lossy().into_owned());
                record.size = i64::try_from(archive.size).ok();
                record.sha256 = Some(archive.sha256);
                record.schema_version = Some(manifest.schema.version);
                record.counts =
                    manifest.tables.iter().map(|table| (table.name.clone(), table.rows)).collect();
                let files = u64::try_from(manifest.files().count()).unwrap_or(u64::MAX);
                record.counts.insert("files".to_owned(), files);
                record.error = None;
                record.finished_at = Some(self.now());
                self.ports.ledger.update(&record).await?;
                let details = json!({ "backup": id, "kind": record.kind.name(), "size": record.size });
                self.record(&self.audit(operator, "organization.backed-up", organization.id(), details))
                    .await?;
                Ok(record)
            }
            Err(error) => {
                record.status = BackupStatus::Failed;
                record.error = Some(error.to_string());
                record.finished_at = Some(self.now());
                self.ports.ledger.update(&record).await?;
                Err(error)
            }
        }
    }
}

/// The id that a request's key gives its backup: the same for the same operator, organization and key.
fn named_by(operator: &OperatorContext, organization: OrganizationId, key: &IdempotencyKey) -> BackupId {
    let mut hash = Sha256::new();
    hash.update(organization.as_uuid().as_bytes());
    hash.update(operator.actor().map(|actor| *actor.as_uuid().as_bytes()).unwrap_or_default());
    hash.update(key.as_str().as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash.finalize()).for_each(|(byte, hashed)| *byte = hashed);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().into()
}

/// The organization as it would be with that other state. Its version is the next one.
pub(crate) fn changed(
    organization: &Organization,
    now: DateTime<Utc>,
    change: impl FnOnce(&mut OrganizationSnapshot),
) -> Organization {
    let mut snapshot = organization.snapshot().clone();
    change(&mut snapshot);
    snapshot.updated_at = now;
    snapshot.version += 1;
    Organization::restore(snapshot)
}

/// The organization, pointing at another database. Only for talking about that database: it is not stored.
pub(crate) fn on_database(organization: &Organization, name: &DatabaseName) -> Organization {
    let mut snapshot = organization.snapshot().clone();
    snapshot.database_name = name.clone();
    Organization::restore(snapshot)
}

/// Only an organization that has been in use has something to read.
pub(crate) fn refuse_without_database(organization: &Organization) -> Result<(), BackupError> {
    match organization.status() {
        OrganizationStatus::Active
        | OrganizationStatus::Migrating
        | OrganizationStatus::ReadOnly
        | OrganizationStatus::Suspended
        | OrganizationStatus::Archived => Ok(()),
        status @ (OrganizationStatus::Provisioning
        | OrganizationStatus::Failed
        | OrganizationStatus::Deleted) => Err(BackupError::State(status)),
    }
}

#[async_trait]
impl BackupService for Backups {
    async fn request(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
        key: Option<&IdempotencyKey>,
    ) -> Result<BackupRecord, BackupError> {
        let organization = self.organization(organization).await?;
        refuse_without_database(&organization)?;
        let id = match key {
            Some(key) => named_by(operator, organization.id(), key),
            None => self.ports.ids.next(),
        };
        if let Some(asked) = self.ports.ledger.find(id).await? {
            return Ok(asked);
        }
        self.ask(operator, &organization, id, BackupKind::Manual).await
    }

    async fn back_up(
        &self,
        operator: &OperatorContext,
        command: BackUp,
        watch: &dyn BackupWatch,
    ) -> Result<BackupRecord, BackupError> {
        self.run_backup(operator, self.ports.ids.next(), command, watch).await
    }

    async fn list(
        &self,
        _operator: &OperatorContext,
        organization: OrganizationId,
        page: &PageRequest,
    ) -> Result<Page<BackupRecord>, BackupError> {
        self.organization(organization).await?;
        Ok(self.ports.ledger.list(organization, page).await?)
    }

    async fn last_good(&self, organization: OrganizationId) -> Result<Option<BackupRecord>, BackupError> {
        Ok(self.ports.ledger.last_good(organization).await?)
    }

    async fn restore_as_new(
        &self,
        operator: &OperatorContext,
        command: RestoreAsNew,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError> {
        self.run_restore_as_new(operator, command, watch).await
    }

    async fn restore_in_place(
        &self,
        operator: &OperatorContext,
        command: RestoreInPlace,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError> {
        self.run_restore_in_place(operator, command, watch).await
    }

    async fn undo(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
    ) -> Result<Organization, BackupError> {
        self.run_undo(operator, organization).await
    }

    async fn confirm(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
    ) -> Result<Organization, BackupError> {
        let organization = self.organization(organization).await?;
        if !organization.snapshot().settings.outgoing_paused {
            return Ok(organization);
        }
        let confirmed =
            changed(&organization, self.now(), |snapshot| snapshot.settings.outgoing_paused = false);
        let entry = self.audit(operator, "organization.confirmed", organization.id(), json!({}));
        self.save(&confirmed, &entry).await?;
        Ok(confirmed)
    }

    async fn promote(
        &self,
        operator: &OperatorContext,
        command: Promote,
        watch: &dyn BackupWatch,
    ) -> Result<Promoted, BackupError> {
        self.run_promote(operator, command, watch).await
    }

    async fn clone_organization(
        &self,
        operator: &OperatorContext,
        command: CloneOrganization,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError> {
        self.run_clone(operator, command, watch).await
    }

    async fn export(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
        folder: &Path,
        watch: &dyn BackupWatch,
    ) -> Result<Exported, BackupError> {
        self.run_export(operator, organization, folder, watch).await
    }

    async fn deletion_plan(
        &self,
        _operator: &OperatorContext,
        organization: OrganizationId,
    ) -> Result<DeletionPlan, BackupError> {
        self.plan_deletion(organization).await
    }

    async fn delete(
        &self,
        operator: &OperatorContext,
        command: DeleteOrganization,
        watch: &dyn BackupWatch,
    ) -> Result<Deletion, BackupError> {
        self.run_delete(operator, command, watch).await
    }

    async fn cancel_deletion(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
    ) -> Result<Organization, BackupError> {
        self.run_cancel_deletion(operator, organization).await
    }

    async fn purge(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
        force: bool,
    ) -> Result<Purged, BackupError> {
        self.run_purge(operator, organization, force).await
    }

    async fn nightly(&self, operator: &OperatorContext) -> Result<NightlyReport, BackupError> {
        self.run_nightly(operator).await
    }

    async fn drill(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
        watch: &dyn BackupWatch,
    ) -> Result<Drilled, BackupError> {
        self.run_drill(operator, organization, watch).await
    }

    async fn drills(
        &self,
        operator: &OperatorContext,
        watch: &dyn BackupWatch,
    ) -> Result<Vec<Drilled>, BackupError> {
        self.run_drills(operator, watch).await
    }

    async fn recover(&self) -> Result<u64, BackupError> {
        self.run_recover().await
    }

    async fn follow_moves(&self, since: DateTime<Utc>) -> Result<(), BackupError> {
        for organization in self.ports.ledger.moved_since(since).await? {
            self.ports.open.forget(organization).await;
            self.ports.tenancy.invalidate(organization);
        }
        Ok(())
    }
}
