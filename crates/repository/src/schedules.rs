//! Schedules: rows that add a job again and again, by the clocks of a time zone.
//!
//! Any number of processes look at the rows. The one whose `UPDATE .. WHERE next_run_at = <what it saw>` touches the row adds the job,
//! in the same transaction: a tick gives one job. After a standstill a schedule fires once, however many ticks it missed.

use crate::control::AUDIT;
use crate::error::store_error;
use crate::queue::{JobQueue, OPEN, insert_in, owner};
use crate::sql::Sql;
use crate::tenant::SeaAudit;
use crate::transaction;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;
use vigie_jobs::{CronExpression, JobTemplate, Lane};
use vigie_kernel::{AuditEntry, AuditLog as _, Clock, IdSource, OperatorContext, OrganizationId, StoreError};

/// Schedules that fire in one look; the next look takes the others.
const BATCH: i64 = 200;
/// The row (called `t`) is the platform's own, or things may leave its organization. PostgreSQL reads the setting as `true`, SQLite as 1;
/// a setting that was not stored yet counts as no.
const MAY_LEAVE: &str = "(t.organization_id IS NULL OR EXISTS (SELECT 1 FROM organizations p WHERE p.id = t.organization_id \
    AND COALESCE(CAST(p.settings ->> 'outgoing_paused' AS TEXT), 'false') NOT IN ('true', '1')))";
/// Schedules that are listed.
const LISTED: i64 = 1_000;

/// What is to happen, and when.
#[derive(Clone, Debug)]
pub struct NewSchedule {
    /// Whose schedule it is; `None` for the platform's own.
    pub organization: Option<OrganizationId>,
    /// Its name, unique for its owner.
    pub name: String,
    /// The job that it adds. With a `once` key a tick is left out while the job of an earlier one still waits or runs.
    pub job: JobTemplate,
    /// When.
    pub cron: CronExpression,
    /// By the clocks of this time zone.
    pub zone: Tz,
}

/// A schedule as an operator sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ScheduleSummary {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub organization_id: Option<Uuid>,
    /// The job that it adds.
    pub job_name: String,
    /// When, as a cron expression.
    pub cron: String,
    /// By the clocks of this time zone.
    pub zone: String,
    /// When it fires next.
    pub next_run_at: DateTime<Utc>,
    /// When it fired last.
    pub last_run_at: Option<DateTime<Utc>>,
    /// Whether it fires at all.
    pub enabled: bool,
}

#[derive(FromQueryResult)]
struct Due {
    id: Uuid,
    organization_id: Option<Uuid>,
    name: String,
    job_name: String,
    lane: String,
    once_key: Option<String>,
    exclusive_key: Option<String>,
    payload: serde_json::Value,
    max_attempts: i32,
    cron: String,
    zone: String,
    next_run_at: DateTime<Utc>,
}

