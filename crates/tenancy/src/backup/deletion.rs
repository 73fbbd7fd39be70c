//! Deleting an organization: a last backup, a time of grace, then everything goes but a tombstone.

use super::commands::{BackUp, BackupWatch, DeleteOrganization, DeletionPlan, Purged};
use super::error::BackupError;
use super::ports::{RowSink, TenantSnapshot};
use super::record::{BackupKind, BackupRecord, BackupStatus, DatabaseMove, Deletion, MoveState};
use super::service::{Backups, changed, on_database, refuse_without_database};
use crate::status::may_become;
use crate::{DatabaseName, Organization, OrganizationStatus, TenancyError};
use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::json;
use std::path::Path;
use vigie_kernel::{
    MAX_LIMIT, OperatorContext, OrganizationId, OrganizationSettings, PageRequest, StoreError, required_text,
};

/// How long a deletion can be taken back.
const GRACE: TimeDelta = TimeDelta::days(30);
/// How long nobody else gets the slug of an organization that is gone.
const QUARANTINE: TimeDelta = TimeDelta::days(90);
/// Most characters of a reason.
const REASON_MAX: usize = 1000;

struct Count(u64);

#[async_trait]
impl RowSink for Count {
    async fn rows(&mut self, rows: Vec<super::cell::Row>) -> Result<(), BackupError> {
        self.0 += u64::try_from(rows.len()).unwrap_or(0);
        Ok(())
    }
}

impl Backups {
    pub(crate) async fn plan_deletion(&self, id: OrganizationId) -> Result<DeletionPlan, BackupError> {
        let organization = self.organization(id).await?;
        refuse_without_database(&organization)?;
        let mut snapshot = self.ports.data.snapshot(&organization, None).await?;
        let rows = count_rows(snapshot.as_mut()).await?;
        drop(snapshot);
        let files = self.ports.files.list(id).await?;
        Ok(DeletionPlan {
            members: self.ports.people.members(id).await?.len(),
            rows,
            files: files.len(),
            file_bytes: files.iter().map(|file| file.size).sum(),
            backups: self.backups_of(id).await?.iter().filter(|backup| backup.path.is_some()).count(),
            kept_databases: self
                .kept(&organization)
                .await?
                .into_iter()
                .map(|(_, name)| name.to_string())
                .collect(),
            deletion: self.ports.ledger.deletion(id).await?,
            organization,
        })
    }

    pub(crate) async fn run_delete(
        &self,
        operator: &OperatorContext,
        command: DeleteOrganization,
        watch: &dyn BackupWatch,
    ) -> Result<Deletion, BackupError> {
        let id = command.organization;
        let organization = self.organization(id).await?;
        if command.confirmation.trim() != organization.snapshot().slug.as_str() {
            return Err(BackupError::NotConfirmed);
        }
        let reason = required_text("reason", &command.reason, REASON_MAX)?;
        if let Some(deletion) = self.ports.ledger.deletion(id).await? {
            return Ok(deletion);
        }
        refuse_without_database(&organization)?;
        let status = organization.status();
        if status != OrganizationStatus::Archived && !may_become(status, OrganizationStatus::Archived) {
            return Err(BackupError::State(status));
        }
        // Nobody writes any more while the last backup is made.
        let closed = self.close(operator, &organization).await?;
        let last = BackUp { organization: id, kind: BackupKind::Final, folder: None };
        let last = match self.run_backup(operator, self.ports.ids.next(), last, watch).await {
            Ok(last) => last,
            Err(error) => {
                self.open_again(operator, &organization, &closed).await?;
                return Err(error);
            }
        };
        let now = self.now();
        let deletion = Deletion {
            organization: id,
            slug: organization.snapshot().slug.to_string(),
            reason: reason.clone(),
            requested_at: now,
            purge_after: now + GRACE,
            final_backup: Some(last.id),
            purged_at: None,
            slug_free_at: None,
        };
        let archived = changed(&self.organization(id).await?, now, |snapshot| {
            snapshot.status = OrganizationStatus::Archived;
            snapshot.status_reason = Some(reason);
        });
        let details =
            json!({ "slug": deletion.slug, "purge_after": deletion.purge_after, "final_backup": last.id });
        let entry = self.audit(operator, "organization.deletion-requested", id, details);
        self.ports.ledger.begin_deletion(&archived, &deletion, &entry).await?;
        self.ports.tenancy.invalidate(id);
        self.ports.open.forget(id).await;
        Ok(deletion)
    }

    /// Suspends an organization that is in use.
    async fn close(
        &self,
        operator: &OperatorContext,
        organization: &Organization,
    ) -> Result<Organization, BackupError> {
        if !may_become(organization.status(), OrganizationStatus::Suspended) {
            return Ok(organization.clone());
        }
        let closed = changed(organization, self.now(), |snapshot| {
            snapshot.status = OrganizationStatus::Suspended;
            snapshot.status_reason = Some("being deleted".to_owned());
        });
        let entry =
            self.audit(operator, "organization.suspended", organization.id(), json!({ "for": "deletion" }));
        self.save(&closed, &entry).await?;
        Ok(closed)
    }

    async fn open_again(
        &self,
        operator: &OperatorContext,
        before: &Organization,
        closed: &Organization,
    ) -> Result<(), BackupError> {
        if before.status() == closed.status() {
            return Ok(());
        }
        let again = changed(closed, self.now(), |snapshot| {
            snapshot.status = before.status();
            snapshot.status_reason.clone_from(&before.snapshot().status_reason);
        });
        let entry = self.audit(operator, "organization.resumed", before.id(), json!({ "for": "deletion" }));
        self.save(&again, &entry).await
    }

