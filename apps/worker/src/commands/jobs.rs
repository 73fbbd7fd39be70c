//! `jobs`

use crate::answer::table;
use crate::cli::JobsList;
use crate::{Answer, CommandError};
use serde_json::{Value, json};
use vigie_composition::{App, JobStatus, JobSummary};
use vigie_kernel::JobId;

/// The newest jobs, of one status or of each.
pub(super) async fn list(app: &App, wanted: &JobsList) -> Result<Answer, CommandError> {
    let mut jobs = Vec::new();
    for status in JobStatus::ALL.into_iter().filter(|status| wanted.status.is_none_or(|only| only == *status))
    {
        jobs.extend(app.queue.list(status, wanted.limit).await?);
    }
    let rows: Vec<[String; 6]> = jobs
        .iter()
        .map(|job| {
            [
                job.id.to_string(),
                job.name.clone(),
                job.status.clone(),
                format!("{}/{}", job.attempt, job.max_attempts),
                job.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
                job.last_error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let text =
        table(["ID", "NAME", "STATUS", "ATTEMPT", "CREATED", "LAST ERROR"], &rows, "There is no such job.");
    Ok(Answer::new(text, json!({ "jobs": jobs.iter().map(view).collect::<Vec<_>>() })))
}

/// Puts a dead job back.
pub(super) async fn retry(app: &App, id: JobId) -> Result<Answer, CommandError> {
    if !app.queue.replay(id).await? {
        return Err(CommandError::NoSuchDeadJob(id));
    }
    Ok(Answer::new(format!("The job {id} is in the queue again."), json!({ "id": id, "status": "queued" })))
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
    })
}
