//! An organization moves to another database server, of the same engine or of another one.
//!
//! Its database takes no writes from the beginning to the switch, so what the archive in between holds is all there is. Reads go on.

use super::commands::{BackupWatch, Promote, Promoted};
use super::error::BackupError;
use super::exchange::{MovePulse, refuse_unless_in_use};
use super::loading::{Pulse, Target};
use super::ports::{MoveServer, Settling};
use super::record::{MoveKind, MoveState};
use super::service::{Backups, on_database};
use crate::{DatabaseName, Organization};
use serde_json::json;
use vigie_kernel::{BackupId, OperatorContext};

impl Backups {
    /// From where to where it would go.
    async fn way(
        &self,
        organization: &Organization,
        to: &str,
    ) -> Result<(MoveServer, MoveServer), BackupError> {
        refuse_unless_in_use(organization)?;
        let from = self.ports.servers.present(organization.id()).await?;
        let target = self.ports.servers.find(to).await?;
        let target = target.ok_or_else(|| BackupError::NoServer(to.to_owned()))?;
        if target.id == from.id {
            return Err(BackupError::AlreadyThere(target.name));
        }
        if !target.accepts {
            return Err(BackupError::ServerFull(target.name));
        }
        Ok((from, target))
    }

    pub(crate) async fn run_promote(
        &self,
        operator: &OperatorContext,
        command: Promote,
        watch: &dyn BackupWatch,
    ) -> Result<Promoted, BackupError> {
        let organization = self.organization(command.organization).await?;
        let (from, to) = self.way(&organization, &command.to).await?;
        if command.dry_run {
            return Ok(Promoted { organization, from, to, rows: 0, tables: 0, paused: None });
        }
        let new = self.free_name(&organization).await?;
        let servers = Some((from.id, to.id));
        let moving = self
            .begin_move(&organization, MoveKind::Promote, MoveState::Loading, new.as_str(), servers)
            .await?;
        let mut pulse = MovePulse::new(self, moving);
        match self.copy_and_switch(operator, &organization, &mut pulse, &new, (&from, &to), watch).await {
            Ok(promoted) => Ok(promoted),
            Err(error) => {
                if let Err(left) = self.give_up(pulse.moving()).await {
                    tracing::error!(organization.id = %organization.id(), error = %left, "a failed move could not be undone; it is tried again");
                }
                Err(error)
            }
        }
    }

    async fn copy_and_switch(
        &self,
        operator: &OperatorContext,
        organization: &Organization,
        pulse: &mut MovePulse<'_>,
        new: &DatabaseName,
        (from, to): (&MoveServer, &MoveServer),
        watch: &dyn BackupWatch,
    ) -> Result<Promoted, BackupError> {
        let began = self.now();
        self.fence(pulse.moving_mut(), organization).await?;
        let copy = BackupId::from(pulse.moving().id.as_uuid());
        let (file, _manifest) =
            self.write_archive(organization, copy, &self.folder.join(".moves"), watch).await?;
        let outcome = async {
            pulse.beat().await?;
            let archive = self.ports.archives.verify(&file.path, None).await?;
            let target = Target {
                organization: &on_database(organization, new),
                databases: self.ports.databases.as_ref(),
                data: self.ports.data.as_ref(),
                settling: Settling::Moved,
            };
            // What an attempt that was killed has left under this name.
            self.ports.databases.drop_database(target.organization).await?;
            let version = target.build(archive.as_ref(), watch, pulse).await?;
            let manifest = archive.manifest();
            let details = json!({
                "from": from.name,
                "to": to.name,
                "old_database": pulse.moving().old_database,
                "new_database": new.as_str(),
                "rows": manifest.rows(),
            });
            let entry = self.audit(operator, "organization.moved", organization.id(), details);
            let organization =
                self.switch(organization.id(), pulse.moving_mut(), new, version, None, &entry).await?;
            Ok(Promoted {
                organization,
                from: from.clone(),
                to: to.clone(),
                rows: manifest.rows(),
                tables: manifest.tables.len(),
                paused: (self.now() - began).to_std().ok(),
            })
        }
        .await;
        // Rows of an organization, which nobody asked to keep.
        if let Err(error) = self.ports.archives.remove(&file.path).await {
            tracing::warn!(path = %file.path.display(), %error, "the copy of a move could not be removed");
        }
        outcome
    }
}
