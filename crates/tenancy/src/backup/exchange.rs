//! An organization gets another database: an earlier state out of an archive, another engine, or the one before.
//!
//! The old database takes no writes from the moment before the switch, whoever has it open, so nothing that was acknowledged is lost
//! by a process that has not heard of the switch yet. It is kept, and an undo goes back to it.

use super::commands::{BackupWatch, RestoreInPlace, Restored};
use super::error::BackupError;
use super::loading::{Pulse, Target};
use super::ports::{RULE_ONE_MOVE, RULE_SERVER_ROOM, Settling, VerifiedArchive};
use super::record::{DatabaseMove, MoveKind, MoveState};
use super::refusal::ArchiveRefusal;
use super::service::{Backups, changed, on_database};
use crate::{DatabaseName, Organization, OrganizationStatus};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use vigie_kernel::{OperatorContext, OrganizationId, ServerId, StoreError};

/// For so long a command holds an exchange without saying that it goes on.
const LEASE: TimeDelta = TimeDelta::minutes(10);
/// The same from the moment on that nobody can write, when the switch alone is left.
const SWITCH_LEASE: TimeDelta = TimeDelta::minutes(2);
/// How often it says so.
const BEAT: TimeDelta = TimeDelta::seconds(30);

/// Prolongs the lease on an exchange.
pub(super) struct MovePulse<'a> {
    backups: &'a Backups,
    moving: DatabaseMove,
    last: DateTime<Utc>,
}

impl<'a> MovePulse<'a> {
    pub(super) fn new(backups: &'a Backups, moving: DatabaseMove) -> Self {
        Self { backups, moving, last: backups.now() }
    }

    pub(super) const fn moving(&self) -> &DatabaseMove {
        &self.moving
    }

    pub(super) const fn moving_mut(&mut self) -> &mut DatabaseMove {
        &mut self.moving
    }
}

#[async_trait]
impl Pulse for MovePulse<'_> {
    async fn beat(&mut self) -> Result<(), BackupError> {
        let now = self.backups.now();
        if now - self.last < BEAT {
            return Ok(());
        }
        self.moving.lease_until = now + LEASE;
        self.last = now;
        Ok(self.backups.ports.ledger.update_move(&self.moving, self.moving.state).await?)
    }
}

