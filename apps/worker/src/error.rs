//! Why a command failed.

use std::error::Error;
use thiserror::Error;
use vigie_action_plans::ActionPlanError;
use vigie_auth::AuthError;
use vigie_composition::{ServerError, StartError};
use vigie_imports::ImportError;
use vigie_kernel::{DecError, StoreError};
use vigie_kpis::KpiError;
use vigie_platform_monitoring::SampleError;
use vigie_tenancy::backup::{ArchiveRefusal, BackupError};
use vigie_tenancy::{PlanError, TenancyError};

/// Why a command failed; the message is for the operator.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The product does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The log cannot be written as the configuration wants it.
    #[error("log: {0}")]
    Log(String),
    /// Accounts.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// Organizations.
    #[error(transparent)]
    Tenancy(#[from] TenancyError),
    /// Plans.
    #[error(transparent)]
    Plans(#[from] PlanError),
    /// Backups, and what is made of them.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Samples of organizations.
    #[error(transparent)]
    Samples(#[from] SampleError),
    /// The installation was too busy with other organizations.
    #[error("other organizations were sampled all the time; try again")]
    NoTurn,
    /// An argument is missing.
    #[error("{0}")]
    Usage(String),
    /// Dashboards and KPIs.
    #[error(transparent)]
    Kpis(#[from] KpiError),
    /// Actions and comments.
    #[error(transparent)]
    Actions(#[from] ActionPlanError),
    /// Imports.
    #[error(transparent)]
    Imports(#[from] ImportError),
    /// Servers of organizations' databases.
    #[error(transparent)]
    Servers(#[from] ServerError),
    /// It is not told where the address of a server is.
    #[error("one of --dsn-env, --dsn-file and --dsn-stdin is needed")]
    NoAddress,
    /// The control database.
    #[error("the control database cannot be used")]
    Store(#[from] StoreError),
    /// No organization has the slug.
    #[error("no organization has the slug {0:?}")]
    NoSuchTenant(String),
    /// What destroys something was not confirmed.
    #[error("not confirmed: nothing was done; confirm with --yes {0}")]
    NotConfirmed(String),
    /// There is no job with that id.
    #[error("there is no job {0}")]
    NoSuchJob(vigie_kernel::JobId),
    /// The job cannot be cancelled any more.
    #[error("the job {0} has ended already: it is {1}")]
    JobHasEnded(vigie_kernel::JobId, String),
    /// There is no schedule of that name.
    #[error("there is no schedule {0:?}")]
    NoSuchSchedule(String),
    /// The figures cannot be told.
    #[error("metrics: {0}")]
    Metrics(String),
    /// The job cannot be put back.
    #[error("there is no dead job {0} that could go back into the queue")]
    NoSuchDeadJob(vigie_kernel::JobId),
    /// Standard input cannot be read.
    #[error("standard input cannot be read: {0}")]
    Input(#[source] std::io::Error),
    /// Standard output cannot be written.
    #[error("standard output cannot be written: {0}")]
    Output(#[source] std::io::Error),
    /// The signals that stop the process cannot be received.
    #[error("signals cannot be received: {0}")]
    Signals(#[source] std::io::Error),
    /// The mail cannot be made: a bug.
    #[error("the mail cannot be made")]
    Mail(#[source] vigie_kernel::BoxError),
    /// A number of the demo is none: a bug.
    #[error("a number of the demo is wrong: {0}")]
    Number(#[from] DecError),
    /// The demo could not be filled.
    #[error("the demo is incomplete: {0}; the same command goes on where it stopped")]
    Demo(String),
}

impl CommandError {
    /// 2 for content that the command does not accept, 10 to 19 for an archive that is refused, otherwise 1.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Auth(AuthError::Invalid(_))
            | Self::Tenancy(TenancyError::Invalid(_))
            | Self::Plans(PlanError::Invalid(_))
            | Self::Backup(
                BackupError::Invalid(_)
                | BackupError::NoAccount
                | BackupError::NotConfirmed
                | BackupError::NoServer(_),
            )
            | Self::Servers(ServerError::Invalid { .. } | ServerError::Address(_))
            | Self::NoAddress
            | Self::Usage(_) => 2,
            Self::Backup(BackupError::Refused(refusal)) => refused(refusal),
            Self::Start(_)
            | Self::Log(_)
            | Self::Auth(_)
            | Self::Tenancy(_)
            | Self::Plans(_)
            | Self::Backup(_)
            | Self::Samples(_)
            | Self::NoTurn
            | Self::Kpis(_)
            | Self::Actions(_)
            | Self::Imports(_)
            | Self::Servers(_)
            | Self::Store(_)
            | Self::NoSuchTenant(_)
            | Self::NotConfirmed(_)
            | Self::NoSuchJob(_)
            | Self::NoSuchSchedule(_)
            | Self::JobHasEnded(..)
            | Self::Metrics(_)
            | Self::NoSuchDeadJob(_)
            | Self::Input(_)
            | Self::Output(_)
            | Self::Signals(_)
            | Self::Mail(_)
            | Self::Number(_)
            | Self::Demo(_) => 1,
        }
    }

    /// The message with its causes, each told once.
    #[must_use]
    pub fn explained(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let message = error.to_string();
            if !text.contains(&message) {
                text.push_str(": ");
                text.push_str(&message);
            }
            cause = error.source();
        }
        text
    }
}

/// The exit code of each way in which an archive can be refused.
const fn refused(refusal: &ArchiveRefusal) -> u8 {
    match refusal {
        ArchiveRefusal::NotAnArchive(_) | ArchiveRefusal::UnknownFormat(_) => 10,
        ArchiveRefusal::Truncated(_) => 11,
        ArchiveRefusal::Damaged { .. } => 12,
        ArchiveRefusal::SignatureInvalid => 13,
        ArchiveRefusal::ForeignKey { .. } => 14,
        ArchiveRefusal::Member { .. } => 15,
        ArchiveRefusal::TooLarge { .. } | ArchiveRefusal::TooDense { .. } => 16,
        ArchiveRefusal::SchemaNewer { .. } | ArchiveRefusal::SchemaUnknown { .. } => 17,
        ArchiveRefusal::NoSpace { .. } => 18,
        ArchiveRefusal::Differs { .. } => 19,
    }
}
