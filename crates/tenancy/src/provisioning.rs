//! Making, undoing and taking up again the databases of organizations.
//!
//! Nothing here is remembered in the process: the row's status and what the database itself shows are the whole state,
//! so any step can be the last one of a process and the first one of the next.

use crate::service::NAMES_TRIED;
use crate::{
    Change, Organization, OrganizationStatus, ProvisioningStep, RULE_ORGANIZATION_DATABASE, ResumeReport,
    Tenancy, TenancyError, TenancyService,
};
use chrono::TimeDelta;
use vigie_kernel::{OrganizationId, StoreError};

/// Written as the request of what the product does by itself.
const REQUEST_ID: &str = "provisioning";
/// An organization that has not moved for so long has nobody who works on it.
const STUCK_AFTER: TimeDelta = TimeDelta::minutes(1);

fn at(step: ProvisioningStep) -> impl FnOnce(StoreError) -> TenancyError {
    move |source| TenancyError::Step { step, source }
}

/// Whether another attempt may go better: nothing is wrong with the organization itself.
const fn is_passing(error: &TenancyError) -> bool {
    match error {
        TenancyError::Step { source, .. } | TenancyError::Store(source) => match source {
            StoreError::Unavailable(_) | StoreError::TenantUnavailable(_) | StoreError::Stale => true,
            StoreError::Conflict(_) | StoreError::Broken(_) => false,
        },
        TenancyError::ChangedMeanwhile | TenancyError::NotFound => true,
        TenancyError::Invalid(_)
        | TenancyError::TenantUnknown
        | TenancyError::TenantConflict
        | TenancyError::SlugTaken
        | TenancyError::Transition { .. }
        | TenancyError::Prefix(_) => false,
    }
}

impl Tenancy {
    pub(crate) async fn run_provisioning(&self, id: OrganizationId) -> Result<Organization, TenancyError> {
        let mut organization = self.load(id).await?;
        match organization.status() {
            OrganizationStatus::Provisioning => {}
            OrganizationStatus::Failed => {
                organization.retry(self.clock.now())?;
                self.save_own("organization.retried", &organization, OrganizationStatus::Failed).await?;
            }
            OrganizationStatus::Active
            | OrganizationStatus::Migrating
            | OrganizationStatus::ReadOnly
            | OrganizationStatus::Suspended => return Ok(organization),
            from @ (OrganizationStatus::Archived | OrganizationStatus::Deleted) => {
                return Err(TenancyError::Transition { from, to: OrganizationStatus::Provisioning });
            }
        }
        self.create_database(&mut organization).await?;
        let version = self.databases.migrate(&organization).await.map_err(at(ProvisioningStep::Migrate))?;
        self.databases.seed(&organization).await.map_err(at(ProvisioningStep::Seed))?;
        self.databases.probe(&organization).await.map_err(at(ProvisioningStep::Probe))?;
        organization.activate(version, self.clock.now())?;
        match self.save_own("organization.activated", &organization, OrganizationStatus::Provisioning).await {
            Ok(()) => Ok(organization),
            Err(TenancyError::ChangedMeanwhile) => self.finished_by_another(id).await,
            Err(error) => Err(error),
        }
    }

    /// Another attempt at the same organization came first: its result is as good as ours.
    async fn finished_by_another(&self, id: OrganizationId) -> Result<Organization, TenancyError> {
        let organization = self.load(id).await?;
        if organization.status() == OrganizationStatus::Active {
            Ok(organization)
        } else {
            Err(TenancyError::ChangedMeanwhile)
        }
    }

    /// Makes the database, under the next name when the one in the row is somebody else's.
    async fn create_database(&self, organization: &mut Organization) -> Result<(), TenancyError> {
        let first = organization.database_name().clone();
        for taken in 1..=NAMES_TRIED {
            match self.databases.create(organization).await {
                Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE)) => {}
                other => return other.map_err(at(ProvisioningStep::Create)),
            }
            let mut renamed = organization.clone();
            renamed.rename_database(first.after(taken), self.clock.now())?;
            match self.save_own("organization.database-renamed", &renamed, organization.status()).await {
                Ok(()) => *organization = renamed,
                // The next name is reserved by another organization: ask for the one after it.
                Err(TenancyError::Store(StoreError::Conflict(RULE_ORGANIZATION_DATABASE))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(at(ProvisioningStep::Create)(StoreError::Conflict(RULE_ORGANIZATION_DATABASE)))
    }

    pub(crate) async fn run_discard(&self, id: OrganizationId) -> Result<(), TenancyError> {
        let mut organization = self.load(id).await?;
        let from = organization.status();
        // The mark comes first: from here on no attempt at provisioning can open what is about to be dropped.
        if organization.discard(self.clock.now())? == Change::Applied {
            self.save_own("organization.discarding", &organization, from).await?;
        }
        self.databases.drop_database(&organization).await.map_err(at(ProvisioningStep::Drop))?;
        let entry = self.audit("organization.discarded", &organization, from, None, REQUEST_ID);
        let mut work = self.store.begin().await?;
        work.organizations().remove(&organization).await?;
        work.audit().record(&entry).await?;
        Ok(work.commit().await?)
    }

    pub(crate) async fn run_unfinished(&self) -> Result<ResumeReport, TenancyError> {
        let before = self.clock.now() - STUCK_AFTER;
        let unfinished = self.store.read().await?.unfinished(before).await?;
        let mut report = ResumeReport::default();
        for organization in unfinished {
            if organization.status() == OrganizationStatus::Failed && !organization.is_being_discarded() {
                continue;
            }
            self.take_up(&organization, &mut report).await;
        }
        Ok(report)
    }

    async fn take_up(&self, organization: &Organization, report: &mut ResumeReport) {
        let id = organization.id();
        if !organization.is_being_discarded() {
            match self.provision(id).await {
                Ok(_) => {
                    tracing::info!(organization.id = %id, "finished an interrupted provisioning");
                    report.finished += 1;
                    return;
                }
                Err(error) if is_passing(&error) => {
                    tracing::warn!(organization.id = %id, error = %error, "an interrupted provisioning has to wait");
                    report.left += 1;
                    return;
                }
                Err(error) => {
                    tracing::error!(organization.id = %id, error = %error, "an interrupted provisioning cannot be finished");
                }
            }
        }
        match self.discard(id).await {
            Ok(()) => {
                tracing::info!(organization.id = %id, "discarded an organization that was never active");
                report.discarded += 1;
            }
            Err(error) => {
                tracing::error!(organization.id = %id, error = %error, "an organization that was never active cannot be discarded now");
                report.left += 1;
            }
        }
    }

    async fn save_own(
        &self,
        action: &'static str,
        organization: &Organization,
        from: OrganizationStatus,
    ) -> Result<(), TenancyError> {
        let entry = self.audit(action, organization, from, None, REQUEST_ID);
        self.save(organization, &entry).await
    }
}
