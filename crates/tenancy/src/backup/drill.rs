//! Trying out that a backup can be restored: it is, into a database that nobody is served from and that goes again.

use super::commands::{BackupWatch, Drilled};
use super::error::BackupError;
use super::exchange::MovePulse;
use super::loading::Target;
use super::ports::Settling;
use super::record::{BackupRecord, MoveKind, MoveState};
use super::service::{Backups, on_database};
use serde_json::json;
use std::path::Path;
use vigie_kernel::{OperatorContext, OrganizationId};

/// Organizations whose newest backup one round tries out: those whose last try is the longest ago.
const SAMPLE: u16 = 3;

impl Backups {
    /// Tries the newest good backup of an organization out, and remembers what came of it.
    pub(crate) async fn run_drill(
        &self,
        operator: &OperatorContext,
        organization: OrganizationId,
        watch: &dyn BackupWatch,
    ) -> Result<Drilled, BackupError> {
        self.organization(organization).await?;
        let mut backup = self.ports.ledger.last_good(organization).await?.ok_or(BackupError::NoBackup)?;
        let error = match self.try_out(&backup, watch).await {
            Ok(()) => None,
            // Says nothing about the backup.
            Err(error @ (BackupError::Busy | BackupError::Store(_))) => return Err(error),
            Err(error) => Some(error.to_string()),
        };
        backup.drilled_at = Some(self.now());
        backup.drill_error = error;
        self.ports.ledger.update(&backup).await?;
        let details = json!({ "backup": backup.id, "restorable": backup.drill_error.is_none() });
        self.record(&self.audit(operator, "organization.backup-tried", organization, details)).await?;
        if let Some(error) = &backup.drill_error {
            tracing::error!(organization.id = %organization, backup.id = %backup.id, error, "a backup cannot be restored");
        }
        Ok(Drilled { backup })
    }

    /// The nightly sample. One that cannot be tried now does not keep the others from being tried.
    pub(crate) async fn run_drills(
        &self,
        operator: &OperatorContext,
        watch: &dyn BackupWatch,
    ) -> Result<Vec<Drilled>, BackupError> {
        let mut drilled = Vec::new();
        for organization in self.ports.ledger.drill_next(SAMPLE).await? {
            match self.run_drill(operator, organization, watch).await {
                Ok(one) => drilled.push(one),
                Err(error) => {
                    tracing::warn!(organization.id = %organization, %error, "its backup could not be tried out");
                }
            }
        }
        Ok(drilled)
    }

    async fn try_out(&self, backup: &BackupRecord, watch: &dyn BackupWatch) -> Result<(), BackupError> {
        let organization = self.organization(backup.organization).await?;
        let path = backup.path.as_deref().ok_or(BackupError::NoBackup)?;
        watch.step("checking the archive", 0, None);
        let archive = self.ports.archives.verify(Path::new(path), None).await?;
        self.check_fit(archive.as_ref()).await?;
        let name = self.free_name(&organization).await?;
        // As an exchange that never comes to its switch: no other runs beside it, and what a kill leaves is found.
        let moving =
            self.begin_move(&organization, MoveKind::Drill, MoveState::Loading, name.as_str(), None).await?;
        let mut pulse = MovePulse::new(self, moving);
        let target = Target {
            organization: &on_database(&organization, &name),
            databases: self.ports.databases.as_ref(),
            data: self.ports.data.as_ref(),
            settling: Settling::Returned,
        };
        let built = target.build(archive.as_ref(), watch, &mut pulse).await;
        self.ports.databases.drop_database(target.organization).await?;
        self.abandon(pulse.moving()).await?;
        built.map(|_version| ())
    }
}