impl Backups {
    pub(crate) async fn run_restore_in_place(
        &self,
        operator: &OperatorContext,
        command: RestoreInPlace,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError> {
        let organization = self.organization(command.organization).await?;
        refuse_unless_in_use(&organization)?;
        watch.step("checking the archive", 0, None);
        let archive = self.ports.archives.verify(&command.archive, command.foreign_key.as_deref()).await?;
        let manifest = archive.manifest();
        if manifest.organization.id != organization.id() {
            return Err(ArchiveRefusal::NotAnArchive("it is another organization's").into());
        }
        self.check_fit(archive.as_ref()).await?;
        let new = self.free_name(&organization).await?;
        let moving =
            self.begin_move(&organization, MoveKind::Restore, MoveState::Loading, new.as_str(), None).await?;
        let mut pulse = MovePulse::new(self, moving);
        match self.load_and_switch(operator, &organization, &mut pulse, &new, archive.as_ref(), watch).await {
            Ok(restored) => Ok(restored),
            Err(error) => {
                if let Err(left) = self.give_up(&pulse.moving).await {
                    tracing::error!(organization.id = %organization.id(), error = %left, "a failed restore could not be undone; it is tried again");
                }
                Err(error)
            }
        }
    }

    async fn load_and_switch(
        &self,
        operator: &OperatorContext,
        organization: &Organization,
        pulse: &mut MovePulse<'_>,
        new: &DatabaseName,
        archive: &dyn VerifiedArchive,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError> {
        let target = Target {
            organization: &on_database(organization, new),
            databases: self.ports.databases.as_ref(),
            data: self.ports.data.as_ref(),
            settling: Settling::Returned,
        };
        // What an attempt that was killed has left under this name.
        self.ports.databases.drop_database(target.organization).await?;
        let version = target.build(archive, watch, pulse).await?;
        let files = self.load_files(organization, archive, watch, pulse).await?;
        self.fence(&mut pulse.moving, organization).await?;
        let manifest = archive.manifest();
        let details =
            json!({ "backup": manifest.backup, "from": pulse.moving.old_database, "to": new.as_str() });
        let entry = self.audit(operator, "organization.restored-in-place", organization.id(), details);
        let organization =
            self.switch(organization.id(), &mut pulse.moving, new, version, None, &entry).await?;
        Ok(Restored {
            organization,
            rows: manifest.rows(),
            tables: manifest.tables.len(),
            files,
            schema_version: manifest.schema.version,
        })
    }

    pub(crate) async fn run_undo(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
    ) -> Result<Organization, BackupError> {
        let organization = self.organization(id).await?;
        refuse_unless_in_use(&organization)?;
        let last = self.ports.ledger.undoable(id).await?.ok_or(BackupError::NothingToUndo)?;
        let back =
            DatabaseName::parse(&last.old_database).map_err(|error| StoreError::Broken(error.into()))?;
        let servers = last.servers.map(|(before, after)| (after, before));
        let mut moving = self
            .begin_move(&organization, MoveKind::Undo, MoveState::Loading, back.as_str(), servers)
            .await?;
        let went = self.go_back_to(operator, &organization, &mut moving, &back, &last).await;
        if went.is_err()
            && let Err(left) = self.release(&moving).await
        {
            tracing::error!(organization.id = %id, error = %left, "a failed undo could not be taken back; it is tried again");
        }
        went
    }

    async fn go_back_to(
        &self,
        operator: &OperatorContext,
        organization: &Organization,
        moving: &mut DatabaseMove,
        back: &DatabaseName,
        last: &DatabaseMove,
    ) -> Result<Organization, BackupError> {
        let target = on_database(organization, back);
        self.fence(moving, organization).await?;
        self.ports.data.lift(&target).await?;
        let version = self.ports.databases.migrate(&target).await?;
        // Members may have come and gone since.
        self.ports.data.settle(&target, Settling::Moved).await?;
        self.ports.databases.seed(&target).await?;
        self.ports.databases.probe(&target).await?;
        let details = json!({ "from": moving.old_database, "to": back.as_str() });
        let entry = self.audit(operator, "organization.restore-undone", organization.id(), details);
        self.switch(organization.id(), moving, back, version, Some(last), &entry).await
    }

    pub(super) async fn begin_move(
        &self,
        organization: &Organization,
        kind: MoveKind,
        state: MoveState,
        new: &str,
        servers: Option<(ServerId, ServerId)>,
    ) -> Result<DatabaseMove, BackupError> {
        self.run_recover_moves().await?;
        let now = self.now();
        let moving = DatabaseMove {
            id: self.ports.ids.next(),
            organization: organization.id(),
            kind,
            state,
            old_database: organization.database_name().as_str().to_owned(),
            new_database: new.to_owned(),
            servers,
            lease_until: now + LEASE,
            created_at: now,
            changed_at: now,
        };
        match self.ports.ledger.begin_move(&moving).await {
            Ok(()) => Ok(moving),
            Err(StoreError::Conflict(RULE_ONE_MOVE)) => Err(BackupError::Busy),
            Err(error) => Err(error.into()),
        }
    }

    /// From here on the old database takes no writes. The mark comes first, so that a kill in between is undone.
    pub(super) async fn fence(
        &self,
        moving: &mut DatabaseMove,
        organization: &Organization,
    ) -> Result<(), BackupError> {
        let (now, mut fenced) = (self.now(), moving.clone());
        fenced.state = MoveState::Fenced;
        let lease = match moving.kind {
            MoveKind::Restore => SWITCH_LEASE,
            // What follows may take its time.
            MoveKind::Undo | MoveKind::Promote | MoveKind::Drill => LEASE,
        };
        (fenced.lease_until, fenced.changed_at) = (now + lease, now);
        self.ports.ledger.update_move(&fenced, moving.state).await?;
        *moving = fenced;
        Ok(self.ports.data.fence(organization).await?)
    }

    pub(super) async fn switch(
        &self,
        id: OrganizationId,
        moving: &mut DatabaseMove,
        new: &DatabaseName,
        schema_version: i32,
        closes: Option<&DatabaseMove>,
        entry: &vigie_kernel::AuditEntry,
    ) -> Result<Organization, BackupError> {
        let organization = self.organization(id).await?;
        if organization.database_name().as_str() != moving.old_database {
            return Err(BackupError::Busy);
        }
        let now = self.now();
        let switched = changed(&organization, now, |snapshot| {
            snapshot.database_name = new.clone();
            snapshot.schema_version = Some(schema_version);
        });
        moving.changed_at = now;
        match self.ports.ledger.switch(&switched, moving, closes, entry).await {
            Ok(()) => {}
            Err(StoreError::Conflict(RULE_SERVER_ROOM)) => {
                return Err(BackupError::ServerFull("its server".to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
        moving.state = MoveState::Switched;
        self.ports.open.forget(id).await;
        self.ports.tenancy.invalidate(id);
        Ok(switched)
    }

    /// A name that no database of the organization has: neither the present one nor one that is kept.
    pub(super) async fn free_name(&self, organization: &Organization) -> Result<DatabaseName, BackupError> {
        let moves = self.ports.ledger.moves_of(organization.id()).await?;
        let base = DatabaseName::for_slug(&self.database_prefix, &organization.snapshot().slug)
            .map_err(|error| StoreError::Broken(error.into()))?;
        let used = |name: &DatabaseName| {
            name == organization.database_name()
                || moves
                    .iter()
                    .any(|moved| moved.old_database == name.as_str() || moved.new_database == name.as_str())
        };
        // Far beyond the suffixes that sign-ups take.
        let first = 1000 + u32::try_from(moves.len()).unwrap_or(u32::MAX - 2000);
        (first..=first.saturating_add(1000))
            .map(|taken| base.after(taken))
            .find(|name| !used(name))
            .ok_or_else(|| StoreError::broken("no database name is free").into())
    }

    /// Undoes an exchange that did not come to its switch.
    pub(crate) async fn give_up(&self, moving: &DatabaseMove) -> Result<(), BackupError> {
        if moving.kind == MoveKind::Undo {
            return self.release(moving).await;
        }
        let Some(moving) = self.take_over(moving).await? else { return Ok(()) };
        let organization = self.organization(moving.organization).await?;
        let new =
            DatabaseName::parse(&moving.new_database).map_err(|error| StoreError::Broken(error.into()))?;
        if organization.database_name() == &new {
            return Ok(());
        }
        self.ports.data.lift(&organization).await?;
        self.ports.databases.drop_database(&on_database(&organization, &new)).await?;
        self.abandon(&moving).await
    }

    /// Takes an exchange that is under way from whoever holds it; `None` when it is not as it was. The other of its two states makes all
    /// that the former holder still writes stale, a switch above all: what is dropped afterwards is never switched to.
    async fn take_over(&self, moving: &DatabaseMove) -> Result<Option<DatabaseMove>, BackupError> {
        let (now, mut taken) = (self.now(), moving.clone());
        taken.state = match moving.state {
            MoveState::Loading => MoveState::Fenced,
            MoveState::Fenced => MoveState::Loading,
            MoveState::Switched | MoveState::Closed | MoveState::Abandoned => return Ok(None),
        };
        (taken.lease_until, taken.changed_at) = (now + LEASE, now);
        match self.ports.ledger.update_move(&taken, moving.state).await {
            Ok(()) => Ok(Some(taken)),
            Err(StoreError::Stale) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Leaves both databases of an undo as they were before it.
    async fn release(&self, moving: &DatabaseMove) -> Result<(), BackupError> {
        let Some(moving) = self.take_over(moving).await? else { return Ok(()) };
        let organization = self.organization(moving.organization).await?;
        let back =
            DatabaseName::parse(&moving.new_database).map_err(|error| StoreError::Broken(error.into()))?;
        if organization.database_name() == &back {
            return Ok(());
        }
        self.ports.data.fence(&on_database(&organization, &back)).await?;
        self.ports.data.lift(&organization).await?;
        self.abandon(&moving).await
    }

    pub(super) async fn abandon(&self, moving: &DatabaseMove) -> Result<(), BackupError> {
        let mut abandoned = moving.clone();
        abandoned.state = MoveState::Abandoned;
        abandoned.changed_at = self.now();
        match self.ports.ledger.update_move(&abandoned, moving.state).await {
            // Somebody else did the same.
            Ok(()) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Undoes the exchanges whose commands were killed; answers how many.
    pub(crate) async fn run_recover_moves(&self) -> Result<u64, BackupError> {
        let mut done = 0;
        for moving in self.ports.ledger.stale_moves(self.now()).await? {
            match self.give_up(&moving).await {
                Ok(()) => {
                    tracing::warn!(organization.id = %moving.organization, "undid an exchange of databases that was interrupted");
                    done += 1;
                }
                Err(error) => {
                    tracing::error!(organization.id = %moving.organization, %error, "an interrupted exchange of databases cannot be undone now");
                }
            }
        }
        Ok(done)
    }
}

pub(super) fn refuse_unless_in_use(organization: &Organization) -> Result<(), BackupError> {
    match organization.status() {
        OrganizationStatus::Active | OrganizationStatus::ReadOnly | OrganizationStatus::Suspended => Ok(()),
        status @ (OrganizationStatus::Migrating
        | OrganizationStatus::Archived
        | OrganizationStatus::Provisioning
        | OrganizationStatus::Failed
        | OrganizationStatus::Deleted) => Err(BackupError::State(status)),
    }
}
