//! Builds the application from its configuration. Starts nothing: the API and the worker start what they need of it.

mod account_mail;
mod app;
mod background;
mod backups;
mod bridges;
mod config;
mod error;
mod figures;
mod files;
mod mail;
mod module_gate;
mod network;
mod notifier;
mod places;
mod prune;
mod secrets;
mod sharing;

pub use app::App;
pub use background::{Background, Handlers};
pub use config::{
    AuthConfig, BackupConfig, Config, DatabaseConfig, FilesConfig, HttpConfig, LimitsConfig, LogConfig,
    LogFormat, MailConfig, MetricsConfig, SignupMode, UrlConfig, WorkerConfig,
};
pub use error::StartError;
pub use figures::{
    JOB_DURATION, JOB_SECONDS, describe_jobs, describe_organizations, measure_organizations, measure_queue,
};
pub use mail::Mail;
pub use network::Network;
pub use vigie_adapters::{
    KeyRotation, LimitKey, LimitPolicy, LimitVerdict, Limits, Rate, SharedLimiter, Signer,
};
pub use vigie_repository::{
    AttemptRecord, Cancellation, DEFAULT_SERVER, JobDetails, JobFilter, JobQueue, JobStatus, JobSummary,
    NewSchedule, NewServer, QueueDepth, Registry, ScheduleSummary, Schedules, ServerAddress, ServerChange,
    ServerError, ServerRecord, ServerState, TenantServers, Usage,
};