/// The schedules of the platform and of organizations.
pub struct Schedules {
    control: DatabaseConnection,
    queue: Arc<JobQueue>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Schedules {
    /// The schedules of a control database, which add jobs to this queue.
    #[must_use]
    pub const fn new(
        control: DatabaseConnection,
        queue: Arc<JobQueue>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self { control, queue, clock, ids }
    }

    /// Makes a schedule, or brings the one of that name to this state. Whether it is enabled stays as it was, and so does the next time
    /// unless the expression or the zone is another. Any number of processes may say the same at their start.
    pub async fn register(&self, schedule: &NewSchedule) -> Result<(), StoreError> {
        let now = self.clock.now();
        let next = schedule
            .cron
            .next_after(now, schedule.zone)
            .ok_or_else(|| StoreError::broken("the schedule never fires again"))?;
        let job = &schedule.job;
        Sql::new(
            &self.control,
            "INSERT INTO schedules (id, owner_id, organization_id, name, job_name, lane, once_key, exclusive_key, payload, \
             max_attempts, cron, zone, next_run_at, enabled, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, TRUE, $14, $14) \
             ON CONFLICT (owner_id, name) DO UPDATE SET job_name = excluded.job_name, lane = excluded.lane, \
             once_key = excluded.once_key, exclusive_key = excluded.exclusive_key, payload = excluded.payload, \
             max_attempts = excluded.max_attempts, cron = excluded.cron, zone = excluded.zone, updated_at = excluded.updated_at, \
             next_run_at = CASE WHEN schedules.cron = excluded.cron AND schedules.zone = excluded.zone \
                THEN schedules.next_run_at ELSE excluded.next_run_at END",
        )
        .bind(self.ids.next_uuid())
        .bind(owner(schedule.organization))
        .bind(schedule.organization.map(OrganizationId::as_uuid))
        .bind(schedule.name.as_str())
        .bind(job.name.as_str())
        .bind(job.lane.name())
        .bind(job.once.as_deref())
        .bind(job.exclusive.as_deref())
        .bind(job.payload.clone())
        .bind(i32::from(job.max_attempts))
        .bind(schedule.cron.as_str())
        .bind(schedule.zone.name())
        .bind(next)
        .bind(now)
        .execute(&self.control)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    /// Switches a schedule on or off; false when there is none of that name. One that is switched on goes on with its next tick, not
    /// with those that it missed.
    pub async fn enable(
        &self,
        organization: Option<OrganizationId>,
        name: &str,
        enabled: bool,
    ) -> Result<bool, StoreError> {
        Ok(self.enable_in(&self.control, organization, name, enabled).await?.is_some())
    }

    /// The same for an operator, with a line of the platform's audit trail when that changes anything; the schedule as it is now, `None`
    /// when there is none of that name.
    pub async fn switch(
        &self,
        operator: &OperatorContext,
        organization: Option<OrganizationId>,
        name: &str,
        enabled: bool,
    ) -> Result<Option<ScheduleSummary>, StoreError> {
        let txn = transaction::begin(&self.control).await?;
        let Some(before) = self.enable_in(&txn, organization, name, enabled).await? else { return Ok(None) };
        if before.enabled != enabled {
            let action = if enabled { "schedule.switched-on" } else { "schedule.switched-off" };
            let entry = AuditEntry {
                id: self.ids.next(),
                at: self.clock.now(),
                actor: operator.actor(),
                action,
                subject_kind: "schedule",
                subject_id: before.id,
                request_id: operator.request_id().to_owned(),
                details: json!({ "name": name, "organization": organization }),
            };
            SeaAudit(&txn, AUDIT).record(&entry).await?;
        }
        let now = find(&txn, organization, name).await?;
        txn.commit().await.map_err(store_error)?;
        Ok(now)
    }

    /// Switches a schedule; what it was before.
    async fn enable_in<C: ConnectionTrait>(
        &self,
        connection: &C,
        organization: Option<OrganizationId>,
        name: &str,
        enabled: bool,
    ) -> Result<Option<ScheduleSummary>, StoreError> {
        let now = self.clock.now();
        let Some(found) = find(connection, organization, name).await? else { return Ok(None) };
        let next = if enabled && found.next_run_at <= now {
            next_of(&found.cron, &found.zone, now)?
        } else {
            found.next_run_at
        };
        Sql::new(
            connection,
            "UPDATE schedules SET enabled = $3, next_run_at = $4, updated_at = $5 WHERE owner_id = $1 AND name = $2",
        )
        .bind(owner(organization))
        .bind(name)
        .bind(enabled)
        .bind(next)
        .bind(now)
        .execute(connection)
        .await
        .map_err(store_error)?;
        Ok(Some(found))
    }

    /// Switches every schedule of an organization on or off; answers how many there are.
    pub async fn enable_all(&self, organization: OrganizationId, enabled: bool) -> Result<usize, StoreError> {
        let names: Vec<ScheduleSummary> = self.list(Some(organization)).await?;
        for schedule in &names {
            self.enable(Some(organization), &schedule.name, enabled).await?;
        }
        Ok(names.len())
    }

    /// Removes a schedule; false when there is none of that name. Jobs that it added stay.
    pub async fn remove(&self, organization: Option<OrganizationId>, name: &str) -> Result<bool, StoreError> {
        let touched = Sql::new(&self.control, "DELETE FROM schedules WHERE owner_id = $1 AND name = $2")
            .bind(owner(organization))
            .bind(name)
            .execute(&self.control)
            .await
            .map_err(store_error)?;
        Ok(touched == 1)
    }

    /// The schedules of an organization, or of the platform, by name.
    pub async fn list(
        &self,
        organization: Option<OrganizationId>,
    ) -> Result<Vec<ScheduleSummary>, StoreError> {
        Sql::new(
            &self.control,
            "SELECT id, name, organization_id, job_name, cron, zone, next_run_at, last_run_at, enabled FROM schedules \
             WHERE owner_id = $1 ORDER BY name LIMIT $2",
        )
        .bind(owner(organization))
        .bind(LISTED)
        .all(&self.control)
        .await
        .map_err(store_error)
    }

    /// Adds the jobs of the schedules that are due; answers how many this call fired. Those of organizations that are not open, or
    /// that nothing may leave, wait, and fire once when that is over. One that cannot fire does not hold up the others.
    pub async fn fire_due(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let due: Vec<Due> = Sql::new(
            &self.control,
            format!(
                "SELECT t.id, t.organization_id, t.name, t.job_name, t.lane, t.once_key, t.exclusive_key, t.payload, \
                 t.max_attempts, t.cron, t.zone, t.next_run_at FROM schedules t \
                 WHERE t.enabled AND t.next_run_at <= $1 AND {OPEN} AND {MAY_LEAVE} ORDER BY t.next_run_at LIMIT $2"
            ),
        )
        .bind(now)
        .bind(BATCH)
        .all(&self.control)
        .await
        .map_err(store_error)?;
        let mut fired = 0;
        for schedule in due {
            let name = schedule.name.clone();
            match self.fire(schedule, now).await {
                Ok(mine) => fired += usize::from(mine),
                Err(error @ (StoreError::Unavailable(_) | StoreError::TenantUnavailable(_))) => {
                    return Err(error);
                }
                Err(error @ (StoreError::Broken(_) | StoreError::Conflict(_) | StoreError::Stale)) => {
                    tracing::error!(schedule.name = %name, %error, "the schedule could not fire");
                }
            }
        }
        if fired > 0 {
            self.queue.announce();
        }
        Ok(fired)
    }

    /// Fires one schedule; false when another process has.
    async fn fire(&self, due: Due, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let next = next_of(&due.cron, &due.zone, now.max(due.next_run_at))?;
        let lane = Lane::from_name(&due.lane)
            .ok_or_else(|| StoreError::broken(format!("the schedule {} names no lane of ours", due.name)))?;
        let template = JobTemplate {
            name: due.job_name,
            lane,
            once: due.once_key,
            exclusive: due.exclusive_key,
            payload: due.payload,
            max_attempts: u16::try_from(due.max_attempts)
                .map_err(|error| StoreError::Broken(Box::new(error)))?,
        };
        let message = template.message(self.ids.next(), now, &format!("schedule-{}", due.id));
        let txn = transaction::begin(&self.control).await?;
        let mine = Sql::new(
            &txn,
            "UPDATE schedules SET next_run_at = $3, last_run_at = $4 WHERE id = $1 AND next_run_at = $2 AND enabled",
        )
        .bind(due.id)
        .bind(due.next_run_at)
        .bind(next)
        .bind(now)
        .execute(&txn)
        .await
        .map_err(store_error)?;
        if mine != 1 {
            return Ok(false);
        }
        insert_in(&txn, due.organization_id.map(Into::into), &[message], now).await?;
        txn.commit().await.map_err(store_error)?;
        Ok(true)
    }
}

fn next_of(cron: &str, zone: &str, after: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
    let cron = CronExpression::parse(cron).map_err(|error| StoreError::Broken(Box::new(error)))?;
    let zone: Tz = zone.parse().map_err(|_| StoreError::broken(format!("no time zone is called {zone}")))?;
    cron.next_after(after, zone).ok_or_else(|| StoreError::broken("the schedule never fires again"))
}

async fn find<C: ConnectionTrait>(
    connection: &C,
    organization: Option<OrganizationId>,
    name: &str,
) -> Result<Option<ScheduleSummary>, StoreError> {
    Sql::new(
        connection,
        "SELECT id, name, organization_id, job_name, cron, zone, next_run_at, last_run_at, enabled FROM schedules \
         WHERE owner_id = $1 AND name = $2",
    )
    .bind(owner(organization))
    .bind(name)
    .one(connection)
    .await
    .map_err(store_error)
}
