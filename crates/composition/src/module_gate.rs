//! Jobs of a module do not run for an organization that has the module switched off: they wait.

use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use vigie_jobs::{Abandoned, Handle, Job, JobError, JobRun};
use vigie_kernel::{EntitlementSource, Module, OrganizationId, StoreError};

/// How long a job of a disabled module waits before it is looked at again.
const WAIT: Duration = Duration::from_secs(30);
/// How often it is looked whether the module of a running job is still on.
const LOOK: Duration = Duration::from_millis(500);

/// What a job needs of its module.
#[derive(Clone, Copy)]
pub(crate) enum Needs {
    /// The module.
    Whole,
    /// What every plan has of it, unless it is switched off for the organization.
    Basic,
}

/// Runs the jobs of a module for the organizations that have it. One that runs when its module is switched off stops where it is, as
/// when its worker dies, and goes on when the module is on again.
pub(crate) struct OfModule<J> {
    module: Module,
    needs: Needs,
    handler: Arc<dyn Handle<J>>,
    entitlements: Arc<dyn EntitlementSource>,
}

impl<J: Job + Sync> OfModule<J> {
    /// The handler, for organizations that have the module.
    pub(crate) fn new(
        (module, needs): (Module, Needs),
        handler: Arc<dyn Handle<J>>,
        entitlements: Arc<dyn EntitlementSource>,
    ) -> Self {
        Self { module, needs, handler, entitlements }
    }

    async fn is_on(&self, organization: OrganizationId) -> Result<bool, StoreError> {
        let entitlements = self.entitlements.of(organization).await?;
        Ok(match self.needs {
            Needs::Whole => entitlements.require(self.module),
            Needs::Basic => entitlements.require_basic(self.module),
        }
        .is_ok())
    }

    /// Ends when the module is switched off. While nobody can tell, it counts as on.
    async fn switched_off(&self, organization: OrganizationId) {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Ok(false) = self.is_on(organization).await {
                return;
            }
        }
    }
}

#[async_trait]
impl<J: Job + Sync> Handle<J> for OfModule<J> {
    async fn handle(&self, run: &JobRun, job: J) -> Result<(), JobError> {
        let Some(organization) = run.organization else { return self.handler.handle(run, job).await };
        if !self.is_on(organization).await.map_err(JobError::retry)? {
            return Err(JobError::Later(WAIT));
        }
        tokio::select! {
            outcome = self.handler.handle(run, job) => outcome,
            () = self.switched_off(organization) => {
                tracing::info!(job.id = %run.job, module = %self.module, "the module is off: the job waits");
                Err(JobError::Later(WAIT))
            }
        }
    }

    /// Also while the module is off: it starts nothing, and what waits for the job is told.
    async fn abandoned(&self, run: &JobRun, job: J, how: Abandoned) -> Result<(), JobError> {
        self.handler.abandoned(run, job, how).await
    }
}
