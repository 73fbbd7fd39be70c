//! `jobs`

use clap::{ArgGroup, Args, Subcommand};
use uuid::Uuid;
use vigie_composition::JobStatus;
use vigie_jobs::Lane;
use vigie_kernel::JobId;

/// Commands on the job queue.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// Lists jobs, the newest first
    List(JobsList),
    /// Shows one job with the history of its attempts
    Show {
        /// Id of the job
        id: JobId,
    },
    /// Puts a dead job, or every dead job, back into the queue
    Retry(JobsRetry),
    /// Cancels a job that waits or runs
    Cancel(JobsCancel),
    /// Lists the schedules of the platform, or of an organization
    Schedules {
        /// Slug of the organization
        #[arg(long, value_name = "SLUG")]
        organization: Option<String>,
    },
    /// Switches a schedule on or off
    Schedule(JobsSchedule),
}

/// Switches a schedule.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("state").required(true).args(["on", "off"])))]
pub struct JobsSchedule {
    /// Name of the schedule, such as platform.prune
    #[arg(long)]
    pub name: String,
    /// Slug of the organization whose schedule it is; the platform's own when absent
    #[arg(long, value_name = "SLUG")]
    pub organization: Option<String>,
    /// Switches it on: it goes on with its next time, not with those that it missed
    #[arg(long)]
    pub on: bool,
    /// Switches it off: it adds no job until it is switched on again; jobs that it has added stay
    #[arg(long)]
    pub off: bool,
}

/// Which jobs are listed.
#[derive(Debug, Args)]
pub struct JobsList {
    /// queued, running, done, dead or cancelled; every status when absent
    #[arg(long, value_parser = job_status)]
    pub status: Option<JobStatus>,
    /// security, transactional or bulk
    #[arg(long, value_parser = lane)]
    pub lane: Option<Lane>,
    /// Slug of the organization whose jobs they are
    #[arg(long, value_name = "SLUG")]
    pub organization: Option<String>,
    /// Name of the jobs, such as imports.apply-run
    #[arg(long)]
    pub name: Option<String>,
    /// Most jobs of one answer
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Goes on after this place: the `next_cursor` of the answer before
    #[arg(long)]
    pub cursor: Option<Uuid>,
}

/// Which jobs are put back.
#[derive(Debug, Args)]
pub struct JobsRetry {
    /// Id of the job
    #[arg(required_unless_present = "all_dead", conflicts_with = "all_dead")]
    pub id: Option<JobId>,
    /// Every dead job
    #[arg(long)]
    pub all_dead: bool,
    /// Of those, only the ones of this lane
    #[arg(long, requires = "all_dead", value_parser = lane)]
    pub lane: Option<Lane>,
    /// Of those, only the ones of this name
    #[arg(long, requires = "all_dead")]
    pub name: Option<String>,
    /// Counts them and changes nothing
    #[arg(long, requires = "all_dead")]
    pub dry_run: bool,
}

/// Which job is cancelled.
#[derive(Debug, Args)]
pub struct JobsCancel {
    /// Id of the job
    pub id: JobId,
    /// Shows the job and changes nothing
    #[arg(long)]
    pub dry_run: bool,
}

fn job_status(text: &str) -> Result<JobStatus, String> {
    let names = || JobStatus::ALL.map(JobStatus::name).join(", ");
    JobStatus::from_name(&text.to_ascii_lowercase()).ok_or_else(|| format!("one of {}", names()))
}

fn lane(text: &str) -> Result<Lane, String> {
    let names = || Lane::ALL.map(Lane::name).join(", ");
    Lane::from_name(&text.to_ascii_lowercase()).ok_or_else(|| format!("one of {}", names()))
}
