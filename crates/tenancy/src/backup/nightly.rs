//! The nightly round, and what every start looks after.

use super::commands::NightlyReport;
use super::error::BackupError;
use super::record::{BackupKind, MoveState};
use super::retention::{Retention, expired};
use super::service::Backups;
use crate::{DatabaseName, ListOrganizations, Organization, OrganizationStatus};
use chrono::TimeDelta;
use std::collections::BTreeSet;
use vigie_kernel::{MAX_LIMIT, OperatorContext, PageRequest};

/// How long the database before an exchange is kept.
const UNDO_KEPT: TimeDelta = TimeDelta::days(14);
/// A final backup goes when the slug of its organization is free again.
const FINAL_KEPT: TimeDelta = TimeDelta::days(120);
/// A backup that has neither ended nor failed by then never will.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::days(1);
/// A restore that has said nothing for so long is dead.
const RESTORE_DEAD_AFTER: TimeDelta = TimeDelta::minutes(30);

impl Backups {
    pub(crate) async fn run_nightly(&self, operator: &OperatorContext) -> Result<NightlyReport, BackupError> {
        let mut report = NightlyReport::default();
        let now = self.now();
        self.ports.ledger.give_up(now - GIVEN_UP_AFTER, now).await?;
        for status in
            [OrganizationStatus::Active, OrganizationStatus::ReadOnly, OrganizationStatus::Suspended]
        {
            let filter = ListOrganizations { status: Some(status), ..ListOrganizations::default() };
            let mut page = PageRequest { limit: MAX_LIMIT, after: None };
            loop {
                let found = self.ports.store.read().await?.list(&filter, &page).await?;
                for organization in &found.items {
                    self.ask(operator, organization, self.ports.ids.next(), BackupKind::Nightly).await?;
                    report.asked += 1;
                    self.noted(
                        "backups past their time",
                        self.remove_expired(organization).await,
                        &mut report,
                    );
                }
                page.after = found.next;
                if page.after.is_none() {
                    break;
                }
            }
        }
        for deletion in self.ports.ledger.due_deletions(now).await? {
            match self.run_purge(operator, deletion.organization, false).await {
                Ok(_) => report.purged += 1,
                Err(error) => self.noted("a deletion", Err(error), &mut report),
            }
        }
        for backup in self.ports.ledger.final_before(now - FINAL_KEPT).await? {
            let removed = self.remove_backup(backup).await.map(u64::from);
            self.noted("a final backup", removed, &mut report);
        }
        for moved in self.ports.ledger.moves_in(MoveState::Switched, now - UNDO_KEPT).await? {
            let (Ok(organization), Ok(name)) =
                (self.organization(moved.organization).await, DatabaseName::parse(&moved.old_database))
            else {
                continue;
            };
            match self.drop_kept(&organization, &moved, &name).await {
                Ok(()) => report.dropped += 1,
                Err(error) => self.noted("a kept database", Err(error), &mut report),
            }
        }
        self.ports.ledger.free_slugs(now).await?;
        Ok(report)
    }

    /// One thing that does not go well must not keep the others from being done.
    #[allow(clippy::unused_self, reason = "reads like the other steps")]
    fn noted(&self, what: &str, removed: Result<u64, BackupError>, report: &mut NightlyReport) {
        match removed {
            Ok(count) => report.removed += count,
            Err(error) => {
                tracing::error!(%error, what, "was left by the nightly round");
                report.failed += 1;
            }
        }
    }

    async fn remove_expired(&self, organization: &Organization) -> Result<u64, BackupError> {
        let backups = self.backups_of(organization.id()).await?;
        let retention = Retention::of(organization.snapshot().plan);
        let gone: BTreeSet<_> = expired(retention, &backups, self.now()).into_iter().collect();
        let mut removed = 0;
        for backup in backups {
            if gone.contains(&backup.id) && self.remove_backup(backup).await? {
                removed += 1;
            }
        }
        Ok(removed)
    }

    pub(crate) async fn run_recover(&self) -> Result<u64, BackupError> {
        let mut done = self.run_recover_moves().await?;
        for organization in self.ports.ledger.abandoned_restores(self.now() - RESTORE_DEAD_AFTER).await? {
            let id = organization.id();
            match self.undo_restore(id).await {
                Ok(()) => {
                    tracing::warn!(organization.id = %id, "removed what an interrupted restore had made");
                    done += 1;
                }
                Err(error) => {
                    tracing::error!(organization.id = %id, %error, "what an interrupted restore has made cannot be removed now");
                }
            }
        }
        Ok(done)
    }
}