    pub(crate) async fn run_cancel_deletion(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
    ) -> Result<Organization, BackupError> {
        let organization = self.organization(id).await?;
        let deletion = self.ports.ledger.deletion(id).await?;
        if deletion.is_none() || organization.status() != OrganizationStatus::Archived {
            return Err(BackupError::State(organization.status()));
        }
        let back = changed(&organization, self.now(), |snapshot| {
            snapshot.status = OrganizationStatus::Active;
            snapshot.status_reason = None;
        });
        let entry = self.audit(operator, "organization.deletion-cancelled", id, json!({}));
        self.ports.ledger.cancel_deletion(&back, &entry).await?;
        self.ports.tenancy.invalidate(id);
        Ok(back)
    }

    pub(crate) async fn run_purge(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
        force: bool,
    ) -> Result<Purged, BackupError> {
        let organization = self.organization(id).await?;
        let deletion = self.ports.ledger.deletion(id).await?;
        let Some(deletion) = deletion.filter(|_| organization.status() == OrganizationStatus::Archived)
        else {
            return Err(BackupError::State(organization.status()));
        };
        if !force && self.now() < deletion.purge_after {
            return Err(BackupError::GraceNotOver(deletion.purge_after));
        }
        let mut purged = Purged { files: self.ports.files.remove_all(id).await?, ..Purged::default() };
        for backup in self.backups_of(id).await? {
            if backup.kind != BackupKind::Final && self.remove_backup(backup).await? {
                purged.backups += 1;
            }
        }
        for (moved, name) in self.kept(&organization).await? {
            self.drop_kept(&organization, &moved, &name).await?;
            purged.databases += 1;
        }
        self.ports.open.forget(id).await;
        self.ports.databases.drop_database(&organization).await?;
        purged.databases += 1;
        purged.accounts = self.erase(operator, &organization, deletion, &purged).await?;
        self.ports.tenancy.invalidate(id);
        Ok(purged)
    }

    async fn erase(
        &self,
        operator: &OperatorContext,
        organization: &Organization,
        mut deletion: Deletion,
        purged: &Purged,
    ) -> Result<u64, BackupError> {
        let (id, now) = (organization.id(), self.now());
        deletion.purged_at = Some(now);
        deletion.slug_free_at = Some(now + QUARANTINE);
        let name = DatabaseName::parse(&format!("deleted_{}", id.as_uuid().simple()))
            .map_err(|error| BackupError::Tenancy(TenancyError::Prefix(error)))?;
        let tombstone = changed(organization, now, |snapshot| {
            snapshot.status = OrganizationStatus::Deleted;
            snapshot.status_reason = None;
            "deleted".clone_into(&mut snapshot.name);
            snapshot.settings = OrganizationSettings::default();
            snapshot.schema_version = None;
            snapshot.database_name = name;
        });
        let details = json!({
            "slug": deletion.slug,
            "requested_at": deletion.requested_at,
            "files": purged.files,
            "databases": purged.databases,
            "backups": purged.backups,
            "final_backup": deletion.final_backup,
            "slug_free_at": deletion.slug_free_at,
        });
        let entry = self.audit(operator, "organization.erased", id, details);
        Ok(self.ports.ledger.erase(&tombstone, &deletion, &entry).await?)
    }

    /// Every backup of an organization.
    pub(crate) async fn backups_of(&self, id: OrganizationId) -> Result<Vec<BackupRecord>, BackupError> {
        let mut page = PageRequest { limit: MAX_LIMIT, after: None };
        let mut all = Vec::new();
        loop {
            let found = self.ports.ledger.list(id, &page).await?;
            all.extend(found.items);
            page.after = found.next;
            if page.after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Removes a backup's file and says so in its row; whether there was one.
    pub(crate) async fn remove_backup(&self, mut backup: BackupRecord) -> Result<bool, BackupError> {
        if backup.status != BackupStatus::Done {
            return Ok(false);
        }
        if let Some(path) = &backup.path {
            self.ports.archives.remove(Path::new(path)).await?;
        }
        backup.status = BackupStatus::Removed;
        self.ports.ledger.update(&backup).await?;
        Ok(true)
    }

    /// The databases that earlier exchanges have left, with the exchange that left each.
    async fn kept(
        &self,
        organization: &Organization,
    ) -> Result<Vec<(DatabaseMove, DatabaseName)>, BackupError> {
        let mut kept = Vec::new();
        for moved in self.ports.ledger.moves_of(organization.id()).await? {
            if moved.state == MoveState::Switched
                && let Ok(name) = DatabaseName::parse(&moved.old_database)
                && &name != organization.database_name()
            {
                kept.push((moved, name));
            }
        }
        Ok(kept)
    }

    /// Drops the database before an exchange: there is no undo any more.
    pub(crate) async fn drop_kept(
        &self,
        organization: &Organization,
        moved: &DatabaseMove,
        name: &DatabaseName,
    ) -> Result<(), BackupError> {
        self.ports.databases.drop_database(&on_database(organization, name)).await?;
        let mut closed = moved.clone();
        closed.state = MoveState::Closed;
        closed.changed_at = self.now();
        match self.ports.ledger.update_move(&closed, MoveState::Switched).await {
            Ok(()) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn count_rows(snapshot: &mut dyn TenantSnapshot) -> Result<u64, BackupError> {
    let mut count = Count(0);
    for table in snapshot.tables().to_vec() {
        snapshot.read(&table, &mut count).await?;
    }
    Ok(count.0)
}
