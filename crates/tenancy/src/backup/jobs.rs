//! The jobs of backups.

use super::commands::{BackUp, Unwatched};
use super::error::BackupError;
use super::record::BackupKind;
use super::service::{BackupService, Backups};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use vigie_jobs::{Handle, Job, JobError, JobRun, Lane, Retry};
use vigie_kernel::{BackupId, OperatorContext, OrganizationId, StoreError};

/// Makes one backup of one organization.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BackUpOrganization {
    /// The backup's id.
    pub backup: BackupId,
    /// The organization.
    pub organization: OrganizationId,
    /// `manual` or `nightly`.
    pub kind: String,
}

impl Job for BackUpOrganization {
    const NAME: &'static str = "tenancy.back-up-organization";
    const LANE: Lane = Lane::Bulk;
    const RETRY: Retry = Retry::doubling(Duration::from_mins(1)).up_to(3);

    /// One nightly backup of an organization waits or runs; of those that somebody asked for, each.
    fn once(&self) -> Option<String> {
        if self.kind == BackupKind::Nightly.name() {
            Some(self.kind.clone())
        } else {
            Some(self.backup.to_string())
        }
    }
}

/// The nightly round: asks for a backup of every organization, and removes what has had its time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct NightlyBackups {}

impl Job for NightlyBackups {
    const NAME: &'static str = "tenancy.nightly-backups";
    const LANE: Lane = Lane::Bulk;
    const RETRY: Retry = Retry::doubling(Duration::from_mins(1)).up_to(5);

    fn once(&self) -> Option<String> {
        Some("nightly".to_owned())
    }
}

/// Tries out that a few backups can be restored.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RestoreDrill {}

impl Job for RestoreDrill {
    const NAME: &'static str = "tenancy.restore-drill";
    const LANE: Lane = Lane::Bulk;
    const RETRY: Retry = Retry::doubling(Duration::from_mins(1)).up_to(3);

    fn once(&self) -> Option<String> {
        Some("drill".to_owned())
    }
}

#[async_trait]
impl Handle<RestoreDrill> for Backups {
    async fn handle(&self, run: &JobRun, _job: RestoreDrill) -> Result<(), JobError> {
        let operator = OperatorContext::new(None, run.request_id.clone());
        let drilled = self.run_drills(&operator, &Unwatched).await.map_err(JobError::retry)?;
        let failed = drilled.iter().filter(|one| one.backup.drill_error.is_some()).count();
        tracing::info!(backups.tried = drilled.len(), failed, "backups were tried out");
        Ok(())
    }
}

#[async_trait]
impl Handle<BackUpOrganization> for Backups {
    async fn handle(&self, run: &JobRun, job: BackUpOrganization) -> Result<(), JobError> {
        let kind =
            BackupKind::from_name(&job.kind).ok_or_else(|| JobError::fail("no such kind of backup"))?;
        let operator = OperatorContext::new(None, run.request_id.clone());
        let command = BackUp { organization: job.organization, kind, folder: None };
        match self.run_backup(&operator, job.backup, command, &Unwatched).await {
            Ok(_) => Ok(()),
            Err(BackupError::Store(StoreError::Broken(error))) => Err(JobError::fail(error)),
            // Deleted or put away since it was asked for.
            Err(error @ (BackupError::NotFound | BackupError::State(_))) => Err(JobError::fail(error)),
            Err(error) => Err(JobError::retry(error)),
        }
    }
}

#[async_trait]
impl Handle<NightlyBackups> for Backups {
    async fn handle(&self, run: &JobRun, _job: NightlyBackups) -> Result<(), JobError> {
        let operator = OperatorContext::new(None, run.request_id.clone());
        let report = self.nightly(&operator).await.map_err(JobError::retry)?;
        tracing::info!(
            backups.asked = report.asked,
            backups.removed = report.removed,
            databases.dropped = report.dropped,
            organizations.purged = report.purged,
            failed = report.failed,
            "the nightly round is done"
        );
        Ok(())
    }
}
