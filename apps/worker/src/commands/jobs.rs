//! `jobs`

use super::{operator, tenant};
use crate::answer::table;
use crate::cli::{JobsCancel, JobsList, JobsRetry, JobsSchedule};
use crate::{Answer, CommandError};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use vigie_composition::{App, Cancellation, JobDetails, JobFilter, JobStatus, JobSummary, ScheduleSummary};
use vigie_kernel::{Cursor, JobId, PageRequest};

/// Dead jobs looked at in one step.
const STEP: u16 = 500;

/// The jobs that fit, the newest first.
pub(super) async fn list(app: &App, wanted: &JobsList) -> Result<Answer, CommandError> {
    let organization = match &wanted.organization {
        Some(slug) => Some(tenant::find(app, slug).await?),
        None => None,
    };
    let filter =
        JobFilter { status: wanted.status, lane: wanted.lane, organization, name: wanted.name.clone() };
    let after = wanted.cursor.map(|id| Cursor { key: String::new(), id });
    let page = app.queue.list(&filter, &PageRequest { limit: wanted.limit, after }).await?;
    let rows: Vec<[String; 7]> = page
        .items
        .iter()
        .map(|job| {
            [
                job.id.to_string(),
                job.name.clone(),
                job.lane.clone(),
                status_of(job),
                format!("{}/{}", job.attempt, job.max_attempts),
                job.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
                job.last_error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let headers = ["ID", "NAME", "LANE", "STATUS", "ATTEMPT", "CREATED", "LAST ERROR"];
    let mut text = table(headers, &rows, "There is no such job.");
    let next = page.next.map(|cursor| cursor.id.to_string());
    if let Some(next) = &next {
        text.extend(["More with --cursor ", next, "\n"]);
    }
    let jobs: Vec<Value> = page.items.iter().map(view).collect();
    Ok(Answer::new(text, json!({ "jobs": jobs, "next_cursor": next })))
}

/// One job.
pub(super) async fn show(app: &App, id: JobId) -> Result<Answer, CommandError> {
    let details = app.queue.show(id).await?.ok_or(CommandError::NoSuchJob(id))?;
    Ok(Answer::new(told(&details), detailed_view(&details)))
}

/// Puts dead jobs back.
pub(super) async fn retry(app: &App, wanted: &JobsRetry) -> Result<Answer, CommandError> {
    let Some(id) = wanted.id else { return retry_all(app, wanted).await };
    if !app.queue.replay(id).await? {
        return Err(CommandError::NoSuchDeadJob(id));
    }
    Ok(Answer::new(format!("The job {id} is in the queue again."), json!({ "id": id, "status": "queued" })))
}

async fn retry_all(app: &App, wanted: &JobsRetry) -> Result<Answer, CommandError> {
    let filter =
        JobFilter { lane: wanted.lane, name: wanted.name.clone(), ..JobFilter::status(JobStatus::Dead) };
    let mut page = PageRequest { limit: STEP, after: None };
    let (mut back, mut left) = (0_u64, 0_u64);
    loop {
        let found = app.queue.list(&filter, &page).await?;
        for job in &found.items {
            if wanted.dry_run || app.queue.replay(job.id.into()).await? {
                back += 1;
            } else {
                left += 1;
            }
        }
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    let text = match (wanted.dry_run, back, left) {
        (_, 0, 0) => "There is no such dead job.".to_owned(),
        (true, _, _) => format!("{back} dead jobs would go back into the queue."),
        (false, _, 0) => format!("{back} dead jobs are in the queue again."),
        (false, _, _) => format!(
            "{back} dead jobs are in the queue again. {left} stay dead: one with the same key waits or runs already."
        ),
    };
    Ok(Answer::new(text, json!({ "retried": back, "left": left, "dry_run": wanted.dry_run })))
}

/// Cancels a job.
pub(super) async fn cancel(app: &App, wanted: &JobsCancel) -> Result<Answer, CommandError> {
    let id = wanted.id;
    if wanted.dry_run {
        let details = app.queue.show(id).await?.ok_or(CommandError::NoSuchJob(id))?;
        return match JobStatus::from_name(&details.job.status) {
            Some(JobStatus::Queued | JobStatus::Running) => {
                let text = format!("This job would be cancelled:\n{}", told(&details));
                Ok(Answer::new(text, json!({ "id": id, "dry_run": true, "job": view(&details.job) })))
            }
            Some(JobStatus::Done | JobStatus::Dead | JobStatus::Cancelled) | None => {
                Err(CommandError::JobHasEnded(id, details.job.status))
            }
        };
    }
    match app.queue.cancel(id).await? {
        Cancellation::Cancelled => {
            Ok(Answer::new(format!("The job {id} is cancelled."), json!({ "id": id, "status": "cancelled" })))
        }
        Cancellation::Requested => Ok(Answer::new(
            format!("The job {id} runs. It was told, and stops at its next step."),
            json!({ "id": id, "status": "cancelling" }),
        )),
        Cancellation::Ended(status) => Err(CommandError::JobHasEnded(id, status.name().to_owned())),
        Cancellation::Unknown => Err(CommandError::NoSuchJob(id)),
    }
}

/// Switches a schedule on or off.
pub(super) async fn switch_schedule(app: &App, wanted: &JobsSchedule) -> Result<Answer, CommandError> {
    let organization = match &wanted.organization {
        Some(slug) => Some(tenant::find(app, slug).await?),
        None => None,
    };
    let schedule = app
        .schedules
        .switch(&operator(app), organization, &wanted.name, wanted.on)
        .await?
        .ok_or_else(|| CommandError::NoSuchSchedule(wanted.name.clone()))?;
    let text = if schedule.enabled {
        format!("The schedule {} is on; next at {} UTC.", schedule.name, minute(schedule.next_run_at))
    } else {
        format!("The schedule {} is off.", schedule.name)
    };
    Ok(Answer::new(text, schedule_view(&schedule)))
}

/// The schedules of the platform or of an organization.
pub(super) async fn schedules(app: &App, organization: Option<&str>) -> Result<Answer, CommandError> {
    let organization = match organization {
        Some(slug) => Some(tenant::find(app, slug).await?),
        None => None,
    };
    let schedules = app.schedules.list(organization).await?;
    let rows: Vec<[String; 6]> = schedules
        .iter()
        .map(|it| {
            [
                it.name.clone(),
                it.job_name.clone(),
                it.cron.clone(),
                it.zone.clone(),
                if it.enabled { minute(it.next_run_at) } else { "off".to_owned() },
                it.last_run_at.map(minute).unwrap_or_default(),
            ]
        })
        .collect();
    let text = table(["NAME", "JOB", "CRON", "ZONE", "NEXT (UTC)", "LAST"], &rows, "There is no schedule.");
    Ok(Answer::new(text, json!({ "schedules": schedules.iter().map(schedule_view).collect::<Vec<_>>() })))
}

/// The status, and whether the job was told to stop.
fn status_of(job: &JobSummary) -> String {
    let stopping = job.cancel_requested_at.is_some() && job.status == JobStatus::Running.name();
    if stopping { "cancelling".to_owned() } else { job.status.clone() }
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

fn told(details: &JobDetails) -> String {
    let job = &details.job;
    let second = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let progress = match (details.progress_done, details.progress_total) {
        (0, None) => String::new(),
        (done, None) => done.to_string(),
        (done, Some(total)) => format!("{done}/{total}"),
    };
    let lines = [
        ("id", job.id.to_string()),
        ("name", job.name.clone()),
        ("lane", job.lane.clone()),
        ("organization", job.organization_id.map_or_else(|| "the platform".to_owned(), |id| id.to_string())),
        ("status", status_of(job)),
        ("attempt", format!("{}/{}", job.attempt, job.max_attempts)),
        ("progress", progress),
        ("created", second(job.created_at)),
        ("runs from", second(job.run_at)),
        ("started", job.started_at.map(second).unwrap_or_default()),
        ("ended", job.finished_at.map(second).unwrap_or_default()),
        ("cancelled", job.cancel_requested_at.map(second).unwrap_or_default()),
        ("leased until", details.lease_until.map(second).unwrap_or_default()),
        ("once", details.once.clone().unwrap_or_default()),
        ("exclusive", details.exclusive.clone().unwrap_or_default()),
        ("request", details.request_id.clone()),
        ("payload", details.payload.to_string()),
        ("last error", job.last_error.clone().unwrap_or_default()),
    ];
    let lines: Vec<String> = lines
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name:<12} {value}\n"))
        .collect();
    let mut text = lines.concat();
    if !details.attempts.is_empty() {
        let rows: Vec<[String; 4]> = details
            .attempts
            .iter()
            .map(|it| {
                [
                    it.attempt.to_string(),
                    second(it.ended_at),
                    it.outcome.clone(),
                    it.error.clone().unwrap_or_default(),
                ]
            })
            .collect();
        text.push('\n');
        text.push_str(&table(["ATTEMPT", "ENDED", "OUTCOME", "ERROR"], &rows, ""));
    }
    text
}

fn view(job: &JobSummary) -> Value {
    json!({
        "id": job.id.to_string(),
        "name": job.name,
        "lane": job.lane,
        "organization_id": job.organization_id.map(|id| id.to_string()),
        "status": job.status,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "last_error": job.last_error,
        "created_at": job.created_at,
        "run_at": job.run_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "cancel_requested_at": job.cancel_requested_at,
    })
}

fn detailed_view(details: &JobDetails) -> Value {
    let mut value = view(&details.job);
    let attempts: Vec<Value> = details
        .attempts
        .iter()
        .map(|it| {
            json!({
                "attempt": it.attempt,
                "started_at": it.started_at,
                "ended_at": it.ended_at,
                "outcome": it.outcome,
                "error": it.error,
            })
        })
        .collect();
    value["payload"] = details.payload.clone();
    value["request_id"] = json!(details.request_id);
    value["once"] = json!(details.once);
    value["exclusive"] = json!(details.exclusive);
    value["progress"] = json!({ "done": details.progress_done, "total": details.progress_total });
    value["lease_until"] = json!(details.lease_until);
    value["attempts"] = json!(attempts);
    value
}

fn schedule_view(schedule: &ScheduleSummary) -> Value {
    json!({
        "name": schedule.name,
        "organization_id": schedule.organization_id.map(|id| id.to_string()),
        "job": schedule.job_name,
        "cron": schedule.cron,
        "zone": schedule.zone,
        "next_run_at": schedule.next_run_at,
        "last_run_at": schedule.last_run_at,
        "enabled": schedule.enabled,
    })
}
