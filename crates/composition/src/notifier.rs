//! What happens in one domain is told to those whom it concerns: events on their way to notifications.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use vigie_action_plans::{ActionGiven, CommentWritten};
use vigie_auth::{AuthError, AuthService};
use vigie_imports::ImportRunEnded;
use vigie_jobs::{Handle, JobError, JobRun};
use vigie_kernel::{StoreError, UserId};
use vigie_kpis::KpiTurnedRed;
use vigie_notifications::{Happening, NotificationError, NotificationService, RedKpi, Tell};

/// Handles the events of all domains. An event is told under its own id, so that another attempt tells nobody twice.
pub(crate) struct Notifier {
    pub(crate) auth: Arc<dyn AuthService>,
    pub(crate) notifications: Arc<dyn NotificationService>,
}

impl Notifier {
    /// Tells it in the organization of the event, in the name of who did it.
    async fn tell(
        &self,
        run: &JobRun,
        at: DateTime<Utc>,
        by: UserId,
        happening: Happening,
    ) -> Result<(), JobError> {
        let organization =
            run.organization.ok_or_else(|| JobError::fail("the event names no organization"))?;
        let tenant = self.auth.context_for(organization, by, &run.request_id).await.map_err(no_context)?;
        let command = Tell { event: run.job.as_uuid(), at, happening };
        let told = self.notifications.tell(&tenant, command).await.map_err(not_told)?;
        tracing::debug!(job.id = %run.job, notifications.told = told, "told of what happened");
        Ok(())
    }
}

/// Without a member in whose name it is read, an organization's data stay closed.
fn no_context(error: AuthError) -> JobError {
    if matches!(error, AuthError::NotAMember) { JobError::fail(error) } else { JobError::retry(error) }
}

fn not_told(error: NotificationError) -> JobError {
    match error {
        NotificationError::Denied(_)
        | NotificationError::NotFound
        | NotificationError::Store(StoreError::Conflict(_) | StoreError::Broken(_)) => JobError::fail(error),
        NotificationError::Store(
            StoreError::Stale | StoreError::TenantUnavailable(_) | StoreError::Unavailable(_),
        ) => JobError::retry(error),
    }
}

#[async_trait]
impl Handle<ActionGiven> for Notifier {
    async fn handle(&self, run: &JobRun, event: ActionGiven) -> Result<(), JobError> {
        let ActionGiven { action, to, by, at } = event;
        self.tell(run, at, by, Happening::ActionGiven { action, to, by }).await
    }
}

#[async_trait]
impl Handle<CommentWritten> for Notifier {
    async fn handle(&self, run: &JobRun, event: CommentWritten) -> Result<(), JobError> {
        let CommentWritten { comment, by, at } = event;
        self.tell(run, at, by, Happening::CommentWritten { comment, by }).await
    }
}

#[async_trait]
impl Handle<KpiTurnedRed> for Notifier {
    async fn handle(&self, run: &JobRun, event: KpiTurnedRed) -> Result<(), JobError> {
        let KpiTurnedRed { kpi, period_start, by, at } = event;
        self.tell(run, at, by, Happening::KpiTurnedRed { kpi, period_start, by }).await
    }
}

#[async_trait]
impl Handle<ImportRunEnded> for Notifier {
    async fn handle(&self, run: &JobRun, event: ImportRunEnded) -> Result<(), JobError> {
        let ImportRunEnded { run: import, by, at, in_background, turned_red } = event;
        let red = |red: vigie_imports::RedKpi| RedKpi { kpi: red.kpi, period_start: red.period_start };
        let turned_red = turned_red.into_iter().map(red).collect();
        self.tell(run, at, by, Happening::ImportEnded { run: import, by, in_background, turned_red }).await
    }
}
